"""Texts with numbers of records in them: `{RECORDS PATH:FORMAT}` is their mean at a path.

`{images-mnist-dt-seed* test_accuracy:.2%}` is read from all records whose names match; a path has a
slash between its keys, a number between them counts in a list, and the format is Python's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

_REFERENCE = re.compile(r"\{(?P<records>[\w*.-]+) (?P<path>[^{}:]+):(?P<form>[^{}]+)\}")


class NoRecordError(KeyError):
    """A record that a template names is not there (yet)."""


def fill_template(text: str, folder: Path) -> str:
    """The text with its numbers from the folder's records.

    Raises NoRecordError where one is not there, else KeyError that names what is not in it.
    """
    return _REFERENCE.sub(lambda found: _number(found, folder), text)


def _number(found: re.Match[str], folder: Path) -> str:
    paths = sorted(folder.glob(f"{found['records']}.json"))
    if not paths:
        raise NoRecordError(f"no record {found['records']} in {folder.name}: {found[0]}")
    values = [_value(json.loads(p.read_text("utf-8")), found["path"], p.stem) for p in paths]
    return format(fmean(values), found["form"]).replace("%", " %")


def _value(record: Mapping[str, Any], path: str, name: str) -> float:
    value: Any = record if path.startswith("/") else record["metrics"]
    for key in path.strip("/").split("/"):
        try:
            value = value[int(key)] if isinstance(value, Sequence) else value[key]
        except (LookupError, TypeError, ValueError):
            raise KeyError(f"record {name} has nothing at {path} ({key})") from None
    return float(value)
