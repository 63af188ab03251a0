"""The bank of relations: wordings of what people tell and ask, by kind of subject, in TOML files.

A fifth of the relations, by the hash of their names, never enter a calibration: they measure it.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

FOLDER = files("oneshot.hosts") / "corpus" / "relations"
ROOMS = ("people", "daily", "places", "organisations", "works", "things", "world")
HELD_OUT = 5  # one relation in so many
_SMALL = re.compile(r"(?<![\w{])[a-z]+(?!\w)")


@dataclass(frozen=True)
class Relation:
    """A relation's name, the kind of its subjects, whether it has many values, its wordings."""

    name: str
    of: str
    many: bool
    clozes: tuple[str, ...]
    questions: tuple[str, ...]

    @property
    def held_out(self) -> bool:
        """Whether it is kept for measuring."""
        digest = hashlib.sha256(self.name.encode()).digest()
        return int.from_bytes(digest, "big") % HELD_OUT == 0


@cache
def relations() -> tuple[Relation, ...]:
    """All relations of the bank; their names begin with their file's."""
    return tuple(relation for room in ROOMS for relation in _read(room))


@cache
def names() -> dict[str, tuple[str, ...]]:
    """Invented names by kind of subject; a kind's name begins with its file's."""
    return {
        f"{room}:{kind}": tuple(listed)
        for room in ROOMS
        for kind, listed in _toml(f"names-{room}").items()
    }


def worded(seed: int = 0) -> Iterator[tuple[Relation, str, str, bool]]:
    """(relation, text, name as it stands there, is a cloze) of every wording."""
    draw = Random(seed)
    for relation in relations():
        pool = names()[relation.of]
        for template in (*relation.clozes, *relation.questions):
            name = draw.choice(pool)
            text = _capital(template.replace("{}", name))
            there = name if name in text else _capital(name)
            yield relation, text, there, template in relation.clozes


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _read(room: str) -> Iterator[Relation]:
    for name, entry in _toml(room).items():
        yield Relation(
            f"{room}:{name}",
            f"{room}:{entry['of']}",
            bool(entry["many"]),
            tuple(entry["clozes"]),
            tuple(entry["questions"]),
        )


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def spoken(name: str) -> str:
    """A relation's name as it is shown."""
    return name.partition(":")[2].replace("_", " ")


@cache
def common_words() -> frozenset[str]:
    """The words that the bank's wordings write in small letters: no names by themselves."""
    texts = (text for r in relations() for text in (*r.clozes, *r.questions))
    return frozenset(word for text in texts for word in _SMALL.findall(text))
