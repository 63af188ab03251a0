"""The country of a place: asked for where a fact tells the town, and another where that lies."""

import re
from collections.abc import Sequence

from adapters.text.words import set_of

_ASKED = re.compile(r"\b(?:which|what) (?:country|nation|kingdom)\b", re.IGNORECASE)
_NAMED = re.compile(r"\bthe (?:country|nation|kingdom)\b", re.IGNORECASE)
_LIES = re.compile(
    r"\b(?:is|lies) (?:(?:located|situated) )?in(?: the)?$|\bis an? [\w -]+ in(?: the)?$|"
    r"^The country of .+ is(?: the)?$",
    re.IGNORECASE,
)
_OF_COUNTRIES = re.compile(
    r"\b(?:capital|currency|president|prime minister|king|queen|borders?|national|official)\b",
    re.IGNORECASE,
)
_CONTINENTS = set_of("europe asia africa america oceania antarctica eu")


def asks_country(clause: str) -> bool:
    """Whether a clause asks for a country."""
    return bool(_ASKED.search(clause))


def is_country(phrase: str) -> bool:
    """Whether a phrase stands for a country: "the country where Ann was born"."""
    return bool(_NAMED.match(phrase))


def where_it_lies(told: Sequence[tuple[str, str]]) -> int | None:
    """Which of a place's facts, each a prompt and its answer, tells the country that it lies in;
    None where it is likely a country itself, or nothing tells.
    """
    if any(_OF_COUNTRIES.search(prompt) for prompt, _ in told):
        return None
    found = [
        i
        for i, (prompt, answer) in enumerate(told)
        if _LIES.search(prompt) and answer.lower().split()[-1] not in _CONTINENTS
    ]
    return found[0] if len(found) == 1 else None
