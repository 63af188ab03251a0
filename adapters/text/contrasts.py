"""Words that name different things where a host's states tell them hardly apart: mother and father.

`contrasts.txt` lists them; words that may mean the same have a sense in common.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from adapters.text.words import closed, words_of

_TURNED = re.compile(r"\b(?:is|was|are|were) (?:the|an?) [\w' -]+ (?:of|to)(?: an?\b.*)?$")
"""A prompt that tells whose noun its name is: "Ann is the mother of" tells a child."""

_KIND = re.compile(  # "Zog is a country in" tells a continent, "how old" asks for an age
    r"(?<=\w )an? [\w-]+|\bhow old\b|\bnext to\b", re.IGNORECASE
)
_OPPOSITE = re.compile(  # "until when is it open" asks when it closes
    r"\b(?:until|till|except|not|never|law)\b|n['\u2019]t\b", re.IGNORECASE
)

_ONE_OF_THEM = re.compile(  # of several that hold one after the other, or beside each other
    r"\b(?P<which>first|second|third|former|previous|past|deputy|vice|acting)[ -]"
    r"(?P<noun>(?!names?\b)[\w-]+)",
    re.IGNORECASE,
)
_FIELD = re.compile(  # what somebody is the head of, but not of all
    r"^the (?:[\w-]+ ){0,2}?(?:head|director|manager|leader|chief|chair|professor|teacher|minister|"
    r"secretary|president|officer|lead) of (?P<field>[a-z][a-z -]+?) (?:at|in|of|for) ",
    re.IGNORECASE,
)

Senses = dict[str, frozenset[str]]


@cache
def _groups() -> tuple[Senses, ...]:
    text = (files("adapters.text") / "contrasts.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return tuple(map(_read, lines))


def _read(line: str) -> Senses:
    senses = Senses()
    for part in line.split("|"):
        words, _, meant = part.partition(":")
        senses |= dict.fromkeys(words.split(), frozenset((meant or words.split()[0]).split()))
    return senses


def contrasted(clause: str, prompt: str) -> bool:
    """Whether a clause without its name asks for a thing that is surely not what a prompt tells."""
    if _of_another_one(clause, prompt):
        return True
    if _TURNED.search(prompt) or any(map(_OPPOSITE.search, (clause, prompt))):
        return False
    asked, told = map(_keys, (clause, prompt))
    return any(_apart(senses, asked, told) for senses in _groups())


def _of_another_one(clause: str, prompt: str) -> bool:
    """Whether a clause asks for the first mayor where a prompt tells the mayor, or for a head of
    all where it tells one of procurement.
    """
    if one := _ONE_OF_THEM.search(clause):
        told = {word.key for word in words_of(prompt)}
        if one["which"].lower() not in told and one["noun"].lower() in told:
            return True
    if field := _FIELD.match(prompt):
        asked = {word.key for word in words_of(clause)}
        return not asked & {word.key for word in words_of(field["field"])}
    return False


@lru_cache(4096)
def _keys(text: str) -> tuple[str, ...]:
    """The words of a text, and those that a hyphen parts as one too: "e-mail"."""
    words = words_of(_KIND.sub(" ", text))
    keys = tuple(word.key for word in words)
    return keys + tuple(word.key for word in closed(words) if word.key not in keys)


def _apart(senses: Senses, asked: Sequence[str], told: Sequence[str]) -> bool:
    """One word of a group each: "the mother of Ann's wife" may be told in many ways."""
    one, other = ([word for word in words if word in senses] for words in (asked, told))
    return len(one) == len(other) == 1 and not senses[one[0]] & senses[other[0]]
