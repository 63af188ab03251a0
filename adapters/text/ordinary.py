"""Names that are ordinary words ("Hope", "Bill", "Will"): where in a text they are meant as names.

Words of `ordinary.txt` are asked this in lower case, words of grammar ("It", "The Who") in any
case, since every sentence may begin with one.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from adapters.text.names import (
    DETERMINERS,
    FIRST_PERSON,
    Mention,
    adjacent,
    are_initials,
    begins_clause,
)
from adapters.text.words import Word, set_of, words_of

_NOUN_MARKS = DETERMINERS | set_of("my our your his her its their no any some each every all both")
_PRONOUNS = set_of("i you we they he she it")  # a verb stands behind them
_ASKING = set_of("what who whom whose which where when why how")
_JOINING = set_of("and or")
_BEFORE_NAMES = set_of(
    "of for from by with about between than like unlike against near at in on under behind after "
    "before beside without around"
)
_GRAMMAR = (
    DETERMINERS
    | _PRONOUNS
    | _ASKING
    | _JOINING
    | _BEFORE_NAMES
    | set_of("us them him her his its our your their is are was were be do does did has have had")
    | set_of("to into out up off down over so if as but not then there here")
) - FIRST_PERSON
_MONTHS = set_of("april may june july march august")
_OF_TIMES = set_of("in since until till by from during before after on at")
_SUBJECT_BEHIND = set_of(
    "do does did is are was were has had can could will would should may might must"
)
_DOES, _BE = set_of("does did"), set_of("is are was were")
_WITH_TO = set_of(  # what a name may follow with a "to" between
    "married related engaged close next belong belongs belonged talk talked speak spoke write "
    "wrote sister brother similar according introduced promised"
)
_PEOPLE = set_of(
    "mr mrs ms dr doctor prof professor uncle aunt friend cousin colleague neighbour "
    "neighbor wife husband son daughter partner nephew niece grandma grandpa brother sister mother "
    "father teacher company brand language"
)
_VERBS = set_of("will may can might must drew rose go")  # but "my brother will come"
_FINITE = set_of("is was has had")
_DID = set_of("made wrote built led")
_ASKING_SUBJECT = set_of("who which what")
_REPORTING = set_of("where when why how if that whether because and whom")


@cache
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """Ordinary words, and those of them that are names as well."""
    text = (files("adapters.text") / "ordinary.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    listed = [word for line in lines for word in line.split()]
    names = frozenset(word.lower() for word in listed if word[0].isupper())
    return frozenset(map(str.lower, listed)), names


def is_ordinary(word: str) -> bool:
    """Whether a word means something by itself, or is one of grammar."""
    key = word.lower()
    return key in _words()[0] or key in _GRAMMAR


def may_be_no_name(words: Sequence[Word], mention: Mention) -> bool:
    """Whether what was found is one ordinary word in lower case, or one word of grammar."""
    word = words[mention.first]
    ordinary = not word.capital and word.key in _words()[0]
    return mention.first == mention.last and (ordinary or word.key in _GRAMMAR)


def is_meant(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether an ordinary word stands where a name does: as whom or what a clause is about."""
    word, before = words[at], _before(text, words, at)
    if word.key in _GRAMMAR:
        return _stands_out(text, words, at)
    if before is None:
        return word.possessive or _goes_on(text, words, at)
    if before.key in _NOUN_MARKS or (before.possessive and before.key not in _ASKING):
        return False
    if word.possessive:
        return True
    return (
        _stands_behind_preposition(text, words, at)
        or _is_subject(text, words, at)
        or _is_reported(text, words, at)
        or _is_last_object(text, words, at)
        or _is_introduced(text, words, at)
        or _is_listed(text, words, at)
    )


def told_as_name(prompt: str, key: str, *, marked: bool) -> bool:
    """Whether a fact's prompt tells of an ordinary word as of a name.

    It has a capital letter and no article. Where it opens the prompt, that leaves open what it is:
    a thing that the text has an article for (`marked`), or a name if it often is one.
    """
    words = words_of(prompt)
    if key in _GRAMMAR:
        return any(w.key == key and _stands_out(prompt, words, i) for i, w in enumerate(words))
    at = next((i for i, word in enumerate(words) if word.key == key and word.capital), None)
    if at is None or (at and words[at - 1].key in _NOUN_MARKS):
        return False
    if begins_clause(prompt, words[at]) and not words[at].possessive:
        return not marked or key in _words()[1] | _VERBS
    return True


def _stands_out(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether a word of grammar is written as none is: "of It", "WHO", "the who"."""
    word, before = words[at], _before(text, words, at)
    if before is not None and before.key == "the":
        return True
    return word.capital and (not begins_clause(text, word) or are_initials(text, word))


def is_marked(words: Sequence[Word], at: int) -> bool:
    """Whether an article or an owner says of a word that it is a thing: "the new printer"."""
    return any(w.key in _NOUN_MARKS or w.possessive for w in words[max(0, at - 2) : at])


def _before(text: str, words: Sequence[Word], at: int) -> Word | None:
    """The word before in the same phrase, also if it has a possessive's ending ("who's")."""
    if not at or text[words[at - 1].end : words[at].start].strip(" '\u2019s-"):
        return None
    return words[at - 1]


def _behind(text: str, words: Sequence[Word], at: int) -> Word | None:
    if at + 1 >= len(words) or not adjacent(text, words[at], words[at + 1]):
        return None
    return words[at + 1]


def _goes_on(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether a verb of the third person follows, or a label's colon."""
    behind = _behind(text, words, at)
    if behind is None:
        return text[words[at].end :].lstrip().startswith(":")
    return behind.key in _FINITE or (behind.key.endswith(("s", "ed")) and behind.key != "this")


def _stands_behind_preposition(text: str, words: Sequence[Word], at: int) -> bool:
    word, before = words[at], words[at - 1]
    if before.key == "to":
        return at > 1 and words[at - 2].key in _WITH_TO
    if before.key not in _BEFORE_NAMES:
        return False
    return not (word.key in _MONTHS and before.key in _OF_TIMES)


def _is_subject(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether a question's verb stands before it: "where does hope", "who is hope"."""
    verb, opening = words[at - 1], _before(text, words, at - 1)
    if verb.possessive and verb.key in _ASKING:
        return True  # "who's hope?"
    if verb.key not in _SUBJECT_BEHIND:
        return False
    if opening is None or verb.key in _DOES:
        return verb.key != "do" if opening is None else opening.key not in _PRONOUNS
    if opening.key in ("who", "what"):
        return verb.key in _BE  # "who will go?"
    asks = any(w.key in _ASKING for w in words[max(0, at - 5) : at - 1])
    return asks and opening.key not in _PRONOUNS


def _is_reported(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether it is the subject of a clause in another: "tell me where hope lives"."""
    before, behind = words[at - 1], _behind(text, words, at)
    if before.key in _REPORTING:
        return _goes_on(text, words, at)
    return before.key in ("who", "what") and behind is not None and behind.key in _FINITE


def _is_last_object(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether it ends a question for who did something to it: "who founded gap?"."""
    if _behind(text, words, at) is not None or at < 2:
        return False
    asking = [w.key for w in words[max(0, at - 3) : at - 1]]
    verb = words[at - 1].key
    simple = verb.endswith(("s", "ed")) or verb in _DID
    return simple and bool(_ASKING_SUBJECT.intersection(asking))


def _is_introduced(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether what somebody is stands before the name: "my friend hope"."""
    if words[at - 1].key not in _PEOPLE:
        return False
    return words[at].key not in _VERBS or _goes_on(text, words, at)


def _is_listed(text: str, words: Sequence[Word], at: int) -> bool:
    """Whether it is told in one breath with a name: "rose and hope"."""
    if words[at - 1].key not in _JOINING or at < 2:
        return False
    return words[at - 2].capital or is_meant(text, words, at - 2)
