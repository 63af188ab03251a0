"""The facts that speak: those on the disk, whose pages are read when they are asked, and new ones.

Rows are numbered through, new ones behind those on the disk; a number never changes its fact.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from adapters.address.calibration import Calibration
from adapters.text.table import NOBODY, SortedKeys
from adapters.write.rows import FactRows, empty_rows
from oneshot.memory.disk.shelf import Rows, Shelf, in_order


class LiveRows:
    """A set of fact rows; adding costs the same however many there are.

    `none` has the form of the rows.
    """

    def __init__(self, shelf: Shelf, none: FactRows) -> None:
        self._shelf, self._none = shelf, none
        self._gone = set(shelf.doubles)
        self._more: list[FactRows] = []
        self._places: dict[str, int] = {}  # of new rows, by key
        self._subjects: dict[int, list[int]] = defaultdict(list)
        self._names: dict[int, list[int]] = defaultdict(list)
        self._firsts = set[int]()
        self._longest = 1

    def __contains__(self, key: str) -> bool:
        return self._place(key) is not None

    def __len__(self) -> int:
        return len(self._shelf) + len(self._more) - len(self._gone)

    @property
    def added(self) -> int:
        """How many rows came since the disk was read."""
        return len(self._more)

    def new_keys(self) -> set[str]:
        """The keys of facts that came since."""
        return set(self._places)

    def add(self, row: FactRows) -> None:
        """Take in one fact; a known one stays as it is."""
        key = row.hex_keys()[0]
        if key in self:
            return
        place = self._places[key] = len(self._shelf) + len(self._more)
        self._more.append(row)
        self._subjects[int(row.subject)].append(place)
        for number in set(row.names[0].tolist()) - {NOBODY}:
            self._names[number].append(place)
        self._firsts |= set(row.firsts[0].tolist())
        self._longest = max(self._longest, int(row.longest))

    def remove(self, keys: Collection[str]) -> None:
        """Drop facts; unknown keys are ignored."""
        for key in keys:
            place = self._place(key)
            if place is not None:
                self._gone.add(place)
                self._places.pop(key, None)

    def get(self, key: str) -> FactRows:
        """The row of one fact; KeyError where it is not here."""
        place = self._place(key)
        if place is None:
            raise KeyError(key)
        return self.one(place)

    def one(self, row: int) -> FactRows:
        """A row by its number."""
        held = len(self._shelf)
        return self._more[row - held] if row >= held else FactRows.of(self._shelf.tensors(row))

    def key(self, row: int) -> bytes:
        """The key of a row."""
        held = len(self._shelf)
        return bytes(self._more[row - held].key[0].numpy()) if row >= held else self._shelf.key(row)

    def on_subject(self, subject: int) -> list[FactRows]:
        """The facts on one subject."""
        numbers, rows = self._about
        value = np.int64(subject)
        low, high = numbers.searchsorted(value), numbers.searchsorted(value, "right")
        found = [*rows[low:high].tolist(), *self._subjects.get(subject, ())]
        return [self.one(row) for row in self._sorted(row for row in found)]

    def canonical(self) -> FactRows:
        """All rows, sorted by hash: the same set gives the same tensors."""
        return self.whole(self._gone)

    def whole(self, without: Collection[int]) -> FactRows:
        """All rows but these, sorted by hash."""
        return self.taken(self._in_order(without))

    def in_parts(self, most: int) -> Iterator[FactRows]:
        """All rows, sorted by hash, so many at a time; a part without rows where none are here."""
        order = self._in_order(self._gone)
        for start in range(0, max(1, len(order)), most):
            yield self.taken(order[start : start + most])

    def taken(self, rows: NDArray[np.int64]) -> FactRows:
        """Rows by their numbers, in that order."""
        columns = {
            name: none.new_empty(len(rows), *none.shape[1:])
            for name, none in self._none.tensors().items()
        }
        held = np.flatnonzero(rows < len(self._shelf))
        for here, segment, at in self._shelf.parts(rows[held]):
            for name, column in columns.items():
                column[held[here]] = segment.rows[name][at]
        for place in np.flatnonzero(rows >= len(self._shelf)).tolist():
            new = self._more[int(rows[place]) - len(self._shelf)].tensors()
            for name, column in columns.items():
                column[place] = new[name][0]
        return FactRows.of(columns)

    def _in_order(self, without: Collection[int]) -> NDArray[np.int64]:
        """The numbers of all rows but these, sorted by hash."""
        new = [row.key for row in self._more]
        halves = torch.cat([self._none.key, *self._shelf.column("key"), *new]).numpy().view(">u8")
        there = np.ones(len(halves), dtype=bool)
        there[[*without]] = False
        order = np.lexsort((halves[:, 1], halves[:, 0]))
        return order[there[order]]

    def speaking(self, silent: Iterable[str]) -> "Speaking":
        """The facts of this moment but for silent ones."""
        quiet = (place for key in silent if (place := self._place(key)) is not None)
        count = len(self._shelf) + len(self._more)
        longest = max(self._held_names.longest, self._longest)
        return Speaking(self, count, frozenset(self._gone.union(quiet)), longest)

    def named(self, number: int, most: int | None) -> set[int]:
        """Rows that answer to a name, some of them gone; none where there are over `most`."""
        held, new = self._held_names.named(number), self._names.get(number, ())
        over = most is not None and len(held) + len(new) > most
        return set() if over else {*held.tolist(), *new}

    def begins(self, number: int) -> bool:
        """Whether a name may begin with this word."""
        return number in self._firsts or self._held_names.begins(number)

    def _sorted(self, rows: Iterable[int]) -> list[int]:
        """Those that are here by key: in the same order whatever order they came in."""
        return sorted((row for row in rows if row not in self._gone), key=self.key)

    def _place(self, key: str) -> int | None:
        if key in self._places:
            return self._places[key]
        row = self._shelf.find(bytes.fromhex(key))
        return None if row in self._gone else row

    @cached_property
    def _held_names(self) -> SortedKeys:
        names, firsts, longest = (self._shelf.column(n) for n in ("names", "firsts", "longest"))
        most = max((int(part.max()) for part in longest), default=1)
        return SortedKeys.of_parts(zip(names, firsts, strict=True), most)

    @cached_property
    def _about(self) -> tuple[NDArray[np.int64], Rows]:
        """The subjects of the rows on the disk in ascending order, and the row of each."""
        parts = [self._none.subject, *self._shelf.column("subject")]
        return in_order(torch.cat(parts).numpy())


@dataclass(frozen=True)
class Speaking:
    """The facts that speak at one moment; what comes and goes later does not change them."""

    live: LiveRows
    count: int
    silent: frozenset[int]
    longest: int

    def __len__(self) -> int:
        return self.count - len(self.silent)

    def one(self, row: int) -> FactRows:
        """One fact."""
        return self.live.one(row)

    def key(self, row: int) -> str:
        """The key of a fact."""
        return self.live.key(row).hex()

    def whole(self) -> FactRows:
        """All of them in memory, sorted by hash."""
        return self.live.whole(self.silent)

    def name_keys(self) -> "Speaking":
        """Itself."""
        return self

    def rows_of(self, number: int, most: int | None = None) -> tuple[int, ...]:
        """The facts on a name in the order of their hashes; none where there are over `most`."""
        found = [
            row
            for row in self.live.named(number, most)
            if row < self.count and row not in self.silent
        ]
        return tuple(sorted(found, key=self.live.key))

    def begins(self, number: int) -> bool:
        """Whether a name may begin with this word."""
        return self.live.begins(number)


def no_rows(calibration: Calibration) -> FactRows:
    """No facts, in the form that the calibration gives them."""
    return empty_rows(calibration.width)
