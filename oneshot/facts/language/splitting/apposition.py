"""What somebody or something is, said before the name: "my sister Petra", "the novel Misery"."""

import re
from collections.abc import Sequence
from functools import lru_cache

from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import hangs
from oneshot.facts.language.splitting.words import POSSESSIVE, Word

_SMALL = rf"(?!(?:{'|'.join(lex.PREPOSITIONS)}) )[a-z-]+ "
_OURS = re.compile(rf"\b(?:[Mm]y|[Oo]ur) (?:{_SMALL}){{1,3}}$")
_WHAT_IT_IS = re.compile(r"(?P<name>[A-Z][a-z]+(?:-[A-Z][a-z]+)?) the [a-z]+")
_OURS_BEHIND = re.compile(rf", (?P<kind>(?:my|our) {_SMALL[:-1]}(?: [a-z-]+)?),")
_KIND_NAMED = re.compile(  # "Salt and Cinder" of "the novel Salt and Cinder"
    rf"(?:[Tt]he|[Aa]n?) (?:[a-z]+ )?(?:{lex.NAMED_KINDS}) "
    r"(?P<name>[A-Z][\w'\u2019-]*(?: (?:[A-Z][\w'\u2019-]*|and|&|of|the|in|a|on|to|for))*"
    r"(?<! and)(?<! of)(?<! the)(?<! in)(?<! a)(?<! on)(?<! to)(?<! for))"
)


@lru_cache(1 << 16)
def kind_before(prompt: str, subject: str) -> str:
    """ "My sister" of "My sister Petra works for"; empty where nothing of that kind is said."""
    before, found, _ = prompt.partition(subject)
    told = _OURS.search(before) if found and subject[:1].isupper() else None
    return told[0].rstrip() if told else ""


def also_called(subject: str) -> tuple[str, ...]:
    """ "Barnaby" of "Barnaby the tortoise"; not "Alexander" of "Alexander the Great"."""
    found = _WHAT_IT_IS.fullmatch(subject)
    return (found["name"],) if found else ()


@lru_cache(1 << 16)
def kind_behind(prompt: str, subject: str) -> str:
    """ "our accountant" of "Mr Okonkwo, our accountant, can be"; empty where nothing is said."""
    _, found, behind = prompt.partition(subject)
    told = _OURS_BEHIND.match(behind) if found and subject[:1].isupper() else None
    return told["kind"] if told else ""


def without_kind(text: str) -> str:
    """ "Salt and Cinder" of "the novel Salt and Cinder"; other texts as they are."""
    named = _KIND_NAMED.fullmatch(text)
    return named["name"] if named else text


def called(phrase: Sequence[Word]) -> Sequence[Word]:
    """ "Biscuit" of "our dog Biscuit": the name behind what it is the name of; empty for others."""
    first = next((i for i, w in enumerate(phrase) if i and POSSESSIVE.sub("", w.text).istitle()), 0)
    kind, name = phrase[1:first], phrase[first:]
    plain = bool(kind) and all(w.kind == "w" and not w.owns and not hangs(w) for w in kind)
    if not plain or phrase[0].low not in lex.OWNERS or any(w.owns for w in name[:-1]):
        return ()
    letters = all(POSSESSIVE.sub("", w.text).isalpha() and not w.text.isupper() for w in name)
    return name if letters and all(w.kind == "N" for w in name) else ()
