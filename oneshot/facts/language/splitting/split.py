"""Where the answer begins: behind the verb, its adverbs, complement, preposition and article."""

import re
from collections.abc import Iterator, Sequence

from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import Clause, group_end, is_adverb
from oneshot.facts.language.splitting.verbs import base_of, forms, is_form
from oneshot.facts.language.splitting.words import Word, spoken

MAX_ANSWER_WORDS = 12

_ANSWERS_WHOLE = {"mean", "read", "say", "state", "equal"}  # all that follows is what is told
_CHAINS = {"start", "begin", "stop", "enjoy", "finish", "keep", "avoid", "continue", "try", "go"}
_BECOMING = {"become", "remain", "stay", "get", "seem", "look", "sound"}
# Verbs whose object only says of what sort the answer is: "has a population of".
_LIGHT = lex.word_set("have become remain hold get lead play serve form bear take")
_IDIOMS = {"take": {"place", "part", "effect"}, "give": {"birth", "rise"}, "make": {"use"}}
_OFTEN = {"every", "each", "once", "twice", "daily", "weekly", "monthly", "yearly"}
_AMOUNT = re.compile(r"[^\w\s]*\d.*")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
_NUMBERS = lex.NUMBER_WORDS - {"one"}
_LATER = lex.STRONG | {"with", "about", "between", "until"}


def answer_places(clause: Clause) -> Iterator[int]:
    """Numbers of words that a prompt may have, the best first; all leave an answer."""
    words = clause.words
    end, free = _behind_verb(clause)
    later = _later(words, end, clause) if free else []
    places = [*reversed(later), _with_article(words, end), group_end(words, clause.verb)]
    places += sorted({*later, *_later(words, end, clause)}, reverse=True)
    return (place for place in dict.fromkeys(places) if is_answer(words[place:]))


def is_answer(words: Sequence[Word]) -> bool:
    """Whether words can be an answer: some, not too many, and not grammar alone."""
    return 1 <= len(spoken(words)) <= MAX_ANSWER_WORDS


def is_relational(subject: Sequence[Word]) -> bool:
    """Whether a subject names the relation already, as "the capital of Freedonia" does."""
    return any(
        word.owns
        or (word.kind == "w" and word.low in lex.OWNERS)
        or (i > 0 and word.kind == "w" and word.low in lex.PREPOSITIONS | lex.RELATIVES)
        for i, word in enumerate(subject)
    )


def main_verb(words: Sequence[Word], verb: int) -> tuple[int, str]:
    """Place and base of the verb that carries the meaning; base "be" for a copula.

    Follows auxiliaries ("has been working"), infinitives ("wants to become") and chains
    ("started working"). The base is "" where the verb is unknown.
    """
    place = group_end(words, verb)
    last = next((w.low for w in reversed(words[verb:place]) if not is_adverb(w)), "")
    if last in lex.BE and not _is(words, place, "ing"):
        return place - 1, "be"
    if last not in lex.AUXILIARIES:
        return _through_chain(words, verb, _base(words, verb))
    if _is_verbal(words, place):
        return _through_chain(words, place, _base(words, place))
    return place - 1, "have" if last in lex.HAVE else "do"


def _is_verbal(words: Sequence[Word], place: int) -> bool:
    """Whether an auxiliary may belong to the word at `place`: "has won", "can speak"."""
    unlisted = place < len(words) and words[place].kind == "w" and words[place].low.endswith("ed")
    return unlisted or _is(words, place, "done", "base", "ing", "past")


def _through_chain(words: Sequence[Word], place: int, base: str) -> tuple[int, str]:
    """Go on to the verb at the end of "wants to become", "started working"."""
    following = place + 1
    while following < len(words) and is_adverb(words[following]):
        following += 1
    if following + 1 >= len(words):
        return place, base
    if words[following].low == "to" and _is(words, following + 1, "base"):
        return _through_chain(words, following + 1, words[following + 1].low)
    if base in _CHAINS and _is(words, following, "ing"):
        return following, _base(words, following)
    return place, base


def _base(words: Sequence[Word], place: int) -> str:
    if place >= len(words):
        return ""
    low = words[place].low
    for kind in ("third", "past", "base", "ing", "done"):
        if (base := base_of(low, kind)) and (is_form(low, kind) or kind == "third"):
            return base
    found = forms().get(low, ())
    return found[0].base if found else ""


def _is(words: Sequence[Word], place: int, *kinds: str) -> bool:
    return place < len(words) and words[place].kind == "w" and is_form(words[place].low, *kinds)


def _behind_verb(clause: Clause) -> tuple[int, bool]:
    """Where verb and complement end, and whether the answer may begin at a later preposition."""
    words = clause.words
    place, base = main_verb(words, clause.verb)
    if base == "be":
        return _behind_copula(clause, place + 1)
    end = _adverbs(words, place + 1)
    if base in _ANSWERS_WHOLE:
        return end, False
    if _low(words, end) in lex.PARTICLES and _has_more(words, end + 1):
        end += 1
    if _low(words, end) in _IDIOMS.get(base, ()) and _has_more(words, end + 1):
        end = _adverbs(words, end + 1)
    end = _prepositions(words, end)
    if base in _BECOMING and end == _adverbs(words, place + 1):
        return _complement(words, end), True
    return end, True


def _behind_copula(clause: Clause, end: int) -> tuple[int, bool]:
    words, end = clause.words, _adverbs(clause.words, end)
    if (place := _prepositions(words, end)) > end:
        return place, True
    if end < len(words) and (words[end].kind in "Q9" or _AMOUNT.match(words[end].text)):
        return end, False
    relational = is_relational(clause.subject)
    place = _complement(words, end)
    if place > end and (not relational or _is_participle(words, end) or _is_adjective(words, end)):
        return place, _low(words, end) not in lex.SUBJECT_NAMING
    return end, not relational


def _complement(words: Sequence[Word], end: int) -> int:
    """Behind "married to", "afraid of", "first shown on", "called", "used to treat"; or `end`."""
    if not 0 <= end < len(words) or words[end].kind != "w" or _low(words, end) in lex.DETERMINERS:
        return end
    place = _adverbs(words, end + 1)
    if _low(words, end) in lex.SUBJECT_NAMING and _low(words, place) not in ("after", "for", "in"):
        return place
    if _low(words, place) == "to" and _is(words, place + 1, "base"):
        inner, _ = _through_chain(words, place + 1, words[place + 1].low)
        return _prepositions(words, _adverbs(words, inner + 1))
    if _is_participle(words, end) and _low(words, place) in _OFTEN and _has_more(words, place + 1):
        return place
    if _low(words, place) in lex.PARTICLES and _low(words, place + 1) in lex.PREPOSITIONS:
        place += 1
    behind = _prepositions(words, place)
    return behind if behind > place else end


def _later(words: Sequence[Word], end: int, clause: Clause) -> list[int]:
    """Behind each later preposition that what is told may follow."""
    found: list[int] = []
    if _is_amount(words, end):
        return found
    for i in range(end + 1, len(words) - 1):
        if words[i].text in (",", ";") or words[i].low in lex.RELATIVES or words[i].low == "and":
            break
        if words[i].low in lex.SUBJECT_NAMING and words[i + 1].kind in "NQ":
            found.append(i + 1)  # "owns a bakery called"
        elif words[i].kind == "w" and words[i].low in _LATER and _splits(words, end, i, clause):
            found.append(_with_article(words, _prepositions(words, i)))
    return found


def _is_amount(words: Sequence[Word], place: int) -> bool:
    """Whether a number of something is told: "40 minutes in the oven"."""
    number = place < len(words) and (words[place].kind == "9" or _low(words, place) in _NUMBERS)
    counted = _low(words, place + 1)
    return number and bool(counted) and counted not in lex.PREPOSITIONS


def _splits(words: Sequence[Word], end: int, i: int, clause: Clause) -> bool:
    """Whether the answer may begin behind preposition i, and is not what it hangs on."""
    low, before = words[i].low, words[i - 1]
    if low == "to" and _is(words, i + 1, "base"):
        return False
    if _is_time(before) and _is_time(words[_with_article(words, i + 1)]):
        return False  # "5 pm on Sundays"
    if low == "until":
        return _is_time(words[i + 1])
    if low in ("with", "about"):
        return words[i + 1].kind == "N" or words[i + 1].low in lex.OWNERS
    if low == "of":
        return _of_splits(words, end, i, clause)
    return low != "near" or words[end].low in lex.ARTICLES


def _of_splits(words: Sequence[Word], end: int, i: int, clause: Clause) -> bool:
    base = main_verb(words, clause.verb)[1]
    amount = words[max(end, i - 2) : i]
    if any(w.kind == "9" or (base != "be" and w.low in lex.NUMBER_WORDS) for w in amount):
        return False  # "200 g of sugar"
    if words[i - 1].low in lex.ORDINALS or _ORDINAL.fullmatch(words[i - 1].low):
        return False  # "the first of the month"
    if words[i - 1].low in lex.CLASS_NOUNS | lex.SHARED_NOUNS:
        return True
    return base == "be" or base in _LIGHT or words[i + 1].kind in "NQ"


def _is_time(word: Word) -> bool:
    return word.kind == "9" or word.low in lex.TIMES or word.low.rstrip(".") in lex.TIMES


def _with_article(words: Sequence[Word], end: int) -> int:
    """Behind an article that is no part of a name, or behind "the language" before a name."""
    if _low(words, end) not in lex.ARTICLES or not _has_more(words, end + 1):
        return end
    named = end + 2 < len(words) and words[end + 2].kind in "NQ"
    return end + 2 if named and _low(words, end + 1) in lex.CLASS_NOUNS else end + 1


def _prepositions(words: Sequence[Word], end: int) -> int:
    """Behind the prepositions that begin at `end`, if something follows them."""
    place = end
    while _low(words, place) in lex.PREPOSITIONS and not (
        _low(words, place) == "to" and _is(words, place + 1, "base") and place > end
    ):
        place += 1
    if place == end:
        return end
    behind = _with_article(words, place)
    return behind if _has_more(words, behind) else end


def _adverbs(words: Sequence[Word], end: int) -> int:
    place = end
    while place < len(words) and is_adverb(words[place]) and _has_more(words, place + 1):
        place += 1
    return place


def _has_more(words: Sequence[Word], place: int) -> bool:
    return bool(spoken(words[place:]))


def _low(words: Sequence[Word], place: int) -> str:
    return words[place].low if place < len(words) and words[place].kind == "w" else ""


def _is_participle(words: Sequence[Word], place: int) -> bool:
    low = _low(words, place)
    return is_form(low, "done") or bool(re.fullmatch(r"\w{2,}ed", low))


def _is_adjective(words: Sequence[Word], place: int) -> bool:
    return _low(words, place) in lex.ADJECTIVES
