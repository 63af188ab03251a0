"""Sentences that name what is told first, turned about so that it comes last."""

import re
from collections.abc import Callable, Sequence

from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import Clause
from oneshot.facts.language.splitting.split import is_answer
from oneshot.facts.language.splitting.subjects import mine, of_noun_phrase
from oneshot.facts.language.splitting.words import Word, own, words_of
from oneshot.facts.language.text import capitalised

_THERE_ARE = re.compile(
    r"There (?P<verb>are|were) (?P<answer>(?:about |over |exactly )?\S+(?: (?:hundred|thousand|"
    r"million|billion))?) (?P<noun>[\w' -]+?) "
    r"(?P<place>(?:in|at|on|of|inside|aboard) (?P<where>.+))"
)
_IT_TAKES = re.compile(
    r"It (?P<verb>takes|took|costs|cost) (?P<answer>.*?\d.*?|an? \w+|\w+ \w+) to (?P<deed>\w+ .+)"
)
_HAS_LISTED = re.compile(
    r"(?P<owner>[^,:;]+?) (?:has|have|had) (?P<number>\w+) "
    r"(?P<noun>[a-z][a-z -]*s|children|people|men|women)"
    r"(?:: ?| (?:named|called),? |, (?:namely |named |called )?)(?P<answer>[^:;]+)"
)
_BETWEEN = re.compile(r" and |, ")
_OWNED = {"I": "my", "we": "our"}
_PLURALS = {"is": "are", "was": "were"}

Turned = tuple[str, str, str | None]


def turned(text: str, clause: Clause | None) -> Turned | None:
    """Prompt, answer and subject of a sentence whose subject stands last; None for all others."""
    for turn in _TURNS:
        if (found := turn(text)) is not None:
            return found
    return None if clause is None else _identity(text, clause)


def _there_are(text: str) -> Turned | None:
    found = _THERE_ARE.fullmatch(text)
    if found is None or not _is_number(found["answer"]):
        return None
    copula = "is" if found["verb"] == "are" else "was"
    prompt = f"The number of {found['noun']} {found['place']} {copula}"
    return prompt, found["answer"], of_noun_phrase(found["where"], words_of(found["where"]))


def _it_takes(text: str) -> Turned | None:
    found = _IT_TAKES.fullmatch(text)
    if found is None:
        return None
    prompt = f"To {found['deed']} it {found['verb']}"
    phrase = words_of(found["deed"])[1:]
    place = next((i for i, w in enumerate(phrase) if w.low in lex.PREPOSITIONS), -1)
    return prompt, found["answer"], of_noun_phrase(found["deed"], phrase[place + 1 :])


def _has_listed(text: str) -> Turned | None:
    """ "Tom has three children: Ben, Lea and Jo": they are told by name."""
    found = _HAS_LISTED.fullmatch(text)
    if found is None or not _is_number(found["number"]) or not _BETWEEN.search(found["answer"]):
        return None
    owner = found["owner"]
    whose = _OWNED.get(owner if owner == "I" else owner.lower()) or own(owner)
    said = capitalised(f"{whose} {found['noun']}")
    phrase = words_of(said)
    return f"{said} are", found["answer"], mine(phrase) or of_noun_phrase(said, phrase)


_TURNS: Sequence[Callable[[str], Turned | None]] = (_there_are, _it_takes, _has_listed)


def _is_number(text: str) -> bool:
    last = text.split()[-1].lower()
    return last[:1].isdigit() or last in lex.NUMBER_WORDS


def _identity(text: str, clause: Clause) -> Turned | None:
    """ "Paris is the capital of Freedonia": what is defined stands behind the verb."""
    words, verb = clause.words, clause.verb
    rest = words[verb + 1 :]
    if words[verb].low not in lex.COPULAS or not rest or clause.start:
        return None
    if not _may_be_answer(clause.subject) or not _defines(rest):
        return None
    said = capitalised(text[rest[0].start : rest[-1].end])
    answer = text[words[0].start : words[verb - 1].end]
    phrase = words_of(said)
    return f"{said} {words[verb].text}", answer, mine(phrase) or of_noun_phrase(said, phrase)


def _may_be_answer(phrase: Sequence[Word]) -> bool:
    """Whether a subject is a bare name, number or quotation, and so what is told."""
    first = phrase[0]
    common = first.kind == "w" and (first.low in lex.DETERMINERS | lex.PRONOUNS | lex.ABSENT)
    hung = any(w.kind == "w" and w.low in lex.PREPOSITIONS | lex.RELATIVES for w in phrase[1:])
    return is_answer(phrase) and not (common or hung or any(w.owns for w in phrase))


def _defines(phrase: Sequence[Word]) -> bool:
    """Whether a phrase singles out one thing by its relation: the R of Y, Y's R, my R."""
    if any(w.kind == "," or w.low == "and" or w.low in lex.RELATIVES for w in phrase):
        return False
    first = phrase[0]
    place = next(
        (i for i, w in enumerate(phrase) if w.kind == "w" and w.low in lex.PREPOSITIONS), 0
    )
    if first.low in ("my", "our"):
        return len(phrase) > 1
    owner = next((i for i, w in enumerate(phrase) if w.owns), None)
    if owner is not None and owner + 1 < len(phrase) and not place:
        return phrase[owner + 1].kind == "w"
    named = place > 1 and phrase[place - 1].low not in lex.SHARED_NOUNS
    return first.low == "the" and first.kind == "w" and named and place + 1 < len(phrase)
