"""The saved memories of ChatGPT, copied as text: a note about the user in each line."""

import re
from collections.abc import Iterator

from oneshot.facts.sources.person import by_user
from oneshot.facts.sources.understanding import Content, Item, Understanding

_MARK = re.compile(r"^(?:[-*\u2022]|\d{1,4}[.)])\s+")
_DATE = re.compile(r"^\[?\d{4}-\d{2}-\d{2}\]?[\s:.\-\u2013]*")
_USER = re.compile(r"^(?:the )?user(?:['\u2019]s)?\b", re.IGNORECASE)


def fits(content: Content) -> bool:
    """Whether at least half of the lines are about a user."""
    notes = [_note(line) for _, line in content.lines()]
    about = sum(bool(_USER.match(note)) for note in notes)
    return about > 0 and 2 * about >= len(notes)


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The facts of each note, as the user says them."""
    for place, line in content.lines():
        yield from understanding.sentences(place, _note(line), by_user())


def _note(line: str) -> str:
    """A line without its mark and date."""
    return _DATE.sub("", _MARK.sub("", line))
