"""CSV and TSV: with a line of column names or relations, or two columns of prompts and answers."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import PurePath

from oneshot.errors import BadInputError
from oneshot.facts.sources.tables import columns
from oneshot.facts.sources.tables.records import is_header, item_of
from oneshot.facts.sources.understanding import Content, Item, Understanding, left_out

MARKS = "\t", ",", ";"
SUFFIXES = ".csv", ".tsv"


def fits(content: Content) -> bool:
    """Whether its first line names columns, tabs part every line, or its name says so."""
    lines = [line for _, line in content.lines()]
    tabbed = bool(lines) and all(line.count("\t") == 1 for line in lines)
    named = PurePath(content.name).suffix.lower() in SUFFIXES
    return bool(lines) and (tabbed or named or _mark_of_header(lines[0]) is not None)


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The fact of each row, or those of its cells where the columns are relations."""
    first = next(content.lines())[1]
    mark = _mark_of_header(first) or max(MARKS, key=first.count)
    rows = rows_of(content, mark)
    top, header = next(rows, ("line 1", []))
    if is_header(header):
        for place, row in rows:
            yield item_of(place, dict(zip(header, row, strict=False)), understanding)
    elif columns.is_head(header):
        yield left_out(top, " | ".join(header), "a table's head")
        for place, row in rows:
            yield from columns.items(place, row, header, understanding)
    else:
        for place, row in chain([(top, header)], rows):
            yield pair_of(place, row, understanding)


def rows_of(content: Content, mark: str) -> Iterator[tuple[str, list[str]]]:
    """The rows that are not empty, with the lines where they end."""
    reader = csv.reader(content.text.splitlines(keepends=True), delimiter=mark)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield f"line {reader.line_num}", [cell.strip() for cell in row]
    except csv.Error as error:
        raise BadInputError(
            f"{content.name}, line {reader.line_num}: no table ({error}); mend the line"
        ) from None


def pair_of(place: str, row: Sequence[str], understanding: Understanding) -> Item:
    """The fact of a row of two cells."""
    cells = [cell for cell in row if cell]
    if len(cells) != 2:
        text = " | ".join(cells)
        return left_out(place, text, f"{len(cells)} cells: give two, or name the columns")
    return understanding.pair(place, *cells)


def _mark_of_header(line: str) -> str | None:
    """What parts the column names in a line; None where it names none."""
    if len(line) > csv.field_size_limit():
        return None
    parted = {mark: next(csv.reader([line], delimiter=mark)) for mark in MARKS if mark in line}
    found = (mark for mark, columns in parted.items() if is_header(columns))
    return next(found, "," if is_header([line]) else None)
