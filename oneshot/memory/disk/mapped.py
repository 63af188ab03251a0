"""Segments that stay open: their pages are read when they are used."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jaxtyping import Int, UInt8
from safetensors import SafetensorError, safe_open
from torch import Tensor

from oneshot.errors import BrainError
from oneshot.memory.disk.records import Record, Terms, apart, beside, no_terms
from oneshot.memory.disk.segment_file import FORMAT, Segments, check_format, damage, read_segment


@dataclass(frozen=True, eq=False)
class Mapped:
    """An open segment whose pages are read when they are used; sorted by key.

    `texts` are all records as JSON behind each other and `ends` where each ends; `terms` are in
    ascending order, with the row of each in `places`. `opened` opens the file once more; without
    it all of it is in memory.
    """

    name: str
    rows: dict[str, Tensor]
    texts: UInt8[Tensor, " bytes"]
    ends: Int[Tensor, " facts"]
    terms: Int[Tensor, " terms"]
    places: Int[Tensor, " terms"]
    opened: "Callable[[], Mapped] | None" = None

    def __len__(self) -> int:
        return len(self.ends)

    def row(self, row: int) -> dict[str, Tensor]:
        """The tensors of a row, each [1, ...]."""
        return {name: tensor[row : row + 1] for name, tensor in self.rows.items()}

    def record(self, row: int) -> Record:
        """The text of a row."""
        begin = int(self.ends[row - 1]) if row else 0
        found: Record = json.loads(bytes(self.texts[begin : int(self.ends[row])].numpy()))
        return found

    def again(self) -> "Mapped":
        """The same facts with no page read yet, where the file is still there: those pages that
        are read through it leave memory with it.
        """
        if self.opened is not None:
            with suppress(BrainError, FileNotFoundError):
                return self.opened()
        return self


def map_segment(path: Path, terms: Terms) -> Mapped:
    """The file's facts without reading them: a flipped bit is not noticed.

    FileNotFoundError where it is gone, BrainError where it is unusable.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            check_format(path, metadata)
            if metadata["format"] != str(FORMAT):
                return mapped(read_segment(path), terms, path.name)
            rows, rest = apart({name: file.get_tensor(name) for name in [*file.keys()]})
            return Mapped(path.name, rows, *rest, partial(map_segment, path, no_terms))
    except PermissionError as error:
        raise BrainError(f"{path} may not be read; give yourself the permission") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise damage(path, "it is no whole segment file") from error


def mapped(segment: Segments, terms: Terms, name: str = "") -> Mapped:
    """Facts in memory as if they were mapped."""
    return Mapped(name, segment.rows, *beside(segment.records, terms))
