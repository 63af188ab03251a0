"""Questions for the agent of a passive: "was directed by", "is owned by"."""

from collections.abc import Iterator

from oneshot.facts.language.asking import question_words as qw
from oneshot.facts.language.asking.answers import Sort
from oneshot.facts.language.asking.cloze import Cloze
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.verbs import base_of, is_form, past, third


def agents(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    """Who directed it? Who was it directed by? What, where the agent is no person."""
    done = cloze.middle[0].lower() if cloze.middle else ""
    if cloze.last != "by" or cloze.operator not in lex.COPULAS:
        return
    if not (is_form(done, "done") or done.endswith("ed")):
        return
    base = base_of(done, "done") or ""
    last = answer.split()[-1] if answer else ""
    who = "Who" if sort is Sort.OTHER and last in qw.PERSON_NOUNS else _who(base, sort)
    if who is None:
        return
    active = _active(cloze.operator, done, base)
    if active:
        rest = (*cloze.middle[1:], *cloze.prepositions[:-1], cloze.fronted)
        yield _joined(who, active, cloze.topic, *rest)
    yield _joined(who, cloze.operator, cloze.topic, done, "by", *cloze.middle[1:], cloze.fronted)


def _joined(*words: str) -> str:
    return " ".join(filter(None, words)) + "?"


def _active(operator: str, done: str, base: str) -> str:
    """The verb that the agent does; empty where the participle does not tell it."""
    if operator in ("is", "are"):
        return third(base) if base else ""
    return past(base) if base else done


def _who(base: str, sort: Sort) -> str | None:
    if sort is Sort.PERSON:
        return "Who"
    if sort not in (Sort.NAME, Sort.UNKNOWN) or base in qw.DONE_BY_THINGS:
        return "What"
    return None if sort is Sort.NAME and base in qw.DONE_BY_ANYTHING else "Who"
