"""A text host that reads each text twice: a causal model knows at a word only what came before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.classes.hosts.host import Content, Kind, Seen
from oneshot.classes.hosts.texts import load_text_model, only_texts, read_text
from oneshot.hosts.load import host_folder, host_hash

SMOLLM2 = "smollm2"

_BEFORE, _BETWEEN, _AFTER = "Rewrite the text: ", "\nThe text again: ", '\nThis text in one word: "'
_LONGEST = 384
"""Tokens of a text; what follows them is left out."""


@dataclass(frozen=True, eq=False)
class TwiceHost:
    """A frozen causal model of general text; features are what enters its last layer.

    Half of them is the mean over the words of the second reading, half the state that is about to
    say the text in one word.
    """

    name: str
    hash: str
    model: Any
    tokenizer: Any
    kind: Kind = Kind.TEXT
    general: bool = True
    limits: str = ""
    blank: Content = "."

    def read(self, source: str) -> Seen:
        """The text with its white space made plain; BadInputError for none or over 20,000."""
        return Seen(read_text(source))

    @torch.no_grad()
    def features(self, contents: Sequence[Content]) -> Float[Tensor, "n raw"]:
        """Features of texts, each read alone; BadInputError for images or none at all."""
        return torch.stack([self._states(text) for text in only_texts(contents)])

    def _states(self, text: str) -> Tensor:
        words = self._ids(text)[:_LONGEST]
        cut = self.tokenizer.decode(words) if len(words) == _LONGEST else text
        before, after = self._ids(_BEFORE + cut + _BETWEEN), self._ids(_AFTER)
        device = next(self.model.parameters()).device
        ids = torch.tensor([before + words + after], device=device)
        states = self.model(input_ids=ids, output_hidden_states=True).hidden_states[-2][0]
        again = states[len(before) : len(before) + len(words)]
        return torch.cat([again.float().mean(0), states[-1].float()]).cpu()

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text)["input_ids"]
        return ids


def open_smollm2(device: str) -> TwiceHost:
    """SmolLM2, where it was fetched; HostError where not."""
    model, tokenizer = load_text_model(host_folder(SMOLLM2), device)
    return TwiceHost(SMOLLM2, f"{host_hash(model)}-twice", model, tokenizer)
