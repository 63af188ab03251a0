"""The facts of a folder, be it a brain or an exported adapter, as they are read to be taken in."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from adapters.write.rows import FactRows
from oneshot.errors import BrainError
from oneshot.facts.brain.export import METADATA, MODEL, TEXTS
from oneshot.facts.brain.files import CONFIG, WEIGHTS, Config, read_calibration, read_config
from oneshot.facts.brain.held.kept import terms_of_record
from oneshot.facts.brain.held.live import LiveRows
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.told import told_of
from oneshot.facts.types import Statement
from oneshot.memory.disk.mapped import Mapped
from oneshot.memory.disk.records import text_tensors
from oneshot.memory.disk.segment_file import fault_of_rows
from oneshot.memory.disk.segments import SegmentStore
from oneshot.memory.disk.shelf import Shelf

Part = tuple[FactRows, list[Statement]]


@dataclass(frozen=True)
class Carried:
    """The facts of a folder, which lie on the disk until they are read.

    `exported` is the file that they stand in where it is an adapter, whose name proves nothing of
    its content.
    """

    config: Config
    segments: Sequence[Mapped]
    exported: Path | None = None

    def parts(self, most: int) -> Iterator[Part]:
        """Rows and what they say, in canonical order, so many at a time; one part is in memory.

        Raises BrainError for a part that is not whole.
        """
        shelf = Shelf(self.segments)
        if not len(shelf):
            return
        none = {name: tensor[:0] for name, tensor in shelf.segments[0].rows.items()}
        texts = Texts(shelf)
        for rows in LiveRows(shelf, FactRows.of(none)).in_parts(most):
            yield rows, self._said(texts, rows)

    def whole(self) -> Part | None:
        """All of them in memory; None where there are none."""
        return next(self.parts(max(1, sum(map(len, self.segments)))), None)

    def _said(self, texts: Texts, rows: FactRows) -> list[Statement]:
        keys = rows.hex_keys()
        if self.exported is None:
            return texts.read(keys)
        with _whole(self.exported):
            statements = texts.read(keys)
            if [told_of(told).key.hex() for told in statements] != keys:
                raise ValueError("keys and texts disagree")
            if not all(bool(torch.isfinite(tensor).all()) for tensor in rows.tensors().values()):
                raise ValueError("a tensor holds NaN or infinity")
            return statements


def read_folder(folder: Path) -> Carried:
    """The facts of a brain or an exported adapter; BrainError where it is neither or damaged.

    A brain's segments are checked here, the texts of an adapter when they are read.
    """
    config = read_config(folder)
    if config is None:
        raise BrainError(f"{folder} is no brain and no exported adapter: it has no {CONFIG}")
    read_calibration(folder, config)
    if (folder / WEIGHTS).is_dir():
        store = SegmentStore(folder / WEIGHTS, terms_of_record)
        for _, fault in store.damaged():
            raise BrainError(fault)
        return Carried(config, store.open())
    return Carried(config, [_map_model(folder / MODEL)], folder / MODEL)


def _map_model(path: Path) -> Mapped:
    """An exported file as a segment that is open; its metadata held the texts once."""
    with _whole(path), safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        rows = {name: file.get_tensor(name) for name in [*file.keys()]}
        if METADATA in metadata:
            texts, ends = text_tensors(json.loads(metadata[METADATA]))
        else:
            texts, ends = (rows.pop(name) for name in TEXTS)
        if fault := fault_of_rows(rows) or _fault_of_texts(texts, ends, len(rows["key"])):
            raise ValueError(fault)
        FactRows.of(rows)
        none = torch.zeros(0, dtype=torch.long)
        return Mapped(path.name, rows, texts, ends, none, none, partial(_map_model, path))


def _fault_of_texts(texts: Tensor, ends: Tensor, count: int) -> str | None:
    kinds = (texts.dtype, texts.dim(), ends.dtype, ends.shape)
    wanted = (torch.uint8, 1, torch.long, (count,))
    return None if kinds == wanted else "its texts are not one for each fact"


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Let every fault of an exported file be one line."""
    try:
        yield
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        SafetensorError,
    ) as error:
        reason = " ".join(str(error).split())
        raise BrainError(f"{path} is no whole adapter ({reason}); export it again") from error
