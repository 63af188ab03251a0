"""Names as keys: which words of a text are a name that was taught, and which only look like one."""

import hashlib
import re
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
ASKING_BE = set_of("is was are were")
LINKS = set_of("of the and de du la le von van in for")  # within names
_ENDS = re.compile(r"[.?!;\n]")


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


def stands_alone(
    text: str, words: Sequence[Word], first: int, last: int, answer: str | None = None
) -> bool:
    """Whether the words are the whole name, and no part of a longer one ("New Freedonia").

    Its `answer` right behind a name is no part of it.
    """
    if words[first].key in FIRST_PERSON and first == last:
        return not owns_a_possessor(words, last)
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


def owns_a_possessor(words: Sequence[Word], at: int) -> bool:
    """ "my" in "my brother's name": what is asked belongs to the brother."""
    if words[at].key != "my":
        return False
    owner = next((i for i in range(at + 1, at + 4) if i < len(words) and words[i].possessive), None)
    if owner is None:
        return False
    behind = [word.key for word in words[owner + 1 : owner + 3]]
    return behind[:1] != ["name"] and behind != ["full", "name"]  # "my dentist" is told of me


def adjacent(text: str, left: Word, right: Word) -> bool:
    """Whether two words may be of one name: a space or a hyphen is all that parts them."""
    between = text[left.end : right.start]
    return not between.strip("\u00a0 -\u2010\u2011") and not left.possessive


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


def are_initials(text: str, word: Word) -> bool:
    """Whether a word is written in capital letters alone: ISBN, VLAN."""
    return word.end - word.start > 1 and text[word.start : word.end].isupper()


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


def begins_clause(text: str, word: Word) -> bool:
    """Whether the word is the first of its clause, where every word has a capital letter.

    A token that is no text ("<s>") may stand in front.
    """
    before = text[: word.start].rstrip(" \"'\u201c\u2018(\u00a0")
    return not before or before[-1] in ".?!:\n;>"
