"""Questions of prompts that define: "The capital of X is", "X's capital is", "My doctor is"."""

import re
from collections.abc import Iterator

from oneshot.facts.language.asking.answers import TIMES, Sort, counted
from oneshot.facts.language.asking.cloze import Cloze
from oneshot.facts.language.asking.question_words import (
    DIMENSIONS,
    MEASURES,
    NAMED_NOUNS,
    PERSON_NOUNS,
    WHEN_NOUNS,
)
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import head_of
from oneshot.facts.language.splitting.words import POSSESSIVE, own, words_of
from oneshot.facts.language.text import capitalised

_NUMBER_OF = re.compile(
    r"the number of (?P<noun>[\w' -]+?) (?P<place>(?:in|at|on|inside|aboard) .+)"
)
_HAS_MEASURE = re.compile(r"have an? (?P<noun>\w+)")


def identities(cloze: Cloze, subject: str, answer: str, sort: Sort) -> Iterator[str]:
    """Questions of a bare copula, and the same relation with the owner on the other side."""
    if cloze.base == "have" and cloze.prepositions == ("of",):
        yield from _measure(cloze, subject)
        return
    if cloze.base != "be" or cloze.middle or cloze.prepositions or cloze.noun:
        return
    if cloze.topic_words[0].low in ("a", "an"):
        return  # one of many
    counting = _NUMBER_OF.fullmatch(cloze.topic)
    if counting:
        are = "were" if cloze.operator == "was" else "are"
        yield f"How many {counting['noun']} {are} {counting['place']}?"
        yield f"How many {counting['noun']} {are} there {counting['place']}?"
    if (asking := _asking(cloze, subject, answer, sort)) is None:
        return
    yield cloze.asked(asking)
    yield from _turned(cloze, subject, asking)


def noun_of(cloze: Cloze) -> str:
    """The noun that says what is asked for, in lower case: "capital" of "the capital of X"."""
    head = head_of(cloze.topic_words)
    return POSSESSIVE.sub("", head.low) if head else ""


def _asking(cloze: Cloze, subject: str, answer: str, sort: Sort) -> str | None:
    """The words that ask for what the copula gives; None where they cannot be told."""
    size = re.fullmatch(r".*\d.* (\w+)", answer)
    if size and size[1] in DIMENSIONS:
        return f"How {DIMENSIONS[size[1]]}"
    noun = noun_of(cloze)
    if noun in PERSON_NOUNS:
        return "Who" if sort not in TIMES and not counted(answer) else None
    if noun in WHEN_NOUNS:
        return "When"
    whole = cloze.topic.lower().removeprefix("the ") == subject.lower().removeprefix("the ")
    if whole and cloze.topic_words[0].low not in lex.ARTICLES and cloze.article not in ("a", "an"):
        return None  # "Zed is": red, the town or thirty
    return "What"


def _turned(cloze: Cloze, subject: str, asking: str) -> Iterator[str]:
    """The relation with its owner on the other side, asked and as a cloze."""
    other = _other_side(cloze.topic, subject)
    if other is not None and not cloze.fronted:
        yield f"{asking} {cloze.operator} {other}?"
        yield f"{capitalised(other)} {cloze.operator} {cloze.article}".rstrip()


def _other_side(topic: str, subject: str) -> str | None:
    """ "X's R" for "the R of X" and the other way about; None for any other phrase."""
    inner = subject[0].lower() + subject[1:] if words_of(subject)[0].kind == "w" else subject
    if inner.lower() in lex.FIRST_PERSON:
        return None
    name = re.escape(inner)
    of = re.fullmatch(rf"the (?P<noun>[\w' -]+?) of (?P<name>(?:the )?{name})", topic)
    if of:
        return f"{own(of['name'])} {of['noun']}" if _is_plain(of["noun"], inner) else None
    owned = re.fullmatch(rf"(?P<name>(?:the )?{name})['\u2019]s? (?P<noun>[\w' -]+)", topic)
    if owned and not _hangs(owned["noun"]):
        return f"the {owned['noun']} of {owned['name']}"
    return None


def _is_plain(noun: str, name: str) -> bool:
    """Whether "the noun of the name" may be said with a possessive."""
    owner = words_of(name)
    long = len(owner) > 5 or any(
        w.owns or w.low in lex.PREPOSITIONS for w in owner if w.kind == "w"
    )
    possessed = any(w.owns for w in owner[:-1]) or "'" in name
    return not (long or possessed or _hangs(noun) or noun in NAMED_NOUNS)


def _hangs(noun: str) -> bool:
    return any(word in lex.PREPOSITIONS | lex.RELATIVES for word in noun.lower().split())


def _measure(cloze: Cloze, subject: str) -> Iterator[str]:
    """ "X has a population of": what is the population of X?"""
    found = _HAS_MEASURE.fullmatch(" ".join(cloze.middle))
    if found is None or found["noun"] not in MEASURES or subject.lower() not in cloze.topic.lower():
        return
    noun, topic = found["noun"], cloze.topic
    is_ = "was" if cloze.operator == "did" else "is"
    yield f"What {is_} the {noun} of {topic}?"
    yield f"What {is_} {own(topic)} {noun}?"
    yield f"What {noun} {cloze.operator} {topic} have?"
    yield f"The {noun} of {topic} {is_}"
    yield capitalised(f"{own(topic)} {noun} {is_}")
