"""Sets of facts joined, thinned out and cut into pieces."""

import json
from collections.abc import Collection, Iterator, Sequence

import torch

from oneshot.memory.disk.records import Record
from oneshot.memory.disk.segment_file import Segments


def merge(parts: Sequence[Segments]) -> Segments:
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


def without(segment: Segments, keys: Collection[str]) -> Segments:
    """The facts but for those of some keys."""
    kept = [i for i, record in enumerate(segment.records) if record["key"] not in keys]
    rows = {name: tensor[kept] for name, tensor in segment.rows.items()}
    return Segments(rows, [segment.records[i] for i in kept])


def pieces(segment: Segments, largest: int) -> Iterator[Segments]:
    """The facts in pieces of at most so many."""
    for start in range(0, len(segment.records), largest):
        part = slice(start, start + largest)
        rows = {name: tensor[part].clone() for name, tensor in segment.rows.items()}
        yield Segments(rows, segment.records[part])


def _text(record: Record) -> str:
    return json.dumps(record, sort_keys=True)
