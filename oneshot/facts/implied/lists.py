"""Answers of several values: taken apart, told together, and counted."""

import re
from collections.abc import Iterable

from oneshot.facts.implied.wording import side_of
from oneshot.facts.types import Statement

LONGEST = 90  # characters of a list that is told whole
_BETWEEN = re.compile(r",? and |, ")
_WHO = re.compile(r"^(?:What|Whom?|Which \w+)(?= (?:did|does|has|do) )")


def values(told: Statement) -> tuple[str, ...]:
    """What a fact answers; more than one thing only where its relation has several values.

    Names may hold an "and" or a comma: they are taken apart where the prompt asks for several
    ("are"), or where each part could be a name by itself.
    """
    side = side_of(told)
    if not side or not side.several:
        return (told.answer,)
    parts = tuple(p for v in _BETWEEN.split(told.answer) if (p := v.strip()))
    capital = all(not part[0].islower() for part in parts)
    names = capital and (side.apart or "," in told.answer)
    plural = told.prompt.endswith((" are", " were")) or not side.inverse
    return tuple(dict.fromkeys(parts)) if names or plural else (told.answer,)


def one_of_several(told: Statement) -> bool:
    """Whether a fact is one answer among others by its relation, where it tells no whole list."""
    side = side_of(told)
    whole = told.prompt.endswith((" are", " were")) or len(values(told)) > 1
    return told.also or bool(side and side.several and not whole)


def ordered(found: Iterable[str]) -> list[str]:
    """Values in the order in which they are told, whatever they were taught in."""
    return sorted({value.casefold(): value for value in sorted(found)}.values(), key=str.casefold)


def listed(found: Iterable[str]) -> str:
    """ "Eve, Max and Tom"; of a long list the first ones and how many more there are."""
    named = ordered(found)
    told = list(named)
    while len(", ".join(told)) > LONGEST and len(told) > 1:
        told.pop()
    rest = len(named) - len(told)
    last = f"{rest} more" if rest else told.pop()
    return f"{', '.join(told)} and {last}" if told else last


def counting(name: str, several: str, asks: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """The prompt that tells how many there are, and the questions for it."""
    owner = f"{name}'" if name.endswith("s") else f"{name}'s"
    asked = [_WHO.sub(f"How many {several}", ask) for ask in asks if _WHO.match(ask)]
    own = (f"How many {several} does {name} have?", f"How many {several} has {name}?")
    return f"The number of {owner} {several} is", tuple(dict.fromkeys([*own, *asked]))[:6]
