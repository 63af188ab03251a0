"""A safetensors file, however large: written row by row, and opened without reading it."""

import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

_TYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}


def map_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file and its metadata; a page of it is in memory once it is used.

    The library's own tensors read a page each when they are made, and with it the system maps some
    megabytes. Raises SafetensorError, ValueError or OSError for a file that is not whole, KeyError
    for a type that is not known here.
    """
    with safe_open(path, framework="pt") as checked:
        metadata = checked.metadata() or {}
    with path.open("rb") as file:
        begin = 8 + int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(begin - 8))
    data = torch.from_file(str(path), size=path.stat().st_size, dtype=torch.uint8)
    found = {}
    for name in header.keys() - {"__metadata__"}:
        entry = header[name]
        first, last = entry["data_offsets"]
        part = data[begin + first : begin + last].view(_TYPES[entry["dtype"]])
        found[name] = part.view(entry["shape"])
    return found, metadata


def write_tensors(file: BinaryIO, parts: Iterable[Mapping[str, Tensor]], spool: Path) -> None:
    """Write parts of the same tensors, each [rows, ...], behind each other: the bytes of `save`.

    One part is in memory at a time; `spool` is a folder with room for all of them. There has to be
    one part, which may have no rows.
    """
    with ExitStack() as stack:
        columns, whole = dict[str, BinaryIO](), dict[str, Tensor]()
        for part in parts:
            for name, tensor in part.items():
                if name not in columns:
                    columns[name] = stack.enter_context(TemporaryFile(dir=spool))
                    whole[name] = torch.empty(0, *tensor.shape[1:], dtype=tensor.dtype)
                columns[name].write(tensor.contiguous().numpy().data)
        sizes = {name: column.tell() for name, column in columns.items()}
        begin = _begin(whole, sizes)
        file.write(len(begin).to_bytes(8, "little") + begin)
        for name in json.loads(begin):
            columns[name].seek(0)
            shutil.copyfileobj(columns[name], file, 2**20)


def _begin(none: Mapping[str, Tensor], sizes: Mapping[str, int]) -> bytes:
    """What `save` writes before the tensors; it also decides in which order they stand."""
    data, at = save({**none}), 0
    begin = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    for name, entry in begin.items():
        one = none[name].shape[1:].numel() * none[name].itemsize
        entry["shape"][0] = sizes[name] // one
        entry["data_offsets"] = [at, at := at + sizes[name]]
    text = json.dumps(begin, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)
