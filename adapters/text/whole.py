"""Which words of a text are a whole name, and which a part of a longer one."""

import re
from collections.abc import Sequence

from adapters.text.names import (
    DETERMINERS,
    FIRST_PERSON,
    LONGER,
    NO_PERSON,
    OPENERS,
    TITLES,
    adjacent,
    are_initials,
    begins_clause,
)
from adapters.text.words import POSSESSIVE, Word, set_of, words_of

ASKING_BE = set_of("is was are were")
LINKS = set_of("of the and de du la le von van in for")  # within names
_ENDS = re.compile(r"[.?!;\n]")


def stands_alone(
    text: str, words: Sequence[Word], first: int, last: int, answer: str | None = None
) -> bool:
    """Whether the words are the whole name, and no part of a longer one ("New Freedonia").

    Its `answer` right behind a name is no part of it.
    """
    if words[first].key in FIRST_PERSON and first == last:
        return not owns_a_possessor(words, last)
    if _is_bearer(text, words, first, last):
        return False
    if _continues_before(text, words, first) and not _is_offered_before(text, words, first, last):
        return False
    if not _continues_behind(text, words, last) or _answer_follows(text, words, first, last):
        return True
    said = [word.key for word in words_of(answer or "")]
    return bool(said) and [word.key for word in words[last + 1 :][: len(said)]] == said


def stands_for_a_person(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether a first or last name stands by itself, and is no part of anybody else's."""
    if not words[at].capital or not stands_alone(text, words, at, at):
        return False
    before = words[at - 1] if at and adjacent(text, words[at - 1], words[at]) else None
    return before is None or not before.capital or before.key in TITLES | OPENERS


def _is_bearer(text: str, words: Sequence[Word], first: int, last: int) -> bool:
    """Whether a name follows of somebody of the speaker's: "my sister" of "my sister Ann"."""
    ours = words[first].key in ("my", "our") and last > first
    if not ours or last + 1 >= len(words) or not adjacent(text, words[last], words[last + 1]):
        return False
    name = POSSESSIVE.sub("", text[words[last + 1].start : words[last + 1].end])
    asked = first > 0 and words[first - 1].key in ASKING_BE  # "Is our dog Rex?"
    return name.istitle() and words[last + 1].key not in OPENERS and not asked


def owns_a_possessor(words: Sequence[Word], at: int) -> bool:
    """ "my" in "my brother's name": what is asked belongs to the brother."""
    if words[at].key != "my":
        return False
    owner = next((i for i in range(at + 1, at + 4) if i < len(words) and words[i].possessive), None)
    if owner is None:
        return False
    behind = [word.key for word in words[owner + 1 : owner + 3]]
    return behind[:1] != ["name"] and behind != ["full", "name"]  # "my dentist" is told of me


def _continues_before(text: str, words: Sequence[Word], first: int) -> bool:
    if not first or not adjacent(text, words[first - 1], words[first]):
        return False
    before, name = words[first - 1], words[first]
    if before.key in LONGER and before.capital == name.capital:
        return True
    if not (before.capital and name.capital) or before.key in TITLES | OPENERS:
        return False
    return not begins_clause(text, before) and not _opens_with_a_system(text, words, first)


def _opens_with_a_system(text: str, words: Sequence[Word], first: int) -> bool:
    """Whether the clause begins by where its name is kept: "In DNS Zog Lutz is entered as"."""
    if first < 2:
        return False
    where, system = words[first - 2 : first]
    return where.key in ("in", "on") and begins_clause(text, where) and are_initials(text, system)


def _continues_behind(text: str, words: Sequence[Word], last: int) -> bool:
    if last + 1 >= len(words) or not adjacent(text, words[last], words[last + 1]):
        return False
    behind, name = words[last + 1], words[last]
    if behind.number and (name.capital or name.number):
        return True
    return behind.capital and name.capital and behind.key not in OPENERS and len(behind.key) > 1


def _answer_follows(text: str, words: Sequence[Word], first: int, last: int) -> bool:
    """Whether a name is followed by what may be its answer: "Is the capital of Zog Lutz?".

    The question would be none if those words were the name's end, unless they are a kind of place.
    """
    before = [word.key for word in words[:first] if word.key not in DETERMINERS]
    if before[-1:] != ["of"]:
        return False
    start = next((i for i in range(first, 0, -1) if begins_clause(text, words[i])), 0)
    end = _ENDS.search(text, words[last].end)
    if words[start].key not in ASKING_BE or end is None or end[0] != "?":
        return False
    rest = [w for w in words[last + 1 :] if w.start < end.start()]
    named = all(w.capital or w.number or w.key in LINKS for w in rest)
    return named and rest[0].key not in NO_PERSON


def _is_offered_before(text: str, words: Sequence[Word], first: int, last: int) -> bool:
    """Whether what stands before an owner is what a question offers: "Is Tom Ann's teacher?".

    It would ask nothing if the two were one name: no other words follow.
    """
    start = next((i for i in range(first, 0, -1) if begins_clause(text, words[i - 1])), 0) - 1
    end = _ENDS.search(text, words[last].end)
    if start < 0 or words[start].key not in ASKING_BE or end is None or end[0] != "?":
        return False
    rest = [w for w in words[last + 1 :] if w.start < end.start()]
    named = all(w.capital or w.key in LINKS for w in words[start + 1 : first])
    return words[last].possessive and named and bool(rest) and not any(w.capital for w in rest)
