"""What a command line or a caller names: pictures, folders, sentences, files of texts."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from oneshot.classes.photos import SUFFIXES, photos_in
from oneshot.errors import BadInputError

_LARGEST = 1 << 28
"""Bytes of a file of texts."""


def is_text(given: str) -> bool:
    """Whether something given is no file, no folder and not named like a picture."""
    if Path(given).suffix.lower() in SUFFIXES:
        return False
    try:
        return not Path(given).exists()
    except OSError:  # too long for a path
        return True


def is_folder(given: str) -> bool:
    """Whether something given is a folder."""
    try:
        return Path(given).is_dir()
    except OSError:  # too long for a path
        return False


def pictures(given: Iterable[str]) -> list[str]:
    """Files, with those of folders in their place; BadInputError for a folder without any."""
    return [
        str(path)
        for one in given
        for path in (photos_in(Path(one)) if is_folder(one) else [Path(one)])
    ]


def texts(given: Sequence[str]) -> list[str]:
    """Sentences as they are, and the lines of files that end in .txt."""
    found = list[str]()
    for one in given:
        if one.endswith(".txt") and not is_text(one):
            lines = _content(Path(one)).splitlines()
            found += [line for line in lines if line.strip()]
        else:
            found.append(one)
    if not found:
        raise BadInputError(f"{given[0]} holds no text; give a sentence a line")
    return found


def labelled_texts(path: Path) -> dict[str, list[str]]:
    """Texts by class from JSON lines with `text` and `class`; BadInputError names a bad line."""
    found = dict[str, list[str]]()
    for number, line in enumerate(_content(path).splitlines(), start=1):
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


def _content(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise BadInputError(f"{path} is over {_LARGEST >> 20} MB; split it")
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}); check its path") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not valid UTF-8; save it as UTF-8") from error
