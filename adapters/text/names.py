"""Names as keys: which words of a text are a name that was taught, and which only look like one."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from adapters.text.words import Word, plain, set_of, words_of

DETERMINERS = set_of("the a an this that these those")
FIRST_PERSON = set_of("i me my mine myself")
LOCATIVE = set_of("at in from to near")
TIMES = set_of(
    "morning evening afternoon night day week month year moment time end beginning future past"
)
POSSESSED = "'s"
PARTS = set_of("back front top bottom middle side center centre corner left right")
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


_NAMED = re.compile(  # a clause's first words that are surely a name
    r"[\w'\u2019.-]+(?:['\u2019]s\b|,| [A-Z]| "
    r"(?:is|was|has|had|lies|lived|lives|knows|said|and|\w+ed)\b)"
)


@dataclass(frozen=True)
class Mention:
    """A name in a text: its key, its words [first, last], and its place in characters."""

    key: str
    first: int
    last: int
    start: int
    end: int


def name_key(name: str) -> str:
    """A name as it is compared; whoever speaks has one key for all of its words."""
    words = words_of(name)
    while len(words) > 1 and words[0].key in DETERMINERS:
        words = words[1:]
    alone = len(words) == 1 and words[0].key in FIRST_PERSON
    return SPEAKER if alone else joined_key(words)


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
    word = key.partition(" ")[0].removesuffix(POSSESSED)
    return SPEAKER if word in FIRST_PERSON else word


def key_number(key: str) -> int:
    """A key as a 64-bit number."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def candidates(
    words: Sequence[Word], longest: int, begins: Callable[[str], bool]
) -> Iterator[tuple[int, int, str]]:
    """(first, last, key) of every run of words that may be a name, by the first words of names."""
    for first in range(len(words)):
        key = words[first].key
        if not begins(first_word(key)):
            continue
        for last in range(first, min(first + longest, len(words))):
            alone = last == first and key in FIRST_PERSON
            yield first, last, SPEAKER if alone else joined_key(words[first : last + 1])


def stands_alone(text: str, words: Sequence[Word], first: int, last: int) -> bool:
    """Whether the words are the whole name, and no part of a longer one ("New Freedonia")."""
    if words[first].key in FIRST_PERSON and first == last:
        return not owns_a_possessor(words, last)
    return not (_continues_before(text, words, first) or _continues_behind(text, words, last))


def stands_for_a_person(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether a first or last name stands by itself, and is no part of anybody else's."""
    if not words[at].capital or not stands_alone(text, words, at, at):
        return False
    before = words[at - 1] if at and _adjacent(text, words[at - 1], words[at]) else None
    return before is None or not before.capital or before.key in TITLES | OPENERS


def owns_a_possessor(words: Sequence[Word], at: int) -> bool:
    """ "my" in "my brother's name": what is asked belongs to the brother."""
    if words[at].key != "my":
        return False
    following = words[at + 1 : at + 4]
    return any(word.possessive for word in following[:3])


def _adjacent(text: str, left: Word, right: Word) -> bool:
    between = text[left.end : right.start]
    return not between.strip("\u00a0 -\u2010\u2011") and not left.possessive


def _continues_before(text: str, words: Sequence[Word], first: int) -> bool:
    if not first or not _adjacent(text, words[first - 1], words[first]):
        return False
    before, name = words[first - 1], words[first]
    if before.key in LONGER and before.capital == name.capital:
        return True
    if not (before.capital and name.capital) or before.key in TITLES | OPENERS:
        return False
    return not begins_clause(text, before)


def _continues_behind(text: str, words: Sequence[Word], last: int) -> bool:
    if last + 1 >= len(words) or not _adjacent(text, words[last], words[last + 1]):
        return False
    behind, name = words[last + 1], words[last]
    if behind.number and (name.capital or name.number):
        return True
    return behind.capital and name.capital and behind.key not in OPENERS and len(behind.key) > 1


def begins_clause(text: str, word: Word) -> bool:
    """Whether the word is the first of its clause, where every word has a capital letter."""
    before = text[: word.start].rstrip(" \"'\u201c\u2018(\u00a0")
    return not before or before[-1] in ".?!:\n;"


def untaught_names(text: str, words: Sequence[Word], taught: Sequence[Mention]) -> list[Mention]:
    """Runs of capitalised words that nobody taught: other names, which compete for a relation."""
    covered = {i for mention in taught for i in range(mention.first, mention.last + 1)}
    found, run = [], list[int]()
    for i in range(len(words) + 1):
        if i < len(words) and i not in covered and _capital(text, words[i]):
            if run and not _adjacent(text, words[run[-1]], words[i]):
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


def _capital(text: str, word: Word) -> bool:
    if text[word.start : word.end].isupper() and word.end - word.start > 1:
        return False  # ISBN, VLAN: rather what is asked than of whom
    if not word.capital or word.key in OPENERS:
        return False
    return not begins_clause(text, word) or bool(_NAMED.match(text, word.start))


def _mention(words: Sequence[Word], run: Sequence[int]) -> Mention:
    return Mention(
        joined_key([words[i] for i in run]),
        run[0],
        run[-1],
        words[run[0]].start,
        words[run[-1]].end,
    )
