"""What a sentence tells whatever its last part says: habits, deeds, relative clauses."""

import re
from functools import lru_cache

from adapters.text.clauses import denies
from oneshot.errors import BadInputError
from oneshot.facts.language.asking.answers import TIMES, Sort, sort_of
from oneshot.facts.language.splitting.lexicon import ADVERBS, OWNERS, PREPOSITIONS, word_set
from oneshot.facts.language.splitting.verbs import past, third
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.types import Statement

_LAST = re.compile(r"(?P<before>.+) (?:in|on|at|to|from)(?: the)?")
_RELATIVE = re.compile(r"(?P<who>[^,]+), (?:who|which) (?P<said>[^,]+), .+")
_HABITS = word_set("meet swim play train rehearse practise practice study teach coach sing row")
_LEAVING = word_set("leave depart")
_DEEDS = word_set("break sprain buy sell lose leave give lend write paint sign build open donate")
_HEDGES = (ADVERBS - {"twice"}) | word_set(
    "no nobody nothing few some most any every less more fewer than if unless when while or and "
    "without except sooner rather but"
)


@lru_cache(1)
def _verbs() -> dict[str, str]:
    found = {form: "habit" for base in _HABITS for form in (base, third(base))}
    found |= {form: "leaving" for base in _LEAVING for form in (base, third(base))}
    return found | {past(base): "deed" for base in _DEEDS}


def told_before(prompt: str, answer: str, subject: str) -> tuple[tuple[str, str], ...]:
    """What a sentence of a subject tells before its last part, as prompts and answers."""
    if ", wh" in prompt:
        return _relative(prompt, subject)
    last = _LAST.fullmatch(prompt)
    if last is None or not subject:
        return ()
    words = last["before"].replace(subject, " ", 1).lower().split()
    if not any(w in _verbs() for w in words[:4]) or _HEDGES & {*words}:
        return ()
    found = read(last["before"], subject)
    if found is None or denies(last["before"]):
        return ()
    kind = _verbs().get(_verb(found.prompt, subject), "")
    return ((found.prompt, found.answer),) if _holds(kind, found, answer, subject) else ()


@lru_cache(1 << 10)  # a fact's first part is looked at in two ways
def read(text: str, subject: str) -> Statement | None:
    """What a part of a sentence tells of the same subject."""
    try:
        found = parse_sentence(f"{text}.")
    except BadInputError:
        return None
    return found if found.subject == subject and text.startswith(found.prompt) else None


def _relative(prompt: str, subject: str) -> tuple[tuple[str, str], ...]:
    """ "Ann Bell, who lives in Oslo, teaches" tells where she lives."""
    found = _RELATIVE.fullmatch(prompt)
    if not found or not found["who"].endswith(subject) or _HEDGES & {*found["said"].split()}:
        return ()
    if PREPOSITIONS & {*found["who"].split()}:
        return ()  # "The owner of Larch Cottage, who"
    told = None if denies(found["said"]) else read(f"{found['who']} {found['said']}", subject)
    return ((told.prompt, told.answer),) if told else ()


def _verb(prompt: str, subject: str) -> str:
    return next(iter(prompt.rpartition(subject)[2].split()), "")


def _holds(kind: str, found: Statement, answer: str, subject: str) -> bool:
    """Whether the first part holds whatever the last one says."""
    said = found.prompt.rpartition(subject)[2].removesuffix(" the").split()
    sort, time, with_object = sort_of(found.answer), sort_of(answer) in TIMES, len(said) == 1
    if kind == "deed":  # what was done once was done
        definite = found.prompt.endswith(" the") or found.answer.split()[0] in OWNERS
        return with_object and definite
    if kind == "leaving":
        return said[1:] == ["from"] and sort_of(answer) is Sort.CLOCK
    if kind != "habit":
        return False
    if sort in TIMES:
        return sort is Sort.DAY and said[1:] == ["on"] and not time
    return with_object or said[1:] == ["for"]
