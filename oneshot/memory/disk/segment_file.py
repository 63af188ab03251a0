"""One segment file: a safetensors file of facts as rows of tensors, with their texts beside them.

Its name holds a serial number, the number of facts, and the CRC-32 of its content: the count makes
compaction cheap to plan, the checksum finds flipped bits and keeps a name from ever standing for
two contents.
"""

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from oneshot.errors import BrainError

FORMAT = 1
SUFFIX = ".safetensors"
KEY_BYTES = 16

Layout = tuple[tuple[str, torch.dtype, torch.Size], ...]

_NAME = re.compile(r"(\d+)-(\d+)-([0-9a-f]{8})" + re.escape(SUFFIX))


@dataclass(frozen=True, eq=False)
class Segments:
    """Facts as rows of tensors, each [facts, ...], and their texts, both sorted by key.

    `rows["key"]` is uint8 [facts, 16]; `names` are the files that were read.
    """

    rows: dict[str, Tensor]
    records: list[dict[str, Any]]
    names: frozenset[str] = frozenset()


def encode_segment(segment: Segments) -> bytes:
    """The file's content."""
    metadata = {"format": str(FORMAT), "records": json.dumps(segment.records)}
    return save(segment.rows, metadata)


def segment_name(serial: int, count: int, data: bytes) -> str:
    """The name of the file with this content."""
    return f"{serial:08d}-{count}-{zlib.crc32(data):08x}{SUFFIX}"


def serial_of(name: str) -> int:
    """The serial number in a name; 0 for a strange one."""
    return int(parts[1]) if (parts := _NAME.match(name)) else 0


def count_of(name: str) -> int:
    """The number of facts in a name; -1 for a strange one."""
    return int(parts[2]) if (parts := _NAME.fullmatch(name)) else -1


def read_segment(path: Path) -> Segments:
    """The file's facts; FileNotFoundError where it is gone, BrainError where it is unusable."""
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
        raise damage(path, "it is no whole segment file") from error
    if fault := fault_of(rows, records):
        raise damage(path, fault)
    return Segments(rows, records, frozenset({path.name}))


def read_keys(path: Path) -> frozenset[str]:
    """The keys of a file, read without its other tensors; BrainError where it is unusable."""
    try:
        with safe_open(path, framework="pt") as file:
            _check_format(path, file.metadata() or {})
            return frozenset(_hex(file.get_tensor("key")))
    except (SafetensorError, ValueError, KeyError) as error:
        raise damage(path, "it is no whole segment file") from error


def read_records(path: Path) -> list[dict[str, Any]]:
    """The texts of a file, read without its tensors; BrainError where it is unusable."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            _check_format(path, metadata)
            records: list[dict[str, Any]] = json.loads(metadata["records"])
            return records
    except (SafetensorError, ValueError, KeyError) as error:
        raise damage(path, "it is no whole segment file") from error


def fault_of(rows: dict[str, Tensor], records: list[dict[str, Any]]) -> str | None:
    """What is wrong with facts as rows and records; None for nothing."""
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


def damage(path: Path, reason: str) -> BrainError:
    """The error for a file that cannot be used."""
    return BrainError(
        f"{path} is damaged: {reason}; run `oneshot doctor`, for classes `oneshot class doctor`"
    )


def layout_of(rows: dict[str, Tensor]) -> Layout:
    """Names, types and shapes, which all files of a store share."""
    return tuple((name, rows[name].dtype, rows[name].shape[1:]) for name in sorted(rows))


def described(layout: Layout) -> str:
    """A layout in words."""
    return ", ".join(f"{name} {dtype} {list(shape)}" for name, dtype, shape in layout)


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
        raise damage(path, "its content is not what its name says")


def _hex(key: Tensor) -> list[str]:
    return [bytes(row).hex() for row in key.numpy()]
