"""Statements and questions from files and streams."""

import codecs
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Protocol, TypeAlias, runtime_checkable

from oneshot.errors import BadInputError
from oneshot.facts.language.checking import MAX_QUESTION, check_statement, statement
from oneshot.facts.language.parquet import SUFFIX, parquet_rows
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.language.text import check_text
from oneshot.facts.types import Statement

_Record: TypeAlias = Mapping[str, Any]

_MAX_LINE = 1 << 20
_MAX_DOCUMENT = 1 << 28
_PROMPT_KEYS = ("prompt", "prompts")
_ANSWER_KEYS = ("answer", "target_new")
_LIST_KEYS = (*_PROMPT_KEYS, *_ANSWER_KEYS, "subject", "source")


@runtime_checkable
class Stream(Protocol):
    """What is read from: any open binary or text file."""

    def readline(self, size: int, /) -> bytes | str:
        """Return the next line, cut at `size`; empty at the end."""

    def read(self, size: int, /) -> bytes | str:
        """Return what is left, cut at `size`."""


Source: TypeAlias = str | Path | Stream


def read_statements(
    source: Source, name: str, templates: Sequence[str] = ()
) -> Iterator[Statement]:
    """Yield the statements of a file or stream, each as soon as its line is complete.

    `source` is a path, an open stream or "-" for standard input; the suffix of `name` or the
    content decides: JSON lines, CSV, one JSON document, Parquet (of a path alone), or .txt with a
    sentence a line, which `templates` help to split. Keys are prompt and answer, or sentence, and
    where known subject, source, asks (further wordings, one or a list), aliases, also (whether
    other answers hold beside it), since and until. BadInputError, with name and line, where
    something cannot be used.
    """
    for place, record in _records(source, name, "sentence"):
        try:
            found = statement_of(record, templates)
        except BadInputError as error:
            raise BadInputError(f"{place}: {error}") from None
        yield found


def read_questions(source: Source, name: str) -> Iterator[str]:
    """Yield the questions of a file or stream: key or column `question`, or one a line, as .txt and
    what is piped in may have them.

    Questions in JSON and CSV may have several lines; else formats and errors are those of
    `read_statements`.
    """
    for place, record in _records(source, name, "question"):
        try:
            asked = _text(record, "question").strip()
            question = check_text(asked, "question", MAX_QUESTION, lines=True)
        except BadInputError as error:
            raise BadInputError(f"{place}: {error}") from None
        yield question


def statement_of(record: _Record, templates: Sequence[str] = ()) -> Statement:
    """The statement of one record, by its keys; BadInputError where it gives none."""
    subject, source = _optional(record, "subject"), _optional(record, "source")
    asks, aliases = _texts(record, "asks", "ask"), _texts(record, "aliases", "alias")
    if record.get("sentence") is not None:
        sentence = _text(record, "sentence")
        made = parse_sentence(
            sentence, templates, subject=subject, source=source, asks=asks, aliases=aliases
        )
    else:
        prompt, answer = _text(record, *_PROMPT_KEYS), _text(record, *_ANSWER_KEYS)
        made = statement(prompt, answer, subject, source, asks, aliases)
    return check_statement(
        replace(
            made,
            also=made.also or record.get("also") in (True, "true", "yes", "1"),
            since=_optional(record, "since") or made.since,
            until=_optional(record, "until") or made.until,
        )
    )


def _texts(record: _Record, *keys: str) -> list[str]:
    """The texts under the keys, each of which holds one or a list."""
    values = [record[key] for key in keys if record.get(key) is not None]
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    for text in texts:
        if not isinstance(text, str):
            raise BadInputError(
                f"{keys[0]} holds a JSON {_kind(text)}: give text in double quotes, or a list of it"
            )
    return texts


def _text(record: _Record, *keys: str) -> str:
    found = next((text for key in keys if (text := _optional(record, key)) is not None), None)
    if found is None:
        raise BadInputError(f"no {' or '.join(keys)} given: add it")
    return found


def _optional(record: _Record, key: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise BadInputError(f"{key} is a JSON {_kind(value)}: give text in double quotes")
    return value


def _kind(value: object) -> str:
    names = {dict: "object", list: "list", bool: "boolean", type(None): "null", str: "string"}
    return names.get(type(value), "number")


def _records(source: Source, name: str, text_key: str) -> Iterator[tuple[str, _Record]]:
    """Yield each record with its place for messages; .txt lines become records of `text_key`."""
    if isinstance(source, str | Path) and PurePath(name).suffix.lower() == SUFFIX:
        rows = enumerate(parquet_rows(Path(source)), start=1)
        yield from ((f"{name}, row {number}", record) for number, record in rows)
        return
    try:
        with _opened(source) as stream:
            yield from _decided(stream, name, text_key)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInputError(f"{name} cannot be read ({reason}): check its path") from None
    except UnicodeDecodeError:  # a text stream decodes before we see a line
        raise BadInputError(f"{name}: not valid UTF-8: save it as UTF-8") from None


def _opened(source: Source) -> AbstractContextManager[Stream]:
    if source == "-":
        return nullcontext(sys.stdin.buffer)
    if isinstance(source, str | Path):
        return Path(source).open("rb")
    return nullcontext(source)


def _decided(stream: Stream, name: str, text_key: str) -> Iterator[tuple[str, _Record]]:
    """Choose the format by the suffix, else by the first line that is not blank."""
    suffix = PurePath(name).suffix.lower()
    number, first = 1, _line(stream).removeprefix(codecs.BOM_UTF8)
    while first and not first.strip():
        number, first = number + 1, _line(stream)
    lines = _lines(first, stream, name, number)
    if suffix == ".txt" or (not suffix and text_key == "question" and _is_plain(first)):
        yield from _plain_lines(lines, name, text_key)
    elif suffix in (".jsonl", ".ndjson"):
        yield from _json_lines(lines, name)
    elif suffix != ".csv" and _opens_document(first):
        yield from _document(first + _encoded(stream.read(_MAX_DOCUMENT)), name, number)
    elif suffix != ".csv" and first.lstrip().startswith(b"{"):
        yield from _json_lines(lines, name)
    else:
        yield from _table(lines, name, number, text_key)


def _is_plain(first: bytes) -> bool:
    """Whether neither JSON nor a table's columns begin here: a question as it is typed."""
    text = first.decode(errors="replace").strip()
    columns = text.lower().replace(";", ",").replace("\t", ",").split(",")
    return not text.startswith(("{", "[")) and "question" not in {c.strip(' "') for c in columns}


def _line(stream: Stream) -> bytes:
    return _encoded(stream.readline(_MAX_LINE + 1))


def _encoded(raw: bytes | str) -> bytes:
    # What cannot be UTF-8 stays wrong in the bytes, so that one check serves both kinds of stream.
    return raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")


def _lines(line: bytes, stream: Stream, name: str, number: int) -> Iterator[tuple[int, str]]:
    while line:
        if len(line) > _MAX_LINE:
            raise BadInputError(f"{name}, line {number}: over 1 MB: give one fact a line")
        yield number, _decoded(line, name, number)
        number, line = number + 1, _line(stream)


def _decoded(raw: bytes, name: str, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        number += raw.count(b"\n", 0, error.start)
        place = f"{name}, line {number}"
        raise BadInputError(f"{place}: not valid UTF-8: save it as UTF-8") from None


def _opens_document(first: bytes) -> bool:
    """Whether JSON starts here that goes on in the next lines, or is a list."""
    if not first.lstrip().startswith(b"{"):
        return first.lstrip().startswith(b"[")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return True
    return False


def _plain_lines(
    lines: Iterator[tuple[int, str]], name: str, text_key: str
) -> Iterator[tuple[str, _Record]]:
    for number, line in lines:
        if line.strip() and not line.startswith("#"):
            yield f"{name}, line {number}", {text_key: line}


def _json_lines(lines: Iterator[tuple[int, str]], name: str) -> Iterator[tuple[str, _Record]]:
    for number, line in lines:
        if line.strip():
            yield from _expanded(_json(line, name, number), f"{name}, line {number}")


def _document(raw: bytes, name: str, number: int) -> Iterator[tuple[str, _Record]]:
    if len(raw) >= _MAX_DOCUMENT:
        raise BadInputError(f"{name}: over 256 MB: give JSON lines, one fact a line")
    content = _json(_decoded(raw, name, number), name, number)
    if not isinstance(content, list):
        yield from _expanded(content, name)
        return
    for item, record in enumerate(content, start=1):
        yield from _expanded(record, f"{name}, item {item}")


def _json(text: str, name: str, number: int) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        number += error.lineno - 1 if isinstance(error, json.JSONDecodeError) else 0
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
        raise BadInputError(
            f"{name}, line {number}: not JSON ({reason}): give an object with prompt and answer"
        ) from None


def _expanded(record: object, place: str) -> Iterator[tuple[str, _Record]]:
    """Yield a record itself, or one for each place of its parallel lists."""
    if not isinstance(record, dict):
        raise BadInputError(
            f"{place}: a JSON {_kind(record)}: give an object with the keys prompt and answer"
        )
    lists = {key: record[key] for key in _LIST_KEYS if isinstance(record.get(key), list)}
    if "prompts" not in lists:
        yield place, record
        return
    if len({len(values) for values in lists.values()}) > 1:
        raise BadInputError(
            f"{place}: {', '.join(lists)} differ in length: give lists of one length"
        )
    for item, row in enumerate(zip(*lists.values(), strict=True), start=1):
        yield f"{place}, item {item}", {**record, **dict(zip(lists, row, strict=True))}


def _table(
    lines: Iterator[tuple[int, str]], name: str, number: int, text_key: str
) -> Iterator[tuple[str, _Record]]:
    rows = csv.reader((line for _, line in lines), strict=True)
    try:
        header = [column.strip() for column in next(rows, [])]
        if header and not {text_key, *_PROMPT_KEYS} & set(header):
            raise BadInputError(
                f"{name}, line {number}: neither JSON nor a CSV header with {text_key}: "
                "start with the column names, or name the file .txt"
            )
        for row in filter(None, rows):
            place = f"{name}, line {number + rows.line_num - 1}"
            yield place, {key: cell or None for key, cell in zip(header, row, strict=False)}
    except csv.Error as error:
        place = f"{name}, line {number + rows.line_num - 1}"
        raise BadInputError(f"{place}: not CSV ({error}): mend the line") from None
