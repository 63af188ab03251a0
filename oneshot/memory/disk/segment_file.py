"""One segment file: a safetensors file of facts as rows of tensors, with their texts beside them.

Its name holds a serial number, the number of facts, and the CRC-32 of its content: the count makes
compaction cheap to plan, the checksum finds flipped bits and keeps a name from ever standing for
two contents. Texts are tensors too, so that a file is opened without reading it: one of bytes with
the end of each text, and one of terms, by which texts are found, in ascending order.
"""

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from oneshot.errors import BrainError
from oneshot.memory.disk.records import Record, Terms, apart, beside, records_of

FORMAT = 2
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
    records: list[Record]
    names: frozenset[str] = frozenset()


def encode_segment(segment: Segments, terms: Terms) -> bytes:
    """The file's content."""
    return save(
        {**segment.rows, **beside(segment.records, terms).tensors()}, {"format": str(FORMAT)}
    )


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
        check_format(path, metadata)
        _check_sum(path, data)
        rows, records = _parts(load(data), metadata)
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise BrainError(f"{path} may not be read; give yourself the permission") from error
    except (OSError, ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
        raise damage(path, "it is no whole segment file") from error
    if fault := fault_of(rows, records):
        raise damage(path, fault)
    return Segments(rows, records, frozenset({path.name}))


def _parts(
    tensors: dict[str, Tensor], metadata: dict[str, str]
) -> tuple[dict[str, Tensor], list[Record]]:
    """Rows and records of a file of this format or the first."""
    if metadata["format"] == "1":
        return tensors, json.loads(metadata["records"])
    rows, rest = apart(tensors)
    return rows, records_of(rest.texts, rest.ends)


def keys_among(key: UInt8[Tensor, "facts 16"], wanted: Sequence[bytes]) -> dict[int, bytes]:
    """Which of the wanted keys are in a sorted column, by their rows."""
    heads = key[:, :8].numpy().copy().view(">u8")[:, 0].astype("u8")
    sought = np.array([int.from_bytes(k[:8], "big") for k in wanted], dtype="u8")
    found = dict[int, bytes]()
    for k, low, high in zip(
        wanted, heads.searchsorted(sought), heads.searchsorted(sought, "right"), strict=True
    ):
        for row in range(int(low), int(high)):
            if bytes(key[row].numpy()) == k:
                found[row] = k
    return found


def fault_of(rows: dict[str, Tensor], records: list[Record]) -> str | None:
    """What is wrong with facts as rows and records; None for nothing."""
    if fault := fault_of_rows(rows):
        return fault
    if [record.get("key") for record in records] != hex_of(rows["key"]):
        return "keys and records disagree"
    if not all(bool(torch.isfinite(tensor).all()) for tensor in rows.values()):
        return "a tensor holds NaN or infinity"
    return None


def fault_of_rows(rows: dict[str, Tensor]) -> str | None:
    """What is wrong with the shapes of rows, none of which is read for it; None for nothing."""
    key = rows.get("key")
    if key is None or key.dtype != torch.uint8 or key.shape != (len(key), KEY_BYTES):
        return f"`key` is not a tensor of uint8 [facts, {KEY_BYTES}]"
    if any(tensor.shape[:1] != key.shape[:1] for tensor in rows.values()):
        return "the tensors disagree about the number of facts"
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


def check_format(path: Path, metadata: dict[str, str]) -> None:
    """Raise BrainError for a file of a newer form."""
    if int(metadata["format"]) > FORMAT:
        raise BrainError(
            f"{path} has format {metadata['format']}, newer than {FORMAT}: upgrade oneshot, "
            "or run `oneshot doctor` to set the file aside"
        )


def _check_sum(path: Path, data: bytes) -> None:
    name = _NAME.fullmatch(path.name)
    if not name or name[3] != f"{zlib.crc32(data):08x}":
        raise damage(path, "its content is not what its name says")


def hex_of(key: UInt8[Tensor, "facts 16"]) -> list[str]:
    """A column of keys as text."""
    return [bytes(row).hex() for row in key.numpy()]
