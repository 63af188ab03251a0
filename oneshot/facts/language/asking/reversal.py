"""Clozes of prompts that are questions themselves, where grammar is sure of them."""

import re
from collections.abc import Iterator

from oneshot.facts.language.asking.answers import Sort, sort_of
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.verbs import base_of, is_form, participle, past, third
from oneshot.facts.language.splitting.words import words_of

_IDENTITY = re.compile(r"(?:What|Who) (?P<verb>is|was|are|were) (?P<topic>.+)\?")
_AGENT = re.compile(r"Who (?P<verb>\w+) (?P<topic>.+)\?")
_MOVED = re.compile(
    r"(?P<asking>What time|How much|How long|[Ii]n what year|On what date|Where|When|What|Who) "
    r"(?P<verb>is|was|are|were|does|do|did|has|have|can|will) (?P<rest>.+)\?"
)
_IN_PLACES = lex.word_set(
    "born live reside die grow located based situated headquartered founded formed established "
    "work take"
)
_PREPOSITION = {Sort.YEAR: "in", Sort.DATE: "on", Sort.CLOCK: "at", Sort.NAME: "in"}


def clozes_of(question: str, subject: str, answer: str) -> list[str]:
    """Prompts that ask what a question asks."""
    makers = (_identity, _moved, _agent)
    return list(dict.fromkeys(c for maker in makers for c in maker(question, subject, answer)))[:2]


def _identity(question: str, subject: str, answer: str) -> Iterator[str]:
    found = _IDENTITY.fullmatch(question)
    if found is None:
        return
    words = words_of(found["topic"])
    last = words[-1]
    loose = last.kind == "w" and (last.low in lex.PREPOSITIONS or is_form(last.low, "done"))
    relational = any(w.owns for w in words) or words[0].low in lex.OWNERS | {"the"}
    if relational and not loose and found["topic"].lower() != subject.lower():
        yield f"{found['topic']} {found['verb']}"


def _agent(question: str, subject: str, answer: str) -> Iterator[str]:
    """ "Who directed X?": "X was directed by"."""
    found = _AGENT.fullmatch(question)
    if found is None or not _is_subject(found["topic"], subject):
        return
    verb = found["verb"].lower()
    plain = base_of(verb, "third"), base_of(verb, "past")
    base = plain[0] or plain[1]
    if base is None or base in ("be", "do", "have") or verb in lex.AUXILIARIES:
        return
    copula = "is" if plain[0] else "was"
    yield f"{found['topic']} {copula} {participle(base)} by"


def _moved(question: str, subject: str, answer: str) -> Iterator[str]:
    """ "Where was X born?": "X was born in"."""
    found = _MOVED.fullmatch(question)
    topic = found and re.match(
        rf"((?:the )?{re.escape(subject)}) (.+)", found["rest"], re.IGNORECASE
    )
    if not found or not topic:
        return
    words = topic[2].split()
    preposition = _needed(found["asking"], words, answer)
    verb = _stated(found["verb"], words)
    if preposition is not None and verb is not None:
        yield " ".join([topic[1], *verb, preposition]).strip()


def _needed(asking: str, words: list[str], answer: str) -> str | None:
    """The preposition that the cloze ends in; None where it is not sure."""
    sort = sort_of(answer)
    if words[-1].lower() in lex.PREPOSITIONS or asking.startswith("How"):
        return ""
    if asking in ("What", "Who"):
        return None
    if asking == "Where":
        placed = any(word.lower() in _IN_PLACES for word in words)
        return "in" if placed and sort in (Sort.NAME, Sort.PERSON) else None
    return _PREPOSITION.get(sort) if sort is not Sort.NAME else None


def _stated(operator: str, words: list[str]) -> list[str] | None:
    """The verb group of the statement: "did die" becomes "died"."""
    if operator not in lex.DO:
        return [operator, *words]
    if not is_form(words[0].lower(), "base"):
        return None
    base = words[0]
    formed = third(base) if operator == "does" else past(base) if operator == "did" else base
    return [formed, *words[1:]]


def _is_subject(topic: str, subject: str) -> bool:
    return topic.lower().strip("\"'").removeprefix("the ") == subject.lower().removeprefix("the ")
