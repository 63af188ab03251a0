"""Texts of facts as tensors: JSON behind each other, and the terms by which they are found."""

import json
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

Record = dict[str, Any]
Terms = Callable[[Record], Collection[int]]
"""The 64-bit numbers that a record is found by."""


def no_terms(_record: Record) -> tuple[int, ...]:
    """For texts that nobody looks for."""
    return ()


_PREFIX = "beside."  # what the names of tensors begin with that are no rows


class Beside(NamedTuple):
    """What lies beside rows: all records as JSON behind each other and where each ends, and terms
    in ascending order with the row of each.
    """

    texts: UInt8[Tensor, " bytes"]
    ends: Int[Tensor, " facts"]
    terms: Int[Tensor, " terms"]
    places: Int[Tensor, " terms"]

    def tensors(self) -> dict[str, Tensor]:
        """They by name, as they stand in a file."""
        return {f"{_PREFIX}{name}": tensor for name, tensor in self._asdict().items()}


def beside(records: Sequence[Record], terms: Terms) -> Beside:
    """What lies beside the rows of these records."""
    found = sorted((term, row) for row, record in enumerate(records) for term in terms(record))
    return Beside(
        *text_tensors(records),
        torch.tensor([term for term, _ in found], dtype=torch.long),
        torch.tensor([row for _, row in found], dtype=torch.int32),
    )


def apart(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], Beside]:
    """Rows by themselves, and what lies beside them; KeyError where some of it is missing."""
    rows = {name: t for name, t in tensors.items() if not name.startswith(_PREFIX)}
    return rows, Beside(*(tensors[f"{_PREFIX}{name}"] for name in Beside._fields))


def text_tensors(records: Sequence[Record]) -> tuple[Tensor, Tensor]:
    """Records as JSON behind each other, and where each ends."""
    texts = [json.dumps(record, sort_keys=True).encode() for record in records]
    return (
        torch.frombuffer(bytearray(b"".join(texts) or b" "), dtype=torch.uint8),
        torch.tensor([len(text) for text in texts], dtype=torch.long).cumsum(0),
    )


def records_of(texts: UInt8[Tensor, " bytes"], ends: Int[Tensor, " facts"]) -> list[Record]:
    """The records of such tensors."""
    data, places = bytes(texts.numpy()), [0, *ends.tolist()]
    return [json.loads(data[begin:end]) for begin, end in pairwise(places)]
