"""What a host's states add to codes, and texts that are read by a pass of their own."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from adapters.address.calibration import Bank, Calibration
from adapters.address.gather import encode_ids, rows_of
from adapters.host.read import positions, read_states
from adapters.host.sites import find_sites

KEPT = 4096  # tokens whose traces are remembered

Read = tuple[Sequence[int], Float[Tensor, "tokens trace"]]
"""A text's tokens and their traces."""


class Reader:
    """Reads for one calibration, and remembers what it read last; `aside` is the context of a pass
    of its own.
    """

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
        self._known: dict[tuple[tuple[int, ...], bool], Tensor] = {}

    def ahead(self, rows: Iterable[Sequence[int]]) -> None:
        """Read tokens together that are likely to be asked for, each row by itself."""
        new = [row for row in dict.fromkeys(map(tuple, rows)) if (row, False) not in self._known]
        if new:
            traces = self.traces(self._states(new, self.layers.all))
            for row, each in zip(new, traces, strict=True):
                self._keep(row, each[: len(row)])

    def alone(self, text: str, *, framed: bool = False) -> Read:
        """The tokens of a text that stands by itself, and their traces."""
        (ids,) = self.ids([text])
        return ids, self.read(ids, framed=framed)

    def ids(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """The texts' tokens, at most as many as the host reads, for a frame makes them more."""
        limit = positions(self.model) or 0
        return [ids[-limit:] for ids in encode_ids(self.tokenizer, texts)]

    def read(self, ids: Sequence[int], *, framed: bool = False) -> Float[Tensor, "tokens trace"]:
        """The traces of tokens that stand by themselves."""
        row = tuple(ids)
        if (row, framed) in self._known:
            return self._known[row, framed]
        if framed and self._framed:
            states = self._states([row], self._framed.layers.all)
            return self._keep(row, self._in_frame(states, self._framed)[0], framed=True)
        return self._keep(row, self.traces(self._states([row], self.layers.all))[0])

    def _keep(self, row: tuple[int, ...], traces: Tensor, *, framed: bool = False) -> Tensor:
        self._known[row, framed] = traces
        while sum(len(known) for known, _ in self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return traces

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
