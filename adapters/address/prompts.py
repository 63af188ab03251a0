"""Prompts as token ids, with the place of the subject's last token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from oneshot.errors import BadInputError, HostError


@dataclass(frozen=True)
class Prompt:
    """Token ids of one prompt; `end` is the subject's last token and `size` its token count."""

    ids: tuple[int, ...]
    end: int
    size: int


def encode_prompt(tokenizer: Any, prompt: str, subject: str) -> Prompt:
    """Tokenise a prompt that contains its subject; raises BadInputError where it does not."""
    return encode_prompts(tokenizer, [(prompt, subject)])[0]


def encode_prompts(tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> list[Prompt]:
    """Tokenise (prompt, subject) pairs in one call of the tokenizer."""
    if not getattr(tokenizer, "is_fast", False):
        raise HostError(
            f"{type(tokenizer).__name__} tells no character offsets; use a model with a fast "
            "tokenizer (tokenizer.json)"
        )
    if not pairs:
        return []
    encoded = tokenizer([p for p, _ in pairs], return_offsets_mapping=True)
    return [
        _locate(tuple(ids), offsets, prompt, subject)
        for (prompt, subject), ids, offsets in zip(
            pairs, encoded["input_ids"], encoded["offset_mapping"], strict=True
        )
    ]


def _locate(
    ids: tuple[int, ...], offsets: Sequence[tuple[int, int]], prompt: str, subject: str
) -> Prompt:
    start = prompt.find(subject) if subject else -1
    if start < 0:
        raise BadInputError(
            f"the subject {subject[:60]!r} does not stand in the prompt {prompt[:60]!r}; "
            "give --subject as it is written there"
        )
    stop = start + len(subject)
    inside = [i for i, (a, b) in enumerate(offsets) if a < stop and b > start and b > a]
    if not inside:
        raise BadInputError(f"the subject {subject[:60]!r} has no token; give another name")
    return Prompt(ids, inside[-1], len(inside))


def pad(prompts: Sequence[Prompt], length: int | None = None) -> Int[Tensor, "batch seq"]:
    """Prompts as rows, padded on the right with token 0."""
    longest = length or max(len(p.ids) for p in prompts)
    rows = torch.zeros(len(prompts), longest, dtype=torch.long)
    for row, prompt in zip(rows, prompts, strict=True):
        row[: len(prompt.ids)] = torch.tensor(prompt.ids)
    return rows
