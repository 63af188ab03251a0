"""A safetensors file that is written row by row, however large it becomes."""

import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import torch
from safetensors.torch import save
from torch import Tensor


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
