"""The weights of a brain on disk: immutable segment files that hold facts as rows of tensors."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from itertools import count
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from torch import Tensor

from oneshot.errors import BrainError
from oneshot.files.durable import sync_folder, write_through
from oneshot.memory.disk.judging import judged, read_all
from oneshot.memory.disk.mapped import Mapped, map_segment, mapped
from oneshot.memory.disk.merging import merge, pieces, without
from oneshot.memory.disk.records import Terms, no_terms
from oneshot.memory.disk.segment_file import (
    SUFFIX,
    Segments,
    count_of,
    described,
    encode_segment,
    fault_of,
    keys_among,
    layout_of,
    read_segment,
    segment_name,
    serial_of,
)

LARGEST = 8192
SMALL = 256  # facts of a segment that is read whole when it is opened

_ATTEMPTS = 10

Read = TypeVar("Read")


class Tier(NamedTuple):
    """Merge as soon as `segments` files hold fewer than `facts` facts each."""

    facts: int
    segments: int


TIERS = (Tier(facts=64, segments=32), Tier(facts=4096, segments=16))


class SegmentStore:
    """A folder of segment files with set semantics; one writer at a time, any number of readers.

    A segment is never changed in place: forgetting and compaction write new names and unlink the
    old ones, so that a set of names stands for one content. `terms` are what texts are found by.
    """

    def __init__(
        self,
        folder: Path,
        terms: Terms = no_terms,
        tiers: Sequence[Tier] = TIERS,
        largest: int = LARGEST,
    ) -> None:
        self.folder, self.terms, self.tiers, self.largest = folder, terms, tiers, largest
        if not folder.is_dir():
            with _one_line(folder):
                folder.mkdir(parents=True, exist_ok=True)
                sync_folder(folder.parent)

    def append(self, rows: dict[str, Tensor], records: list[dict[str, Any]]) -> None:
        """Store facts durably: `rows` are tensors [facts, ...] with a `key`, `records` their texts.

        Raises BrainError, with nothing stored, for rows that do not fit or cannot be written.
        """
        rows = {name: tensor.detach().cpu() for name, tensor in rows.items()}
        if fault := fault_of(rows, records):
            raise BrainError(f"cannot store these {len(records)} facts: {fault}; give sound rows")
        if not records:
            return
        self._check_layout(rows)
        with _one_line(self.folder):
            self._sweep()
            self._write(merge([Segments(rows, records)]))
        # The facts are safe by now: a compaction that fails is due again at the next append.
        with suppress(OSError, BrainError):
            self._compact()

    def remove(self, keys: Collection[str]) -> int:
        """Rewrite every segment that holds one of the keys without those facts; how many went."""
        with _one_line(self.folder):
            self._sweep()
            hits = {self.folder / name: found for name, found in self._holding(keys).items()}
            gone = frozenset[str]().union(*hits.values())
            for path in hits:
                self._rewrite([path], without(read_segment(path), gone))
        return len(gone)

    def holding(self, keys: Collection[str]) -> list[str]:
        """The names of the segments that hold one of the keys."""
        with _one_line(self.folder):
            return [*self._holding(keys)]

    def _holding(self, keys: Collection[str]) -> dict[str, frozenset[str]]:
        wanted, found = [bytes.fromhex(key) for key in sorted(keys)], {}
        for name in sorted(self.names()) if wanted else ():
            column = map_segment(self.folder / name, self.terms).rows["key"]
            if there := keys_among(column, wanted):
                found[name] = frozenset(key.hex() for key in there.values())
        return found

    def open(self, names: Collection[str] | None = None) -> list[Mapped]:
        """All segments, or these, mapped into memory; FileNotFoundError where one of these is gone.

        Small ones are read and checked like those of `load`; of large ones a flipped bit is not
        noticed, that is for `damaged`.
        """
        if names is not None:
            return [self._open(name) for name in sorted(names)]
        with _one_line(self.folder):
            return self._steadily(lambda: [self._open(name) for name in sorted(self.names())])

    def _open(self, name: str) -> Mapped:
        path = self.folder / name
        if count_of(name) >= SMALL:
            return map_segment(path, self.terms)
        return mapped(read_segment(path), self.terms, name)

    def load(self) -> Segments:
        """Every fact once, sorted by key; BrainError where a segment is damaged."""
        return self.load_new(frozenset())

    def load_new(self, known: frozenset[str]) -> Segments:
        """The facts of the segments not in `known`; known names that are gone call for `load`."""
        sound, broken = self._survey(known)
        if broken:
            raise next(iter(broken.values()))
        return merge(list(sound.values()))

    def names(self) -> frozenset[str]:
        """The names of the segment files; any change of the facts changes them."""
        with _one_line(self.folder):
            return frozenset(path.name for path in self.folder.iterdir() if path.suffix == SUFFIX)

    def count_bytes(self) -> int:
        """The size of all segment files in bytes."""
        with _one_line(self.folder):
            return sum((self.folder / name).stat().st_size for name in self.names())

    def damaged(self) -> list[tuple[Path, str]]:
        """The segments that cannot be used, each with the reason."""
        with _one_line(self.folder):
            _, broken = self._steadily(
                lambda: judged((self.folder / n for n in sorted(self.names())), lambda _: None)
            )
        return [(path, str(error)) for path, error in broken.items()]

    def quarantine(self) -> list[Path]:
        """Move the damaged segments into the folder `damaged`; their new places."""
        shelf = self.folder / "damaged"
        moved = []
        with _one_line(self.folder):
            for path, _ in self.damaged():
                shelf.mkdir(exist_ok=True)
                moved.append(_free_place(shelf / path.name))
                os.replace(path, moved[-1])
            for folder in (shelf, self.folder) if moved else ():
                sync_folder(folder)
        return moved

    def _survey(self, known: frozenset[str]) -> tuple[dict[Path, Segments], dict[Path, BrainError]]:
        return self._steadily(
            lambda: read_all(self.folder / name for name in sorted(self.names() - known))
        )

    def _steadily(self, read: Callable[[], Read]) -> Read:
        """What is read of the files; again where a writer merged some away meanwhile."""
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):
                return read()
        raise BrainError(f"{self.folder} keeps changing while it is read; try again")

    def _check_layout(self, rows: dict[str, Tensor]) -> None:
        names = self.names()
        if not names:
            return
        smallest = self.folder / min(names, key=count_of)
        there = layout_of(map_segment(smallest, self.terms).rows)
        if layout_of(rows) != there:
            raise BrainError(
                f"cannot store tensors {described(layout_of(rows))} beside {described(there)} of "
                f"{smallest}; write them with the same settings or into a new brain"
            )

    def _write(self, segment: Segments, mode: int | None = None) -> None:
        serial = 1 + max(map(serial_of, self.names()), default=0)
        temporary: list[Path] = []
        try:
            for number, piece in enumerate(pieces(segment, self.largest), start=serial):
                data = encode_segment(piece, self.terms)
                name = segment_name(number, len(piece.records), data)
                temporary.append(self.folder / f"{name}.tmp")
                write_through(temporary[-1], data, mode)
            for path in temporary:
                os.replace(path, path.with_suffix(""))
            sync_folder(self.folder)
        finally:
            for path in temporary:
                path.unlink(missing_ok=True)

    def _rewrite(self, old: Sequence[Path], new: Segments) -> None:
        mode = reduce(and_, (path.stat().st_mode & 0o777 for path in old))
        if new.records:
            self._write(new, mode)
        for path in old:
            path.unlink()
        sync_folder(self.folder)

    def _compact(self) -> None:
        floor = 0
        for tier in self.tiers:
            names = sorted(name for name in self.names() if floor <= count_of(name) < tier.facts)
            if len(names) >= tier.segments:
                sound, broken = read_all(self.folder / name for name in names)
                if not broken:  # damage is reported by `load`, and never merged into sound files
                    self._rewrite(list(sound), merge(list(sound.values())))
            floor = tier.facts

    def _sweep(self) -> None:
        for path in self.folder.glob(f"*{SUFFIX}.tmp"):
            path.unlink()


def _free_place(path: Path) -> Path:
    places = (path.with_name(f"{path.name}.{number}") for number in count(1))
    return path if not path.exists() else next(place for place in places if not place.exists())


@contextmanager
def _one_line(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BrainError(
            f"cannot use {folder}: {error.strerror or error}; "
            "free some space or mend the permissions, then try again"
        ) from error
