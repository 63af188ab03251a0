"""Segments of made-up facts, for the tests of stores."""

import hashlib
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from oneshot.memory.disk.segment_file import Segments
from oneshot.memory.disk.segments import SegmentStore, Tier

SMALL = (Tier(facts=4, segments=3), Tier(facts=8, segments=2))
Rows = dict[str, Tensor]
Records = list[dict[str, Any]]


def key_of(number: int) -> str:
    return hashlib.sha256(f"fact {number}".encode()).hexdigest()[:32]


def facts(*numbers: int) -> tuple[Rows, Records]:
    """Rows and records that are functions of the fact alone."""
    keys = [key_of(number) for number in numbers]
    raw = torch.tensor([list(bytes.fromhex(key)) for key in keys], dtype=torch.uint8)
    raw = raw.reshape(len(keys), 16)
    rows = {
        "key": raw,
        "code": raw[:, :6].reshape(-1, 2, 3).float() / 7,
        "half": raw[:, :1].to(torch.bfloat16),
        "token": raw[:, 0].long(),
    }
    return rows, [
        {"key": k, "prompt": f"é {n} \0\ud800"} for k, n in zip(keys, numbers, strict=True)
    ]


def small(folder: Path) -> SegmentStore:
    return SegmentStore(folder, tiers=SMALL, largest=8)


def same(one: Segments, other: Segments) -> bool:
    return (
        one.records == other.records
        and list(one.rows) == list(other.rows)
        and all(torch.equal(one.rows[name], other.rows[name]) for name in one.rows)
    )


def only(folder: Path) -> Path:
    [path] = folder.glob("*.safetensors")
    return path


def forge(path: Path, rows: Rows, metadata: dict[str, str]) -> Path:
    """Replace a segment by another content under a name whose checksum fits."""
    data = save(rows, metadata)
    serial, count, _ = path.stem.split("-")
    path.unlink()
    forged = path.with_name(f"{serial}-{count}-{zlib.crc32(data):08x}.safetensors")
    forged.write_bytes(data)
    return forged


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    return SegmentStore(tmp_path / "weights")
