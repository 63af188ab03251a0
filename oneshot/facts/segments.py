"""The weights of a brain on disk: immutable segment files that hold facts as rows of tensors."""

import json
import os
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import reduce
from itertools import count
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from oneshot.errors import BrainError

FORMAT = 1
LARGEST = 8192
SUFFIX = ".safetensors"
KEY_BYTES = 16

Layout = tuple[tuple[str, torch.dtype, torch.Size], ...]

# Serial number, number of facts, CRC-32 of the content: the count makes compaction cheap to plan,
# the checksum finds flipped bits and keeps a name from ever standing for two contents.
_NAME = re.compile(r"(\d+)-(\d+)-([0-9a-f]{8})" + re.escape(SUFFIX))
_ATTEMPTS = 10


class Tier(NamedTuple):
    """Merge as soon as `segments` files hold fewer than `facts` facts each."""

    facts: int
    segments: int


TIERS = (Tier(facts=64, segments=32), Tier(facts=4096, segments=16))


@dataclass(frozen=True, eq=False)
class Segments:
    """Facts as rows of tensors, each [facts, ...], and their texts, both sorted by key.

    `rows["key"]` is uint8 [facts, 16]; `names` are the files that were read.
    """

    rows: dict[str, Tensor]
    records: list[dict[str, Any]]
    names: frozenset[str] = frozenset()


class SegmentStore:
    """A folder of segment files with set semantics; one writer at a time, any number of readers.

    A segment is never changed in place: forgetting and compaction write new names and unlink the
    old ones, so that a set of names stands for one content.
    """

    def __init__(self, folder: Path, tiers: Sequence[Tier] = TIERS, largest: int = LARGEST) -> None:
        self.folder, self.tiers, self.largest = folder, tiers, largest
        if not folder.is_dir():
            with _one_line(folder):
                folder.mkdir(parents=True, exist_ok=True)
                _sync(folder.parent)

    def append(self, rows: dict[str, Tensor], records: list[dict[str, Any]]) -> None:
        """Store facts durably: `rows` are tensors [facts, ...] with a `key`, `records` their texts.

        Raises BrainError, with nothing stored, for rows that do not fit or cannot be written.
        """
        rows = {name: tensor.detach().cpu() for name, tensor in rows.items()}
        if fault := _fault(rows, records):
            raise BrainError(f"cannot store these {len(records)} facts: {fault}; give sound rows")
        if not records:
            return
        self._check_layout(rows)
        with _one_line(self.folder):
            self._sweep()
            self._write(_merge([Segments(rows, records)]))
        # The facts are safe by now: a compaction that fails is due again at the next append.
        with suppress(OSError):
            self._compact()

    def remove(self, keys: Collection[str]) -> int:
        """Rewrite every segment that holds one of the keys without those facts; how many went."""
        wanted = frozenset(keys)
        paths = [self.folder / name for name in sorted(self.names())]
        with _one_line(self.folder):
            self._sweep()
            hits = {path: found for path in paths if (found := wanted & _keys(path))}
            for path in hits:
                self._rewrite([path], _without(_read(path), wanted))
        return len(frozenset().union(*hits.values()))

    def load(self) -> Segments:
        """Every fact once, sorted by key; BrainError where a segment is damaged."""
        return self.load_new(frozenset())

    def load_new(self, known: frozenset[str]) -> Segments:
        """The facts of the segments not in `known`; known names that are gone call for `load`."""
        sound, broken = self._survey(known)
        if broken:
            raise next(iter(broken.values()))
        return _merge(list(sound.values()))

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
        _, broken = self._survey(frozenset())
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
                _sync(folder)
        return moved

    def _survey(self, known: frozenset[str]) -> tuple[dict[Path, Segments], dict[Path, BrainError]]:
        for _ in range(_ATTEMPTS):
            # A writer may merge segments away between the listing and the reading.
            with suppress(FileNotFoundError):
                return _read_all(self.folder / name for name in sorted(self.names() - known))
        raise BrainError(f"{self.folder} keeps changing while it is read; try again")

    def _check_layout(self, rows: dict[str, Tensor]) -> None:
        names = self.names()
        if not names:
            return
        smallest = self.folder / min(names, key=_count)
        there = _layout(_read(smallest).rows)
        if _layout(rows) != there:
            raise BrainError(
                f"cannot store tensors {_describe(_layout(rows))} beside {_describe(there)} of "
                f"{smallest}; write them with the same settings or into a new brain"
            )

    def _write(self, segment: Segments, mode: int | None = None) -> None:
        serial = 1 + max(map(_serial, self.names()), default=0)
        temporary: list[Path] = []
        try:
            for number, piece in enumerate(_pieces(segment, self.largest), start=serial):
                data = _encode(piece)
                name = f"{number:08d}-{len(piece.records)}-{zlib.crc32(data):08x}{SUFFIX}"
                temporary.append(self.folder / f"{name}.tmp")
                _write_through(temporary[-1], data, mode)
            for path in temporary:
                os.replace(path, path.with_suffix(""))
            _sync(self.folder)
        finally:
            for path in temporary:
                path.unlink(missing_ok=True)

    def _rewrite(self, old: Sequence[Path], new: Segments) -> None:
        mode = reduce(and_, (path.stat().st_mode & 0o777 for path in old))
        if new.records:
            self._write(new, mode)
        for path in old:
            path.unlink()
        _sync(self.folder)

    def _compact(self) -> None:
        floor = 0
        for tier in self.tiers:
            names = sorted(name for name in self.names() if floor <= _count(name) < tier.facts)
            if len(names) >= tier.segments:
                sound, broken = _read_all(self.folder / name for name in names)
                if not broken:  # damage is reported by `load`, and never merged into sound files
                    self._rewrite(list(sound), _merge(list(sound.values())))
            floor = tier.facts

    def _sweep(self) -> None:
        for path in self.folder.glob(f"*{SUFFIX}.tmp"):
            path.unlink()


def _merge(parts: Sequence[Segments]) -> Segments:
    """Every fact once, sorted by key; of two records for one key the lesser text stays."""
    records = [record for part in parts for record in part.records]
    chosen: dict[str, int] = {}
    for place, record in enumerate(records):
        rival = chosen.setdefault(record["key"], place)
        if rival != place and _text(record) < _text(records[rival]):
            chosen[record["key"]] = place
    order = [chosen[key] for key in sorted(chosen)]
    rows = {
        name: torch.cat([part.rows[name] for part in parts])[order]
        for name in sorted(parts[0].rows if parts else ())
    }
    names = frozenset[str]().union(*(part.names for part in parts))
    return Segments(rows, [records[place] for place in order], names)


def _without(segment: Segments, keys: Collection[str]) -> Segments:
    kept = [i for i, record in enumerate(segment.records) if record["key"] not in keys]
    rows = {name: tensor[kept] for name, tensor in segment.rows.items()}
    return Segments(rows, [segment.records[i] for i in kept])


def _pieces(segment: Segments, largest: int) -> Iterator[Segments]:
    for start in range(0, len(segment.records), largest):
        part = slice(start, start + largest)
        rows = {name: tensor[part].clone() for name, tensor in segment.rows.items()}
        yield Segments(rows, segment.records[part])


def _encode(segment: Segments) -> bytes:
    metadata = {"format": str(FORMAT), "records": json.dumps(segment.records)}
    return save(segment.rows, metadata)


def _read_all(paths: Iterator[Path]) -> tuple[dict[Path, Segments], dict[Path, BrainError]]:
    sound: dict[Path, Segments] = {}
    broken: dict[Path, BrainError] = {}
    for path in paths:
        try:
            sound[path] = _read(path)
        except BrainError as error:
            broken[path] = error
    facts: Counter[Layout] = Counter()
    for segment in sound.values():
        facts[_layout(segment.rows)] += len(segment.records)
    for path in [path for path in sound if _layout(sound[path].rows) != facts.most_common(1)[0][0]]:
        broken[path] = _damage(path, "its tensors disagree with those of the other segments")
        del sound[path]
    return sound, broken


def _read(path: Path) -> Segments:
    try:
        data = path.read_bytes()
        metadata = _metadata(data)
        _check_format(path, metadata)
        _check_sum(path, data)
        rows, records = load(data), json.loads(metadata["records"])
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise BrainError(f"{path} may not be read; give yourself the permission") from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise _damage(path, "it is no whole segment file") from error
    if fault := _fault(rows, records):
        raise _damage(path, fault)
    return Segments(rows, records, frozenset({path.name}))


def _keys(path: Path) -> frozenset[str]:
    """The keys of a segment, read without its other tensors."""
    try:
        with safe_open(path, framework="pt") as file:
            _check_format(path, file.metadata() or {})
            return frozenset(_hex(file.get_tensor("key")))
    except (SafetensorError, ValueError, KeyError) as error:
        raise _damage(path, "it is no whole segment file") from error


def _metadata(data: bytes) -> dict[str, str]:
    size = int.from_bytes(data[:8], "little")
    metadata: dict[str, str] = json.loads(data[8 : 8 + size])["__metadata__"]
    return metadata


def _check_format(path: Path, metadata: dict[str, str]) -> None:
    if int(metadata["format"]) > FORMAT:
        raise BrainError(
            f"{path} has format {metadata['format']}, newer than {FORMAT}: upgrade oneshot, "
            "or run `oneshot doctor` to set the file aside"
        )


def _check_sum(path: Path, data: bytes) -> None:
    name = _NAME.fullmatch(path.name)
    if not name or name[3] != f"{zlib.crc32(data):08x}":
        raise _damage(path, "its content is not what its name says")


def _fault(rows: dict[str, Tensor], records: list[dict[str, Any]]) -> str | None:
    key = rows.get("key")
    if key is None or key.dtype != torch.uint8 or key.shape != (len(key), KEY_BYTES):
        return f"`key` is not a tensor of uint8 [facts, {KEY_BYTES}]"
    if any(tensor.shape[:1] != key.shape[:1] for tensor in rows.values()):
        return "the tensors disagree about the number of facts"
    if [record.get("key") for record in records] != _hex(key):
        return "keys and records disagree"
    if not all(bool(torch.isfinite(tensor).all()) for tensor in rows.values()):
        return "a tensor holds NaN or infinity"
    return None


def _hex(key: Tensor) -> list[str]:
    return [bytes(row).hex() for row in key.numpy()]


def _damage(path: Path, reason: str) -> BrainError:
    return BrainError(f"{path} is damaged: {reason}; run `oneshot doctor`")


def _layout(rows: dict[str, Tensor]) -> Layout:
    return tuple((name, rows[name].dtype, rows[name].shape[1:]) for name in sorted(rows))


def _describe(layout: Layout) -> str:
    return ", ".join(f"{name} {dtype} {list(shape)}" for name, dtype, shape in layout)


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, sort_keys=True)


def _serial(name: str) -> int:
    return int(parts[1]) if (parts := _NAME.match(name)) else 0


def _count(name: str) -> int:
    return int(parts[2]) if (parts := _NAME.fullmatch(name)) else -1


def _free_place(path: Path) -> Path:
    places = (path.with_name(f"{path.name}.{number}") for number in count(1))
    return path if not path.exists() else next(place for place in places if not place.exists())


def _write_through(path: Path, data: bytes, mode: int | None) -> None:
    with path.open("wb") as file:
        if mode is not None:
            path.chmod(mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _one_line(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BrainError(
            f"cannot use {folder}: {error.strerror or error}; "
            "free some space or mend the permissions, then try again"
        ) from error
