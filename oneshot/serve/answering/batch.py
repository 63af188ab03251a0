"""Rows that go through the model together, a token at a time."""

import inspect
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from adapters.attach import Attachment
from adapters.host.caches import CACHES, cache_name
from adapters.query.decide import Change
from adapters.query.denoise import Denoiser
from oneshot.hosts.load import Host
from oneshot.serve.answering.row import Row


class Batch:
    """A batch with a cache of its own, so that several can take turns on one model.

    It keeps the facts that were there when it began: `ids` are theirs by the denoiser's rows.
    """

    def __init__(
        self,
        host: Host,
        denoiser: Denoiser | None,
        ids: Sequence[tuple[int, ...]],
        rows: Sequence[Row],
    ) -> None:
        self.model, self.ids, self.rows = host.model, ids, list(rows)
        self.attachment = Attachment(host.model, denoiser) if denoiser else None
        self._parameters = inspect.signature(host.model.forward).parameters
        self._cache_name = cache_name(host.model)
        self._cache: Any = None
        self._mask, self._next = _left_padded(host, rows)

    @property
    def cells(self) -> int:
        """The tokens of all rows that the cache may grow to."""
        return len(self.rows) * max(row.cells for row in self.rows)

    @torch.inference_mode()
    def step(self) -> bool:
        """One token for each row; whether any goes on."""
        with self.attachment.working() if self.attachment else nullcontext():
            output = self.model(**self._inputs())
        kept = (getattr(output, name, None) for name in CACHES)
        self._cache = next((cache for cache in kept if cache is not None), None)
        changes = {c.row: c for c in self.attachment.changes} if self.attachment else {}
        said = [
            0 if row.over else self._row_step(row, output.logits[i, -1], changes.get(i))
            for i, row in enumerate(self.rows)
        ]
        self._go_on(torch.tensor(said, device=self._mask.device))
        return bool(self.rows)

    def close(self) -> None:
        """Leave nothing behind on the cache."""
        if self.attachment:
            self.attachment.detach()

    def _row_step(
        self, row: Row, logits: Float[Tensor, " vocabulary"], change: Change | None
    ) -> int:
        """A row's next token; one that fails does not take the others with it."""
        spoke = (r for r in (*change.via, change.fact) if r >= 0) if change else ()
        try:
            return row.step(logits, change, [id for r in spoke for id in self.ids[r]])
        except Exception as error:
            row.fail(error)
            return 0

    def _inputs(self) -> dict[str, Any]:
        positions = (self._mask.cumsum(1) - 1).clamp_min(0)[:, -self._next.shape[1] :]
        given: dict[str, Any] = {
            "input_ids": self._next,
            "attention_mask": self._mask,
            "position_ids": positions,
            "logits_to_keep": 1,
        }
        known = {name: value for name, value in given.items() if name in self._parameters}
        return known | {self._cache_name: self._cache, "use_cache": True, "return_dict": True}

    def _go_on(self, said: Int[Tensor, " rows"]) -> None:
        """Leave out the rows that are over."""
        alive = torch.tensor([not row.over for row in self.rows], device=said.device)
        ones = self._mask.new_ones(len(self.rows), 1)
        self._mask = torch.cat([self._mask, ones], 1)
        self._next = said[:, None]
        if bool(alive.all()) or not self._select(alive):
            return
        self.rows = [row for row in self.rows if not row.over]
        self._mask, self._next = self._mask[alive], self._next[alive]

    def _select(self, alive: Bool[Tensor, " rows"]) -> bool:
        """Cut the cache down to some rows; not every kind of cache can be, unless to none."""
        if not bool(alive.any()):
            return True
        if not hasattr(self._cache, "batch_select_indices"):
            return False
        self._cache.batch_select_indices(alive.nonzero().flatten())
        return True


def _left_padded(host: Host, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    device = next(host.model.parameters()).device
    longest = max(len(row.asked.ids) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long, device=device)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, longest - len(row.asked.ids) :] = torch.tensor(row.asked.ids, device=device)
        mask[i, longest - len(row.asked.ids) :] = 1
    return mask, ids
