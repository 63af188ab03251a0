"""What a command line or a caller names: pictures, folders, sentences, files of texts."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from oneshot.errors import BadInputError
from oneshot.images.pictures.folders import pictures_in
from oneshot.images.pictures.reading import SUFFIXES

_LARGEST = 1 << 28
"""Bytes of a file of texts."""


SENTENCES = frozenset({".txt", ".text"})
"""How names of files end that hold a sentence a line."""

_OTHERS = "csv doc docx heic htm html json jsonl log md odt pdf rtf svg tsv xml"
_FILES = SENTENCES | SUFFIXES | {f".{ending}" for ending in _OTHERS.split()}
"""How names end that are those of files."""


def is_text(given: str) -> bool:
    """Whether something given is a text: no file or folder, and not named like one."""
    if _is_named_like_a_file(given):
        return False
    try:
        return not Path(given).exists()
    except OSError:  # too long for a path
        return True


def _is_named_like_a_file(given: str) -> bool:
    """Whether it looks like a path: one that is missing is a mistake, and no text."""
    if "\n" in given or len(given) > 1000:
        return False
    return _is_path(given) or Path(given).suffix.lower() in _FILES


def _is_path(given: str) -> bool:
    """Whether it is one word that starts or ends like a path, or in a folder that is there."""
    if any(map(str.isspace, given)):
        return False
    first, *others = Path(given).parts or ("",)
    return given.startswith(("/", "./", "../", "~/")) or (
        "/" in given and (given.endswith("/") or (bool(others) and is_folder(first)))
    )


def is_folder(given: str) -> bool:
    """Whether something given is a folder."""
    try:
        return Path(given).is_dir()
    except OSError:  # too long for a path
        return False


def pictures(given: Iterable[str]) -> list[str]:
    """Files, with those of folders in their place.

    Raises BadInputError for a file that is not there, or a folder without any.
    """
    found = [
        path
        for one in given
        for path in (pictures_in(Path(one)) if is_folder(one) else [Path(one)])
    ]
    for path in found:
        if is_text(str(path)) or not path.exists():
            raise BadInputError(f"{str(path)[:200]} does not exist; check its path")
    return [str(path) for path in found]


def texts(given: Sequence[str]) -> list[str]:
    """Sentences as they are, and the lines of files of sentences.

    Raises BadInputError for what is named like a file and is none, or is one of another kind.
    """
    found = list[str]()
    for one in given:
        if not _is_named_like_a_file(one):
            found.append(one)
        elif Path(one).suffix.lower() in SENTENCES or not Path(one).exists():
            found += [line for line in _lines(Path(one)) if line.strip()]
        else:
            raise BadInputError(
                f"{one} is a file, but none of sentences; give one that ends in .txt, with a "
                "sentence a line, or --file FILE.jsonl"
            )
    if not found:
        raise BadInputError(f"{given[0]} holds no text; give a sentence a line")
    return found


def labelled_texts(path: Path) -> dict[str, list[str]]:
    """Texts by class from JSON lines with `text` and `class`; BadInputError names a bad line."""
    found = dict[str, list[str]]()
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            text, name = record["text"], record["class"]
        except (ValueError, KeyError, TypeError, RecursionError):
            text = name = None
        if not isinstance(text, str) or not isinstance(name, str):
            raise BadInputError(
                f'{path}, line {number}: give an object like {{"text": "...", "class": "..."}}'
            )
        found.setdefault(name, []).append(text)
    if not found:
        raise BadInputError(f"{path} is empty; give JSON lines with text and class")
    return found


def _lines(path: Path) -> list[str]:
    """Its lines, which line feeds alone end: JSON and sentences may hold U+2028 and U+0085."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BadInputError(f"{path} is over {_LARGEST >> 20} MB; split it")
        return path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}); check its path") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not valid UTF-8; save it as UTF-8") from error
