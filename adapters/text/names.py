"""Names as keys, and the runs of words in a text that may be one."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from adapters.text.words import Word, closed, plain, set_of, words_of

DETERMINERS = set_of("the a an this that these those")
FIRST_PERSON = set_of("i me my mine myself")
POSSESSED = "'s"
SPEAKER = "i"  # the key of whoever speaks
LONGEST = 12  # words of a name
TITLES = set_of(
    "mr mrs ms miss dr doctor prof professor president prime minister king queen prince "
    "princess sir lady lord dame captain general colonel major judge senator governor mayor "
    "pope bishop saint emperor empress chancellor chairman director ceo coach uncle aunt "
    "brother sister mother father"
)
LONGER = set_of(
    "new old north south east west northern southern eastern western upper lower great "
    "greater little st saint fort port mount mt lake cape san santa los las el la le de "
    "inner outer central"
)
OPENERS = set_of(
    "the a an is are was were does do did has have had can could will would should who what "
    "where when which whose whom why how in on at of for from to by with about and but or "
    "if as unlike like after before since while because although though so then also not no "
    "yes tell give name say remind please i we you he she it they my our your his her their "
    "its this that these those regarding concerning say remember note"
)

CLOSED = "-"  # behind the key of a name that was taught with a hyphen, as it reads without it
PART = "~ "  # before the key of a first or last name; no word of a text has it
NO_PERSON = set_of(
    "city town village county state states republic kingdom union empire river lake sea bay gulf "
    "island islands mount mountain hill hills valley street road lane avenue square park bridge "
    "tower house hall castle palace church cathedral abbey temple station airport port harbour "
    "university college school academy institute museum gallery library theatre hospital hotel "
    "restaurant bank company corporation corp inc ltd llc gmbh group industries systems motors "
    "airlines airways records studios pictures games software technologies press times post news "
    "daily journal magazine party club united rovers fc league cup festival prize award orchestra "
    "band project office team department committee council court army navy war battle treaty act "
    "and"
)


@dataclass(frozen=True)
class Mention:
    """A name in a text: its key, its words [first, last], and its place in characters."""

    key: str
    first: int
    last: int
    start: int
    end: int


@lru_cache(1 << 16)
def name_key(name: str) -> str:
    """A name as it is compared; whoever speaks has one key for all of its words."""
    words = _without_determiners(words_of(name))
    alone = len(words) == 1 and words[0].key in FIRST_PERSON
    return SPEAKER if alone else joined_key(words)


def _without_determiners(words: Sequence[Word]) -> Sequence[Word]:
    while len(words) > 1 and words[0].key in DETERMINERS:
        words = words[1:]
    return words


def joined_key(words: Sequence[Word]) -> str:
    """The key of a name's words; a possessive inside it is told from none."""
    inner = [f"{w.key}{POSSESSED}" if w.possessive else w.key for w in words[:-1]]
    return " ".join([*inner, *(w.key for w in words[-1:])])


def name_keys(name: str, aliases: Sequence[str] = ()) -> list[str]:
    """The keys that a name is known by: its own, its plural if it is a common noun, aliases."""
    keys = [name_key(name)]
    last = words_of(name)[-1:] if keys[0] != SPEAKER else []
    if last and not last[0].capital and not last[0].number and last[0].key.isalpha():
        keys += [key for key in (f"{keys[0]}s", keys[0].removesuffix("s")) if key]
    return list(dict.fromkeys([*keys, *map(name_key, aliases)]))


def plain_keys(keys: Sequence[str]) -> list[str]:
    """Names as they are typed without their accents, where they have some."""
    return list(dict.fromkeys(bare for key in keys if (bare := plain(key)) not in keys))


def closed_keys(name: str, aliases: Sequence[str] = ()) -> list[str]:
    """Names with a hyphen as they are typed without it: a name in just these words comes first."""
    keys = {key: name_key(key) for key in (name, *aliases)}
    found = (f"{joined_key(closed(_without_determiners(words_of(n))))}{CLOSED}" for n in keys)
    return [k for k, name in zip(found, keys.values(), strict=True) if k != f"{name}{CLOSED}"]


def person_parts(name: str) -> list[str]:
    """The keys of the first and the last name, where a name looks like a person's."""
    words = words_of(name)
    named = all(w.capital and w.key.isalpha() and not w.possessive for w in words)
    if not named or not 2 <= len(words) <= 3 or any(w.key in NO_PERSON | LONGER for w in words):
        return []
    ends = [words[-1]] if words[0].key in TITLES else [words[0], words[-1]]
    return [f"{PART}{w.key}" for w in ends if len(w.key) > 2 and w.key not in OPENERS]


def first_word(key: str) -> str:
    """The first word of a name's key; whoever speaks has one for "my sister" and "mine" too."""
    word = key.partition(" ")[0].removesuffix(CLOSED).removesuffix(POSSESSED)
    return SPEAKER if word in FIRST_PERSON else word


def key_number(key: str) -> int:
    """A key as a 64-bit number."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def candidates(
    words: Sequence[Word], longest: int, begins: Callable[[str], bool]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(first, last, keys) of every run of words that may be a name, by the first words of names;
    the surest key comes first.
    """
    for first in range(len(words)):
        if not any(begins(first_word(key)) for key in _first_keys(words, first)):
            continue
        last, length = first, 1
        while last < len(words) and length <= longest:
            yield first, last, _run_keys(words[first : last + 1])
            last += 1
            length += last < len(words) and not words[last].joined


def _first_keys(words: Sequence[Word], first: int) -> list[str]:
    """The first word of a run, and what it is with the words that hyphens join to it."""
    end = first + 1
    while end < len(words) and words[end].joined:
        end += 1
    return [words[first].key, closed(words[first:end])[0].key]


def _run_keys(run: Sequence[Word]) -> tuple[str, ...]:
    """The keys that a run of words may be taught by."""
    if len(run) == 1 and run[0].key in FIRST_PERSON:
        return (SPEAKER,)
    key, whole = joined_key(run), joined_key(closed(run))
    return tuple(dict.fromkeys([key, whole, f"{key}{CLOSED}"]))


def adjacent(text: str, left: Word, right: Word) -> bool:
    """Whether two words may be of one name: a space or a hyphen is all that parts them."""
    between = text[left.end : right.start]
    return not between.strip("\u00a0 -\u2010\u2011") and not left.possessive


def are_initials(text: str, word: Word) -> bool:
    """Whether a word is written in capital letters alone: ISBN, VLAN."""
    return word.end - word.start > 1 and text[word.start : word.end].isupper()


def begins_clause(text: str, word: Word) -> bool:
    """Whether the word is the first of its clause, where every word has a capital letter.

    A token that is no text ("<s>") may stand in front.
    """
    before = text[: word.start].rstrip(" \"'\u201c\u2018(\u00a0")
    return not before or before[-1] in ".?!:\n;>"
