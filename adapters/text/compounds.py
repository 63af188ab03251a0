"""Common nouns told in other ways: the address of the office, our boiler that is "the boiler"."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from adapters.text.names import DETERMINERS, OPENERS, adjacent, first_word, joined_key
from adapters.text.words import Word, set_of

_HANGS = ("of", "for")
_OWNERS = DETERMINERS | set_of("my our your")
_SPEAKERS = ("our", "my")
_AGAIN = set_of("again now here currently today exactly")  # behind a name, and no part of it

Run = tuple[int, int, tuple[str, ...]]
"""The first and the last word of a run, and the keys that it may be taught by."""


def told_otherwise(
    text: str, words: Sequence[Word], longest: int, begins: Callable[[str], bool]
) -> Iterator[Run]:
    """Runs of words that tell of common nouns in another way than their keys.

    "Address of the office" and "office's address" are the office address, and "the boiler" may be
    ours or mine.
    """
    ours = [owner for owner in _SPEAKERS if begins(first_word(owner))]
    for i in range(len(words) if ours else 0):
        yield from ((i, last, keys) for last, keys in _definite(words, i, longest, ours))
    for i in range(1, len(words)):
        for first, last, key in (*_hung(words, i, longest), *_owned(words, i, longest)):
            if begins(first_word(key)) and not _goes_on(text, words, last):
                yield first, last, (key,)


def _definite(
    words: Sequence[Word], at: int, longest: int, owners: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The things of the speaker's that "the X" may be, where word `at` is the "the"."""
    if words[at].key != "the":
        return
    for last in range(at + 1, min(len(words), at + longest)):
        if not _is_plain(words[at + 1 : last]):
            return
        yield last, tuple(f"{o} {joined_key(words[at + 1 : last + 1])}" for o in owners)


def _hung(words: Sequence[Word], at: int, longest: int) -> Iterator[tuple[int, int, str]]:
    """The compounds of "R of the X", where word `at` is the "of"."""
    if words[at].key not in _HANGS:
        return
    begin = at + 1
    while begin + 1 < len(words) and words[begin].key in _OWNERS:
        begin += 1
    for first in range(at - 1, max(-1, at - longest), -1):
        if not _is_plain(words[first:at]):
            return
        for last in range(begin, min(len(words), begin + longest - (at - first))):
            if not _is_plain(words[begin : last + 1]):
                break
            yield first, last, joined_key([*words[begin : last + 1], *words[first:at]])


def _owned(words: Sequence[Word], at: int, longest: int) -> Iterator[tuple[int, int, str]]:
    """The compounds of "X's R", where word `at` is the first of R."""
    if not words[at - 1].possessive:
        return
    for first in range(at - 1, max(-1, at - longest), -1):
        owner = [*words[first : at - 1], replace(words[at - 1], possessive=False)]
        if not _is_plain(owner):
            return
        for last in range(at, min(len(words), first + longest)):
            if not _is_plain(words[at : last + 1]):
                break
            yield first, last, joined_key([*owner, *words[at : last + 1]])


def _is_plain(words: Sequence[Word]) -> bool:
    """Whether words may all be common nouns: none is a name's, an owner or grammar alone."""
    return not any(w.capital or w.possessive or w.key in OPENERS for w in words)


def _goes_on(text: str, words: Sequence[Word], last: int) -> bool:
    """Whether the next word may belong to the name: "the address of the office manager"."""
    if words[last].possessive or last + 1 >= len(words):
        return words[last].possessive
    behind = words[last + 1]
    return adjacent(text, words[last], behind) and behind.key not in OPENERS | _AGAIN
