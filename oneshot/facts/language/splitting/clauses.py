"""The finite verb of a sentence: where its subject ends and what is said of it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from oneshot.facts.language.splitting.lexicon import (
    ADVERBS,
    AUXILIARIES,
    BE,
    DETERMINERS,
    FIRST_PERSON,
    IRREGULAR_PLURALS,
    LY_NOUNS,
    MEMBERS,
    NUMBER_WORDS,
    PREPOSITIONS,
    RELATIVES,
    SAYING,
    THINGS,
)
from oneshot.facts.language.splitting.verbs import base_of, forms, is_form
from oneshot.facts.language.splitting.words import Word, words_of

_PAUSES = {",", ";"}
_LINKS = {"and", "or", "but", "n"}
_FRONTED = PREPOSITIONS | {"every", "each", "currently", "today", "nowadays", "last", "this"}
_NO_VERB = ("ss", "us", "is", "'s", "as")


@dataclass(frozen=True)
class Clause:
    """The words of a sentence: of them [start, verb) is the subject, `verb` the finite verb."""

    words: Sequence[Word]
    start: int
    verb: int

    @property
    def subject(self) -> Sequence[Word]:
        """The words of the grammatical subject."""
        end = self.verb
        while end - 1 > self.start and is_adverb(self.words[end - 1]):
            end -= 1
        return self.words[self.start : end]


@dataclass(frozen=True)
class _Candidate:
    place: int
    strong: bool  # an auxiliary or a copula: cannot be a noun


def read_clause(text: str) -> Clause | None:
    """Find the finite verb of a statement; None where there is none."""
    words = _without_members(words_of(text))
    start = _after_fronted(words)
    verb = find_verb(words, start)
    if verb is None and start:
        start, verb = 0, find_verb(words, 0)
    return None if verb is None else Clause(words, start, verb)


def _without_members(words: list[Word]) -> list[Word]:
    """The words, of which "Members of" is no part of the name in "Members of the Otter Club"."""
    if len(words) < 4 or words[0].low not in MEMBERS or words[1].text != "of":
        return words
    joined = 3 if words[2].low == "the" else 2
    return [w._replace(kind="w") for w in words[:joined]] + words[joined:]


def find_verb(words: Sequence[Word], start: int) -> int | None:
    """Place of the finite verb of the clause that begins at `start`, not of a relative one."""
    found = _candidates(words, start)
    if not found:
        return None
    first = found[0]
    for other in found[1:]:
        if _is_really(words, first, other):
            first = other
        else:
            break
    return first.place


def group_end(words: Sequence[Word], verb: int) -> int:
    """Where the auxiliaries, negations and adverbs that begin at `verb` end."""
    i = verb
    while i < len(words) and (words[i].low in AUXILIARIES or is_adverb(words[i])):
        i += 1
    return i


def is_adverb(word: Word) -> bool:
    """Whether a word is an adverb that may stand between verb and complement."""
    if word.kind != "w":
        return False
    return word.low in ADVERBS or (
        word.low.endswith("ly")
        and len(word.low) > 4
        and word.low not in LY_NOUNS
        and not is_form(word.low, "base")
    )


def is_plural(subject: Sequence[Word]) -> bool:
    """Whether a subject takes the verb's base form: I, you, they, more than one."""
    if any(word.low in ("and", "&") for word in subject):
        return True
    head = head_of(subject)
    if head is None:
        return False
    low = head.low
    return (
        low in ("i", "we", "you", "they")
        or low in IRREGULAR_PLURALS
        or (low.endswith("s") and not low.endswith(("ss", "us", "is", "'s")))
    )


def head_of(subject: Sequence[Word]) -> Word | None:
    """The last word before what is hung on with a preposition, a comma or a relative pronoun."""
    head = None
    for i, word in enumerate(subject):
        if i and (word.kind == "," or hangs(word)):
            break
        if word.kind != ",":
            head = word
    return head


def hangs(word: Word) -> bool:
    """Whether a word hangs something on the noun before it: "of", "who"."""
    return word.kind == "w" and (word.low in PREPOSITIONS or word.low in RELATIVES)


def _after_fronted(words: Sequence[Word]) -> int:
    """Where the subject begins behind "In 1990," or "Every year"."""
    if not words or not (words[0].low in _FRONTED or is_adverb(words[0])):
        return 0
    comma = next((i for i, word in enumerate(words) if word.text == ","), None)
    if comma is not None and find_verb(words[:comma], 0) is None and comma <= 8:
        return comma + 1
    if words[0].low in ("every", "each", "last") and len(words) > 3 and words[2].kind == "N":
        return 2
    return 1 if is_adverb(words[0]) and len(words) > 2 and words[1].kind == "N" else 0


def _candidates(words: Sequence[Word], start: int) -> list[_Candidate]:
    found: list[_Candidate] = []
    pending = 0  # relative clauses whose verb is still to come
    i = start + 1
    while i < len(words):
        word = words[i]
        if word.low in RELATIVES and word.kind == "w" and not found:
            pending += 1
        elif _may_be_verb(words, start, i):
            if pending:
                pending, i = pending - 1, _relative_end(words, i)
                continue
            found.append(_Candidate(i, word.low in AUXILIARIES))
        elif found and (word.low in RELATIVES or word.text in _PAUSES or word.low in _LINKS):
            break  # what follows is another clause
        i += 1
    return found


def _relative_end(words: Sequence[Word], i: int) -> int:
    """Where the verb group of a relative clause ends: "was born", "has been sold"."""
    end = group_end(words, i) if words[i].low in AUXILIARIES else i + 1
    if end < len(words) and words[i].low in AUXILIARIES and is_form(words[end].low, "done", "ing"):
        end += 1
    return end


def _may_be_verb(words: Sequence[Word], start: int, i: int) -> bool:
    """Whether word i, by its form and the word before it, may be a finite verb."""
    word, before = words[i], words[i - 1]
    low = word.low
    if word.kind != "w" or word.text[0].isupper() or before.text == ";":
        return False
    if low == "am" and before.low != "i":
        return False  # "at 7 am"
    if low in PREPOSITIONS:
        return low == "like" and before.low in FIRST_PERSON
    if low in AUXILIARIES:
        finite = low not in ("be", "been", "being", "having")
        return finite and (low in BE or before.low not in DETERMINERS)  # not "the will"
    return not _awaits_noun(words, start, i) and _has_verb_form(words, start, i)


def _has_verb_form(words: Sequence[Word], start: int, i: int) -> bool:
    low, before = words[i].low, words[i - 1]
    if is_form(low, "third", "past"):
        return True
    if is_form(low, "base"):
        plural = is_plural(words[start:i])
        return plural and (before.low not in ADVERBS or i - start > 1)
    order = i - start == 1 and before.kind == "w" and is_form(before.low, "base")  # "fly planes"
    return not order and not is_form(low, "done", "ing") and _looks_like_verb(low)


def _awaits_noun(words: Sequence[Word], start: int, i: int) -> bool:
    """Whether the word before, as an article does, promises a noun that is still to come."""
    before = words[i - 1]
    if before.kind == "9":
        return i - 2 < start or words[i - 2].low in DETERMINERS
    if before.kind != "w":
        return before.owns or (before.kind == "," and before.text not in ",)]")
    if before.low in RELATIVES and i - 2 >= start and words[i - 2].low not in PREPOSITIONS:
        return False  # "the company that makes"
    return (
        before.low in DETERMINERS
        or before.owns
        or before.low in PREPOSITIONS
        or before.low in NUMBER_WORDS
    )


def _looks_like_verb(low: str) -> bool:
    """Whether an unlisted word has the ending of a finite verb."""
    if len(low) < 4 or not low.isalpha():
        return False
    return low.endswith("ed") or (low.endswith("s") and not low.endswith(_NO_VERB))


def _is_really(words: Sequence[Word], first: _Candidate, other: _Candidate) -> bool:
    """Whether the later candidate is the verb, and the first a noun or a participle."""
    if first.strong:
        return False
    word, between = words[first.place], words[first.place + 1 : other.place]
    if base_of(word.low, "third") in SAYING or base_of(word.low, "past") in SAYING:
        return bool(not between and other.strong)
    if other.strong:
        return True
    if not between and word.low not in forms() and is_form(words[other.place].low, "third"):
        return True  # "azo compounds consist(s) of"
    noun = word.low.endswith("s") and not between and _may_be_noun(word.low)
    reduced = word.low.endswith(("ed", "en")) and bool(between) and between[0].low == "by"
    return (noun and is_form(words[other.place].low, "base", "past")) or reduced


def _may_be_noun(low: str) -> bool:
    """Whether a verb's third person may as well be more than one thing, as "trains" may."""
    base = base_of(low, "third")
    return base is None or base in THINGS


def negated(words: Sequence[Word]) -> bool:
    """Whether a verb group says no."""
    return any(
        w.low in ("not", "never") or w.low.endswith("n't") or w.low == "cannot" for w in words
    )
