"""What a host is calibrated on, and prompts that stand inside a text."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAMES_IN_TEXT = 0.5  # share of prompts behind running text where names are read
WORDINGS_IN_TEXT = 0.25  # the same where relations are
CHARACTERS = 220  # of a paragraph


@dataclass(frozen=True)
class Material:
    """What a host is calibrated on: names, wordings by relation, running text.

    `facts` are (name, relation) pairs that make sense, whether the host knows the answer or not.
    """

    names: Sequence[str]
    templates: Mapping[str, Sequence[str]]
    background: Sequence[str]
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Settings:
    """How a host is read; depths are fractions of its layers, so that any host is served."""

    entity_depth: float = 0.17
    relation_depths: tuple[float, ...] = (0.67, 0.83)
    entity_rank: int = 48
    enrolments: int = 4
    names: int = 2000
    names_per_template: int = 20
    seed: int = 0


def fill(template: str, name: str) -> str:
    """The template with the name in its place."""
    return template.replace("{}", name)


class Prompts:
    """Random wordings of names, some of them behind a random piece of running text.

    A name and a wording have other states inside a text than at its start, by position and by what
    stands before; what is fitted on both learns which directions of the states to leave out.
    """

    def __init__(
        self, material: Material, tokenizer: Any, window: int | None, rng: random.Random
    ) -> None:
        self.material, self.rng = material, rng
        self._tokenizer, self._window = tokenizer, window

    def fill(self, template: str, name: str, in_text: float) -> tuple[str, str]:
        """The template with the name in its place, and the name; a share of them `in_text`."""
        prompt, texts = fill(template, name), self.material.background
        if not texts or self.rng.random() >= in_text:
            return prompt, name
        piece = self.rng.choice(texts)[: self.rng.randrange(CHARACTERS)].rpartition(" ")[0]
        whole = f"{piece.rstrip('.,;: ')}. {prompt}"
        usable = piece and name not in piece and self._fits(whole)
        return whole if usable else prompt, name

    def _fits(self, prompt: str) -> bool:
        if self._window is None or len(prompt) < self._window:
            return True
        return len(self._tokenizer(prompt)["input_ids"]) <= self._window
