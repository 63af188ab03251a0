"""What a sentence tells on the way: by whom as well as when."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from adapters.text.clauses import denies
from oneshot.facts.implied.habits import read, told_before
from oneshot.facts.implied.lists import listed
from oneshot.facts.language.asking.answers import TIMES, Sort, sort_of
from oneshot.facts.language.splitting.lexicon import SUBJECT_NAMING
from oneshot.facts.language.splitting.verbs import is_form
from oneshot.facts.types import Statement

INSIDE = "inside"

_PART = re.compile(r"(?P<before>.+) (?P<by>in|on|at|by)(?: the)?")
_NOW = re.compile(r"\b(?:is|are|has|have|will|can|must|should|does|do)\b", re.IGNORECASE)
_NAMED = {Sort.PERSON, Sort.NAME}


def inside(own: Mapping[str, Statement]) -> Iterator[Statement]:
    """ "Acme was founded by Ann Bell in 1998" tells by whom Acme was founded, and when.

    Only of what is past, where one of the two is a time, of habits and of deeds: what is so
    elsewhere or at another time ("costs 5 euros in Gent") is not told of everywhere and always.
    """
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, told in own.items():
        for prompt, answer in _told(told.prompt, told.answer, told.subject or ""):
            groups[prompt][answer].append(key)
    for prompt, answers in groups.items():
        origins = sorted(key for keys in answers.values() for key in keys)
        subject = own[origins[0]].subject
        yield Statement(prompt, listed(answers), subject, origins=tuple(origins), rule=INSIDE)


@lru_cache(1 << 16)  # a name's facts are all looked at whenever one more is told of it
def _told(prompt: str, answer: str, subject: str) -> tuple[tuple[str, str], ...]:
    return _parts(prompt, answer, subject) or told_before(prompt, answer, subject)


def _parts(prompt: str, answer: str, subject: str) -> tuple[tuple[str, str], ...]:
    """What is told on the way, as prompts and answers."""
    last, behind = _PART.fullmatch(prompt.strip()), sort_of(answer)
    if last is None or not (behind in TIMES or re.search(r"\d", last["before"])):
        return ()  # before anything is read, for there may be a million facts
    first = read(last["before"], subject)
    if first is None or not _is_past(first):
        return ()
    sort = sort_of(first.answer)
    if sort not in TIMES | _NAMED or not TIMES & {sort, behind}:
        return ()
    found, inner = _PART.fullmatch(first.prompt), (first.prompt, first.answer)
    if found is None:
        return (inner,)
    if not found["by"] == last["by"] == "in":
        return inner, (f"{found['before']} {last['by']}", answer)
    in_year = f"{found['before']} in the year"
    if sort is Sort.YEAR:  # "was born in 1990 in Oslo"
        return (in_year, first.answer), (first.prompt, answer)
    return (inner, (in_year, answer)) if behind is Sort.YEAR else (inner,)


def _is_past(found: Statement) -> bool:
    """Whether a prompt tells what was done, and denies nothing."""
    said = found.prompt.replace(found.subject or "", " ", 1)
    words = said.lower().split()
    done = any(is_form(w, "past", "done") or re.fullmatch(r"\w{2,}ed", w) for w in words)
    named = bool(SUBJECT_NAMING & set(words))
    return done and not named and not _NOW.search(said) and not denies(said)
