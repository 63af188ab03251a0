"""What a host's states add to codes, and texts that are read by a pass of their own."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from adapters.address.calibration import Bank, Calibration
from adapters.address.gather import encode_ids, rows_of
from adapters.host.read import positions, read_states
from adapters.host.sites import find_sites

Read = tuple[Sequence[int], Float[Tensor, "tokens trace"]]
"""A text's tokens and their traces."""


class Reader:
    """Reads for one calibration; `aside` is the context of a pass of its own."""

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Any,
        calibration: Calibration,
        aside: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.model, self.tokenizer, self.aside = model, tokenizer, aside
        self.layers = calibration.layers
        sites = find_sites(model)
        self._device = sites.head.get_parameter("weight").device
        self._entry = sites.embeddings.get_parameter("weight").device
        self._metric = calibration.metric.to(self._device)
        self._framed = calibration.framed and calibration.framed.to(self._device)
        self._value = calibration.value.to(self._device)
        self._ahead: dict[str, Read] = {}

    def ahead(self, texts: Sequence[str]) -> None:
        """Read texts together that are likely to be asked for; the last ones are forgotten."""
        self._ahead = {}
        if texts:
            rows = self._ids(texts)
            traces = self.traces(self._states(rows, self.layers.all))
            found = zip(texts, rows, traces, strict=True)
            self._ahead = {text: (ids, each[: len(ids)]) for text, ids, each in found}

    def alone(self, text: str, *, framed: bool = False) -> Read:
        """The tokens of a text that stands by itself, and their traces."""
        if not framed and text in self._ahead:
            return self._ahead[text]
        bank = self._framed if framed else None
        ids = self._ids([text])
        states = self._states(ids, bank.layers.all if bank else self.layers.all)
        return ids[0], (self._in_frame(states, bank) if bank else self.traces(states))[0]

    def _ids(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """The texts' tokens, at most as many as the host reads, for a frame makes them more."""
        limit = positions(self.model) or 0
        return [ids[-limit:] for ids in encode_ids(self.tokenizer, texts)]

    def _states(
        self, ids: Sequence[Sequence[int]], layers: Sequence[int]
    ) -> dict[int, Float[Tensor, "batch seq width"]]:
        rows: Int[Tensor, "batch seq"] = rows_of(ids).to(self._entry)
        with self.aside():
            return read_states(self.model, rows, layers)

    def _in_frame(self, states: dict[int, Tensor], bank: Bank) -> Float[Tensor, "batch seq trace"]:
        """The traces of a text in a frame, whose end adds the same to every token as a last one."""
        states = {layer: s.to(self._device, torch.float32) for layer, s in states.items()}
        last = bank.metric.of_last([states[layer] for layer in bank.layers.last])
        last = last + bank.metric.of_end([states[layer][:, -1:] for layer in bank.layers.end])
        words = bank.metric.of_words([states[layer] for layer in bank.layers.words])
        value = words.new_zeros(*words.shape[:2], 1)  # which is asked of the clause itself
        return torch.cat([last, words, value], -1).cpu()

    def traces(self, states: dict[int, Tensor]) -> Float[Tensor, "batch seq trace"]:
        """What each token adds to codes: as their last, as a word, and whether a value follows."""
        states = {layer: s.to(self._device, torch.float32) for layer, s in states.items()}
        last = [states[layer] for layer in self.layers.last]  # that may lie on several devices
        words = [states[layer] for layer in self.layers.words]
        parts = [
            self._metric.of_last(last),
            self._metric.of_words(words),
            self._value(last)[..., None],
        ]
        return torch.cat([part.cpu() for part in parts], -1)
