"""Sentences that tell two facts, joined by "and", "but" or a stop, and how to say them apart."""

from collections.abc import Sequence
from typing import NamedTuple

from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import find_verb, group_end, is_adverb
from oneshot.facts.language.splitting.verbs import base_of, forms, is_form
from oneshot.facts.language.splitting.words import Word, says_something, span_of, words_of
from oneshot.facts.language.text import capitalised

_LISTED = lex.word_set(  # in a list their plurals are things: "books and prints in Graz"
    "book print walk talk drink garden flood phone film file tour trip swing slide cut burn game "
    "shop tap drain lock cover light label link note plan map price ring stamp coin sail cable "
    "comment chair ship lesson load lecture guide view paint bear visit exercise offer question "
    "repair sample seat sign sound partner post program snack stage star stream treat trick "
    "truck update vote"
)
_AGENTS = lex.word_set("volunteers guards nurses coaches guides judges mentors tutors pilots cooks")
_OBJECTS = lex.DETERMINERS | {"it", "them", "him", "her", "me", "us"}
_OWNED = lex.ARTICLES | lex.OWNERS
# What was done by a subject, and what was done to it, where its form tells neither.
_DID = lex.word_set("died lived moved worked retired emigrated")
_HAD_DONE = lex.word_set(
    "raised educated buried renovated rebuilt repaired sold restored completed published painted "
    "installed tested delivered paid refurbished extended demolished recorded released weeded"
)


class Double(NamedTuple):
    """Places of the first verb, of what joins the second clause on, and of that clause."""

    verb: int
    joint: int
    second: int


def find_double(words: Sequence[Word]) -> Double | None:
    """Where a second clause with a verb of its own is joined on; None for a single one."""
    first = find_verb(words, 0)
    if first is None:
        return None
    for i in range(first + 1, len(words) - 1):
        word = words[i]
        if word.text in (".", ";", "!") and find_verb(words[i + 1 :], 0) is not None:
            return Double(first, i, i + 1)
        found = Double(first, i, _behind_adverbs(words, i + 1))
        if word.low not in ("and", "but") or i == first + 1:
            continue  # "speaks and writes in" is one fact
        if word.kind == "n":
            if _names_another(words, found.second):
                return found
        elif word.kind == "w" and (_goes_on(words, found) or _begins(words, found.second)):
            return found
    return None


def said_apart(text: str) -> tuple[str, str] | None:
    """The two sentences that a double one tells; None where they are not sure.

    "The choir is conducted by Ann." and "The choir meets in Hull." of both in one.
    """
    words = words_of(text)
    found = find_double(words)
    if found is None or words[0].low in lex.PREPOSITIONS or is_adverb(words[0]):
        return None
    subject = span_of(text, words[: found.verb])
    before = [w for w in words[: found.joint] if w.kind != "," or w is not words[found.joint - 1]]
    first, second = span_of(text, before), text[words[found.joint + 1].start :]
    if words[found.joint].kind == ",":
        return None
    if not _is_verb(words, found):
        opening = words[found.joint + 1].low
        return None if opening in lex.PRONOUNS else (f"{first}.", f"{capitalised(second)}.")
    shared = _shared(words, found)
    if shared is None or any(w.text == "," for w in words[: found.verb]):
        return None
    return f"{first}.", " ".join(filter(None, (subject, shared, second))) + "."


def _behind_adverbs(words: Sequence[Word], i: int) -> int:
    while i + 1 < len(words) and words[i].kind == "w" and is_adverb(words[i]):
        i += 1
    return i


def _names_another(words: Sequence[Word], i: int) -> bool:
    """Whether a name that "and" joins is the subject of a verb: "and Ivo lives in"."""
    verb = i
    while verb < len(words) and words[verb].kind == "N" and not words[verb].owns:
        verb += 1
    if not i < verb < len(words) - 1 or words[verb].kind != "w":
        return False
    return words[verb].low in lex.FINITE_BE or (
        is_form(words[verb].low, "third") and words[verb].low not in lex.AUXILIARIES
    )


def _begins(words: Sequence[Word], i: int) -> bool:
    """Whether another subject follows with a verb of its own."""
    verb = find_verb(words, i)
    if verb is None:
        return False
    first, behind = words[i], words[verb + 1 :]
    if first.low in lex.PRONOUNS:
        return True
    does = verb == i + 1 and is_form(words[verb].low, "third") and not first.low.endswith("s")
    led = first.kind in "N9" or first.low in lex.DETERMINERS or words[verb].low in lex.AUXILIARIES
    told = does and bool(behind) and behind[0].low not in lex.PREPOSITIONS | {"and", "or", "but"}
    return says_something(words[i:verb]) and (led or told)


def _is_verb(words: Sequence[Word], found: Double) -> bool:
    return words[found.joint].kind == "w" and _goes_on(words, found)


def _goes_on(words: Sequence[Word], found: Double) -> bool:
    """Whether the first subject's next verb follows, and no further thing of a list."""
    word = words[found.second]
    if found.second + 1 >= len(words) or word.kind != "w":
        return False
    if word.low in lex.AUXILIARIES:
        return True
    if word.low in lex.PREPOSITIONS | lex.DETERMINERS:
        return False
    if is_form(word.low, "third") or _may_be(word.low, "s"):
        return not _is_several(words, found) and _third_goes_on(words, found)
    if is_form(word.low, "past") or _may_be(word.low, "ed"):
        return _past_goes_on(words, found)
    return is_form(word.low, "base") and _is_several(words, found) and _base_goes_on(words, found)


def _third_goes_on(words: Sequence[Word], found: Double) -> bool:
    """ "and rehearses in", "and loves tennis", but not "and prints in" of a list of things."""
    before, word, following = words[found.joint - 1], words[found.second], words[found.second + 1]
    if word.low not in forms():
        return following.low in _OWNED | {"it", "them"}
    if following.low in lex.PREPOSITIONS and following.kind == "w":
        if word.low in _AGENTS and _is_agent(words, found):
            return False
        several = any(w.text == "," for w in words[found.verb : found.joint - 1])
        noun = (several or base_of(word.low, "third") in _LISTED) and before.kind == "w"
        return following.low != "of" and (not noun or before.low in lex.TIMES)
    if following.kind in "N9Q" or following.low in _OBJECTS | lex.PARTICLES:
        return True
    tied = following.low in lex.RELATIVES | lex.AUXILIARIES | {"and", "or", "but"}
    doing = is_form(following.low, "done", "past") and not is_form(following.low, "base")
    return following.kind == "w" and not (tied or doing or is_adverb(following))


def _is_agent(words: Sequence[Word], found: Double) -> bool:
    """Whether "by" leads to what stands before the conjunction: "by Ann Bell and volunteers"."""
    i = found.joint - 1
    while i > found.verb and words[i].kind in "Nn":
        i -= 1
    return words[i].low == "by"


def _past_goes_on(words: Sequence[Word], found: Double) -> bool:
    """ "and died in", "and grew up in", but not "is fresh and cooked in"."""
    before, word, following = words[found.joint - 1], words[found.second], words[found.second + 1]
    done = not is_form(word.low, "past") or is_form(word.low, "done")
    if done and _is_complement(words, found) and not is_form(before.low, "done"):
        return False
    if following.kind in "N9" or following.low in lex.DETERMINERS | lex.PREPOSITIONS:
        return following.low != "of"
    return not done and following.kind == "w" and not is_adverb(following)


def _is_complement(words: Sequence[Word], found: Double) -> bool:
    """Whether one word stands between a copula and the conjunction: "is fresh and"."""
    place = _behind_adverbs(words, found.verb + 1)
    copula = words[found.verb].low in lex.FINITE_BE
    return copula and place == found.joint - 1 and words[place].kind == "w"


def _base_goes_on(words: Sequence[Word], found: Double) -> bool:
    """ "We live in Oslo and work for Acme"."""
    before, word, following = words[found.joint - 1], words[found.second], words[found.second + 1]
    if following.low in _OBJECTS and following.kind == "w":
        return True
    named = before.kind in "N9" or before.low in lex.TIMES
    return named and word.low not in _LISTED and following.low in lex.PREPOSITIONS - {"of"}


def _is_several(words: Sequence[Word], found: Double) -> bool:
    """Whether the first verb is one of several, or mine: "sell", not "sells" or "is"."""
    low = words[found.verb].low
    return low in ("are", "were", "have", "do", "am") or (
        low not in lex.AUXILIARIES and is_form(low, "base") and not is_form(low, "past")
    )


def _may_be(low: str, ending: str) -> bool:
    """Whether an unlisted word may be a verb in -s or -ed: "zorbles", "zorbled"."""
    known = low in forms() or not low.isalpha() or len(low) < 5
    return not known and low.endswith(ending) and not low.endswith(("ss", "us", "is", "eed"))


def _shared(words: Sequence[Word], found: Double) -> str | None:
    """The auxiliary that the second verb has from the first: "was" of "was built and sold"; None
    where that is open.
    """
    low, end = words[found.second].low, group_end(words, found.verb)
    helping = [w.text for w in words[found.verb : end] if not is_adverb(w)]
    participle = end < len(words) and (
        is_form(words[end].low, "done") or words[end].low[-2:] == "ed"
    )
    if low in lex.AUXILIARIES or not helping or not participle or is_form(low, "third", "base"):
        return ""
    if is_form(low, "past") and not is_form(low, "done"):
        return ""
    if _is_complement(words, found):
        return None  # "was designed and built by"
    if helping[0].lower() in lex.HAVE or low in _HAD_DONE:
        return " ".join(helping)
    return "" if low in _DID else None
