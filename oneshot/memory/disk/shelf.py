"""Open segments as one long table, in which facts are found by key and by what texts tell."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from oneshot.memory.disk.mapped import Mapped
from oneshot.memory.disk.records import Record

Rows = NDArray[np.int32] | NDArray[np.int64]
Part = TypeVar("Part")


class Shelf:
    """Segments that stay open, their rows numbered through; what is found is sorted by number.

    Of facts that several segments hold one is there: the one with the lesser text.
    """

    def __init__(self, segments: Sequence[Mapped]) -> None:
        self.segments = [segment for segment in segments if len(segment)]
        self.names = frozenset(segment.name for segment in segments)
        self._begins = np.cumsum([0, *(len(segment) for segment in self.segments)])
        self.doubles = self._doubles()

    def __len__(self) -> int:
        return int(self._begins[-1])

    @cached_property
    def _keys(self) -> tuple[NDArray[np.uint64], Rows]:
        """The first eight bytes of all keys in ascending order, and the row of each."""
        heads = [key[:, :8].numpy().copy().view(">u8")[:, 0] for key in self.column("key")]
        return in_order(np.concatenate([np.zeros(0, ">u8"), *heads]).astype(np.uint64))

    @cached_property
    def _terms(self) -> tuple[NDArray[np.int64], Rows]:
        terms, rows = [], []
        for segment, begin in zip(self.segments, self._begins.astype(np.int32), strict=False):
            read = segment.again()
            terms.append(read.terms.numpy().copy())
            rows.append(read.places.numpy() + begin)
        ordered, at = in_order(np.concatenate([np.zeros(0, np.int64), *terms]))
        return ordered, np.concatenate([np.zeros(0, np.int32), *rows])[at]

    def _doubles(self) -> frozenset[int]:
        """Rows of facts that are held once more."""
        heads, rows = self._keys
        found, chosen = set[int](), dict[bytes, int]()
        same = heads[1:] == heads[:-1]
        for row in rows[np.flatnonzero(np.r_[same, False] | np.r_[False, same])].tolist():
            rival = chosen.setdefault(self.key(row), row)
            if rival != row:
                keep, drop = sorted((rival, row), key=self._text)
                chosen[self.key(row)] = keep
                found.add(drop)
        return frozenset(found)

    def _text(self, row: int) -> str:
        return json.dumps(self.record(row), sort_keys=True)

    def find(self, key: bytes) -> int | None:
        """The row of a key."""
        heads, rows = self._keys
        head = np.uint64(int.from_bytes(key[:8], "big"))
        low, high = heads.searchsorted(head), heads.searchsorted(head, "right")
        there = (int(row) for row in rows[low:high])
        return next((r for r in there if r not in self.doubles and self.key(r) == key), None)

    def with_term(self, term: int) -> list[int]:
        """The rows whose texts are found by a term."""
        terms, rows = self._terms
        value = np.int64(term)
        low, high = terms.searchsorted(value), terms.searchsorted(value, "right")
        return sorted(int(row) for row in rows[low:high] if int(row) not in self.doubles)

    def rows(self) -> Iterator[int]:
        """All rows that are there."""
        return (row for row in range(len(self)) if row not in self.doubles)

    def key(self, row: int) -> bytes:
        """The key of a row."""
        part, at = self.place(row)
        return bytes(self.segments[part].rows["key"][at].numpy())

    def record(self, row: int) -> Record:
        """The text of a row."""
        part, at = self.place(row)
        return self.segments[part].record(at)

    def tensors(self, row: int) -> dict[str, Tensor]:
        """The tensors of a row, each [1, ...]."""
        part, at = self.place(row)
        return self.segments[part].row(at)

    def parts(self, rows: Rows) -> Iterator[tuple[Rows, Mapped, Rows]]:
        """Where rows stand among these and in their segment, by segment; of each, pages are read
        that leave memory with it.
        """
        parts = self._begins.searchsorted(rows, "right") - 1
        for part in np.unique(parts).tolist():
            here = np.flatnonzero(parts == part)
            yield here, self.segments[part].again(), rows[here] - self._begins[part]

    def column(self, name: str) -> Iterator[Tensor]:
        """One tensor of all rows, segment by segment; pages that are read leave memory with it."""
        return (segment.again().rows[name] for segment in self.segments)

    def place(self, row: int) -> tuple[int, int]:
        """The segment of a row, and its place there."""
        part = int(self._begins.searchsorted(row, "right")) - 1
        return part, row - int(self._begins[part])


def in_order(values: NDArray[Part]) -> tuple[NDArray[Part], Rows]:  # type: ignore[type-var]
    """Values in ascending order, and where each stood."""
    order = np.argsort(values, kind="stable").astype(np.int32)
    return values[order], order
