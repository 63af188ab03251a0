"""The items of any source: its format is told from what it holds."""

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from oneshot.errors import BadInputError
from oneshot.facts.sources import anki, chatgpt, graph, markdown, mem0, plain
from oneshot.facts.sources.tables import records, separated
from oneshot.facts.sources.understanding import Content, Item, Understanding, bounded
from oneshot.progress import Report, silent

LARGEST = 1 << 26  # bytes of a file that is read as a whole
PARQUET = b"PAR1"
JSON = ".json", ".jsonl", ".ndjson"
PACKED = {
    b"PK\x03\x04": "a packed file; unpack it, or export it as text",
    b"SQLite format 3": "a database; export what it holds as text",
    b"%PDF": "a PDF; save its text",
}
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


class Format(NamedTuple):
    """How a kind of file is known, and what is read from it."""

    fits: Callable[[Content], bool]
    items: Callable[[Content, Understanding], Iterator[Item]]


FORMATS = (
    Format(mem0.fits, mem0.items),
    Format(graph.fits, graph.items),
    Format(records.fits, records.items),
    Format(anki.fits, anki.items),
    Format(separated.fits, separated.items),
    Format(chatgpt.fits, chatgpt.items),
    Format(markdown.fits, markdown.items),
    Format(lambda content: True, plain.items),
)
"""In the order in which they are tried."""


def read_items(
    source: str, templates: Sequence[str] = (), progress: Report = silent
) -> Iterator[Item]:
    """Each item of a file, or of a data set of the hub named as owner/name.

    BadInputError where the source cannot be read, is too large or holds nothing.
    """
    understanding = Understanding(tuple(templates))
    path = Path(source).expanduser()
    if not path.exists() and _HUB_NAME.fullmatch(source):
        return bounded(records.dataset_items(source, understanding), source, 0, progress)
    head, size = _head(path)
    if head.startswith(PARQUET):
        return bounded(records.parquet_items(path, understanding), source, 0, progress)
    for mark, what in PACKED.items():
        if head.startswith(mark):
            raise BadInputError(f"{source} is {what}")
    if size > LARGEST:
        raise BadInputError(f"{source} has over {LARGEST >> 20} MB; split it into several files")
    content = _content(source, path.read_bytes())
    chosen = next(format for format in FORMATS if format.fits(content))
    about = content.text.count("\n") if content.values is None else len(content.values)
    return bounded(chosen.items(content, understanding), source, about, progress)


def _head(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            return file.read(16), path.stat().st_size
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInputError(f"{path} cannot be read ({reason}): check its path") from None


def _content(name: str, data: bytes) -> Content:
    text = _decoded(name, data)
    if not text.strip():
        raise BadInputError(f"{name} is empty; give a file with facts")
    values = _values(text)
    if values is None and Path(name).suffix.lower() in JSON:
        raise BadInputError(f"{name} is no JSON; mend it, or name it .txt where it is text")
    return Content(name, text, values)


def _decoded(name: str, data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise BadInputError(f"{name} is no text in UTF-8; save it as UTF-8") from None
    if "\0" in text:
        raise BadInputError(f"{name} is no text; give a text, CSV, JSON or parquet file")
    return text


def _values(text: str) -> list[tuple[str, dict[str, Any]]] | None:
    """The objects of a JSON document or of JSON lines; None for any other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        whole = json.loads(text)
    except RecursionError:
        raise BadInputError("the JSON is too deep; give a list of plain objects") from None
    except ValueError:
        return _lines(text)
    if isinstance(whole, list):
        return [(f"item {i}", _object(value)) for i, value in enumerate(whole, start=1)]
    return [("the file", _object(whole))]


def _lines(text: str) -> list[tuple[str, dict[str, Any]]] | None:
    """JSON lines; a line that is broken is an object of its own, so that it is named."""
    found: list[tuple[str, dict[str, Any]]] = []
    broken = 0
    for number, line in enumerate(text.split("\n"), start=1):  # U+2028 is legal in a string
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value, broken = {records.BROKEN: line}, broken + 1
        found.append((f"line {number}", _object(value)))
    return found if 2 * broken < len(found) else None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"sentence": value}
    return value if isinstance(value, dict) else {"value": value}
