"""Names and places that nobody taught: they compete with taught ones for what is asked."""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from adapters.text.names import (
    DETERMINERS,
    OPENERS,
    Mention,
    adjacent,
    are_initials,
    begins_clause,
    joined_key,
)
from adapters.text.words import Word, set_of

LOCATIVE = set_of("at in from to near")
TIMES = set_of(
    "morning evening afternoon night day week month year moment time end beginning future past"
)
PARTS = set_of("back front top bottom middle side center centre corner left right")
_NAMED = re.compile(  # a clause's first words that are surely a name
    r"[\w'\u2019.-]+(?:['\u2019]s\b|,| [A-Z]| "
    r"(?:is|was|has|had|lies|lived|lives|knows|said|and|\w+ed)\b)"
)


def untaught_names(text: str, words: Sequence[Word], taught: Sequence[Mention]) -> list[Mention]:
    """Runs of capitalised words that nobody taught: other names, which compete for a relation."""
    covered = {i for mention in taught for i in range(mention.first, mention.last + 1)}
    found, run = [], list[int]()
    for i in range(len(words) + 1):
        if i < len(words) and i not in covered and _capital(text, words[i], i + 1 in covered):
            if run and not adjacent(text, words[run[-1]], words[i]):
                found.append(run)
                run = []
            run.append(i)
        elif run:
            found.append(run)
            run = []
    return [_mention(words, run) for run in found]


def untaught_places(text: str, words: Sequence[Word], taught: Sequence[Mention]) -> list[Mention]:
    """Places told as a taught one is ("at the gym" beside "at the office"), which compete too.

    Behind a comma, or before one, they do so however the taught one is told.
    """
    covered = {i for mention in taught for i in range(mention.first, mention.last + 1)}
    runs = [
        [i - 1, i]
        for i in range(2, len(words))
        if i not in covered
        and words[i - 1].key in DETERMINERS
        and not words[i].capital
        and words[i].key not in TIMES | PARTS
        and [word.key for word in words[i + 1 : i + 2]] != ["of"]  # "in the capital of Zog"
        and _is_place(words, i)
    ]
    places = [_mention(words, run) for run in runs]
    return [p for p in places if any(_compete(text, words, p, mention) for mention in taught)]


def _compete(text: str, words: Sequence[Word], place: Mention, taught: Mention) -> bool:
    first, second = sorted([place, taught], key=lambda mention: mention.start)
    return _is_place(words, taught.first) or "," in text[first.end : second.start]


def _is_place(words: Sequence[Word], at: int) -> bool:
    """Whether the word follows "at", "at the", ..."""
    before = at - 1 if at and words[at - 1].key not in DETERMINERS else at - 2
    return before >= 0 and words[before].key in LOCATIVE


def _capital(text: str, word: Word, before_taught: bool) -> bool:
    if are_initials(text, word):
        return False  # rather what is asked than of whom
    if not word.capital or word.key in OPENERS:
        return False
    if not begins_clause(text, word):
        return True
    named = _NAMED.match(text, word.start)
    if named is None:
        return False
    return not (before_taught and named[0].endswith(tuple(ascii_uppercase)))


def _mention(words: Sequence[Word], run: Sequence[int]) -> Mention:
    return Mention(
        joined_key([words[i] for i in run]),
        run[0],
        run[-1],
        words[run[0]].start,
        words[run[-1]].end,
    )
