"""What a configuration file asks of an experiment, with one line for what is wrong in it."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

Plan = TypeVar("Plan")


def _read(path: Path) -> dict[str, Any]:
    """A file's settings; SystemExit with one line where it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SystemExit(f"{path} cannot be read ({error.strerror}): check its path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SystemExit(f"{path} is no TOML: {error}") from None


def read_plan(path: Path, kind: type[Plan]) -> Plan:
    """A file's settings as a plan; SystemExit with one line for keys missing or unknown."""
    values, known = _read(path), [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if unknown := sorted(values.keys() - set(known)):
        raise SystemExit(f"{path}: unknown {', '.join(unknown)}; there are {', '.join(known)}")
    try:
        return kind(**values)
    except TypeError as error:  # a setting without a default is missing
        raise SystemExit(f"{path}: {error}".replace(f"{kind.__name__}.__init__() ", "")) from None
