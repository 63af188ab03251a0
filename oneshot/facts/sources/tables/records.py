"""Records with named columns: JSON, parquet files and data sets of the hub."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.facts.language.parquet import parquet_rows
from oneshot.facts.sources.understanding import MOST, SHOWN, Content, Item, Understanding, left_out

COLUMNS = {
    "prompt": ("prompt", "question", "front", "query", "instruction"),
    "answer": ("answer", "target_new", "back", "response", "output", "completion"),
    "sentence": ("sentence", "text", "fact", "statement", "content", "memory"),
    "subject": ("subject",),
    "source": ("source",),
    "asks": ("asks", "ask"),
    "aliases": ("aliases", "alias"),
}
BROKEN = "not JSON"  # the one column of a line that cannot be read
SPLITS = "train", "validation", "test"


def fits(content: Content) -> bool:
    """Whether it is JSON at all."""
    return content.values is not None


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The fact of each object of a list, or of each line."""
    for place, value in content.values or ():
        yield item_of(place, value, understanding)


def parquet_items(path: Path, understanding: Understanding) -> Iterator[Item]:
    """The fact of each row of a parquet file, read in pieces."""
    yield from _rows(parquet_rows(path), understanding)


def dataset_items(name: str, understanding: Understanding) -> Iterator[Item]:
    """The fact of each row of a data set of the hub, of its first split; no code of it is run."""
    import datasets  # type: ignore[import-untyped]
    from huggingface_hub.errors import HfHubHTTPError

    try:
        splits = datasets.load_dataset(name, streaming=True)
        split = next((s for s in SPLITS if s in splits), next(iter(splits)))
        yield from _rows(islice(splits[split], MOST + 1), understanding)
    except (HfHubHTTPError, datasets.exceptions.DatasetsError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:150]
        raise BadInputError(
            f"{name!r} is no file here, and as a data set of the hub it cannot be read ({reason}); "
            "give a file, or the name of a data set as owner/name"
        ) from error


def item_of(place: str, row: Mapping[str, Any], understanding: Understanding) -> Item:
    """The fact in a row, by the names of its columns."""
    if list(row) == [BROKEN]:
        return left_out(place, str(row[BROKEN]), "broken JSON; mend the line")
    record = record_of(row)
    if "sentence" in record or {"prompt", "answer"} <= set(record):
        return understanding.record(place, record)
    return left_out(place, str(dict(row)), _what_lacks(row, record))


def record_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that are known, under the names that `read_statements` gives them."""
    named = {str(key).strip().lower(): value for key, value in row.items()}
    found = {
        column: next((named[n] for n in names if named.get(n) not in (None, "")), None)
        for column, names in COLUMNS.items()
    }
    record = {column: _text(value) for column, value in found.items() if value is not None}
    if {"prompt", "answer"} <= set(record):
        record.pop("sentence", None)
    return record


def is_header(columns: Iterable[str]) -> bool:
    """Whether these are names of columns that hold facts."""
    record = record_of(dict.fromkeys(columns, "x"))
    return "sentence" in record or {"prompt", "answer"} <= set(record)


def _what_lacks(row: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    if {"prompt", "answer"} & set(record):
        return f"no {'prompt' if 'answer' in record else 'answer'} given"
    return (
        f"the columns {', '.join(map(str, row))[:SHOWN]}: give prompt and answer, question and "
        "answer, front and back, or sentence"
    )


def _text(value: Any) -> Any:
    """Numbers as text; a list of one as the one."""
    if isinstance(value, bool | int | float):
        return str(value)
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _rows(rows: Iterable[Mapping[str, Any]], understanding: Understanding) -> Iterator[Item]:
    for number, row in enumerate(rows, start=1):
        yield item_of(f"row {number}", row, understanding)
