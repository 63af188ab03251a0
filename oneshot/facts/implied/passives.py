"""What somebody runs, owns or made, told of the thing: "the Hull depot is run by Tomasz"."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from adapters.text.names import name_key
from oneshot.errors import BadInputError
from oneshot.facts.implied.lists import listed
from oneshot.facts.implied.wording import meant_by, named
from oneshot.facts.language.splitting.apposition import kind_before
from oneshot.facts.language.splitting.clauses import is_plural
from oneshot.facts.language.splitting.lexicon import (
    ADVERBS,
    FUNCTION_WORDS,
    PREPOSITIONS,
    word_set,
)
from oneshot.facts.language.splitting.verbs import participle, past, third
from oneshot.facts.language.splitting.words import words_of
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.types import Statement

PASSIVE = "passive"

# What is so done to a thing is done by hardly anybody else.
_DONE = word_set(
    "run lead own manage chair coach conduct edit feed clean repair supply sponsor host make "
    "build teach organise organize maintain bake brew publish audit mow"
)
_MADE = word_set("build make install repair paint found design organise organize knit sew carve")
_WITH_ARTICLE = word_set("run lead teach clean")  # but "runs Debian" is no running of it
_TAUGHT = re.compile(r"\b(?:class|course|workshop|group|evening|beginners|team)\b", re.IGNORECASE)
_SHARED = re.compile(  # what others run or make as well
    r"\b(?:\w*thon|\w*race|relay|mile|\w*metres|risk|way|tea|coffee|bed|most|best|same|dishes|"
    r"breakfast|lunch|dinner|supper|cut|effort|decision|difference|first|last|only|others?|rest)\b",
    re.IGNORECASE,
)
_ALIKE = ("fish", "sheep", "deer", "series")  # one or several
_NO_THING = (PREPOSITIONS | FUNCTION_WORDS | {"&", "when", "while", "if"}) - {"of", "the"}
_NOBODY = re.compile(  # of whom nothing can be told
    rf"(?:an?|some\w*|any\w*|every\w*|no(?:body|ne| one)?|half|one|two|each|most|many|"
    rf"{'|'.join(ADVERBS)})\b"
    r"|(?:i|we|us|you|he|she|it|they|my|our|your|his|her|its|their|this|that|these|those)$",
    re.IGNORECASE,
)
LONGEST = 5  # words of a thing


def passives(name: str, others: Mapping[str, Statement]) -> Iterator[Statement]:
    """By whom a thing (its key) is run, owned or made, where facts tell that of their subjects."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, told in others.items():
        verb = _verb(told.prompt, told.subject or "")
        if not verb or name_key(told.answer) != name or _has_side(told):
            continue
        agent = re.sub("^The ", "the ", named(told))
        if found := _turned(verb, told.prompt.endswith(" the"), told.answer, agent):
            groups[found][agent].append(key)
    for (prompt, thing), agents in sorted(groups.items()):
        origins = sorted(key for keys in agents.values() for key in keys)
        yield Statement(prompt, listed(agents), thing, origins=tuple(origins), rule=PASSIVE)


def may_be_turned(told: Statement) -> bool:
    """Whether something may be told of a fact's answer so; cheap, for there may be a million."""
    return bool(_verb(told.prompt, told.subject or ""))


def _has_side(told: Statement) -> bool:
    """Whether a declared side tells it already, which tells of names alone."""
    side = meant_by(told)
    return bool(side and side.inverse) and any(c.isupper() for c in told.answer)


def _verb(prompt: str, subject: str) -> str:
    """The verb that is all that a prompt says of its subject; empty for any other prompt."""
    text = prompt.removesuffix(" the")
    verb = text.rpartition(" ")[2]
    if verb not in _verbs() or not subject or _NOBODY.match(subject):
        return ""
    before = text.removesuffix(f" {verb}").removeprefix(kind_before(prompt, subject)).strip()
    return verb if before.removeprefix("The ") == subject.removeprefix("The ") else ""


@lru_cache(1)
def _verbs() -> dict[str, tuple[str, bool]]:
    """Forms of verbs, with their bases and whether they tell what is past."""
    now = {form: (base, False) for base in _DONE for form in (third(base), base)}
    return now | {past(base): (base, True) for base in _MADE}


@lru_cache(1 << 16)
def _turned(verb: str, definite: bool, answer: str, agent: str) -> tuple[str, str] | None:
    """The prompt of the passive and its subject; None where others may do the same."""
    base, before = _verbs()[verb]
    if not definite and (base in _WITH_ARTICLE or not _is_name(answer)):
        return None
    words = words_of(answer)
    if answer.endswith(_ALIKE):
        return None
    if len(words) > LONGEST or any(w.low in _NO_THING or w.kind == "," for w in words):
        return None
    if _SHARED.search(answer) or (base == "teach" and not _TAUGHT.search(answer)):
        return None
    thing = f"The {answer}" if definite else answer
    several = definite and is_plural(words)
    copula = ("were" if several else "was") if before else ("are" if several else "is")
    prompt = f"{thing} {copula} {participle(base)} by"
    try:
        found = parse_sentence(f"{prompt} {agent}.")
    except BadInputError:
        return None
    about = found.subject or ""
    whole = name_key(about) == name_key(thing)
    return (prompt, about) if whole and found.prompt.removesuffix(" the") == prompt else None


def _is_name(answer: str) -> bool:
    """Whether an answer without an article is a name of one thing."""
    words = answer.split()
    return all(w[0].isupper() or w == "of" for w in words) and not words[-1].endswith("s")
