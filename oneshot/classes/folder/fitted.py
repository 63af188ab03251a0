"""What a rule has fitted to a folder's examples, kept beside them because fitting takes long.

It is a function of the examples: a file's name holds a digest of the segments that it belongs to
and a check of its own content, and whatever does not fit is fitted again.
"""

import hashlib
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from oneshot.errors import BrainError
from oneshot.files.durable import write_atomically

FOLDER = "fitted"


def read_fitted(folder: Path, rule: str, segments: Iterable[str]) -> dict[str, Tensor] | None:
    """What was fitted to these segments; None where nothing was or the file is damaged."""
    for path in (folder / FOLDER).glob(f"{_stem(rule, segments)}-*.safetensors"):
        with suppress(OSError, SafetensorError, ValueError):
            data = path.read_bytes()
            if path.name.endswith(f"-{zlib.crc32(data):08x}.safetensors"):
                return load(data)
    return None


def keep_fitted(
    folder: Path, rule: str, segments: Iterable[str], tensors: dict[str, Tensor]
) -> None:
    """Keep it, in the place of what was fitted before; nothing where the folder is read-only."""
    data = save({name: value.contiguous() for name, value in tensors.items()})
    name = f"{_stem(rule, segments)}-{zlib.crc32(data):08x}.safetensors"
    with suppress(OSError, BrainError):
        (folder / FOLDER).mkdir(exist_ok=True)
        write_atomically(folder / FOLDER / name, data)
        for old in (folder / FOLDER).glob(f"{rule}-*.safetensors"):
            if old.name != name:
                old.unlink()


def _stem(rule: str, segments: Iterable[str]) -> str:
    names = "\n".join(sorted(segments)).encode("utf-8")
    return f"{rule}-{hashlib.blake2b(names, digest_size=16).hexdigest()}"
