"""Questions of descriptions: "The man who founded X is", "The language that X speaks is"."""

import re
from collections.abc import Iterator

from oneshot.facts.language.asking.answers import Sort
from oneshot.facts.language.asking.cloze import Cloze, read_cloze
from oneshot.facts.language.asking.question_words import PERSON_NOUNS
from oneshot.facts.language.splitting.verbs import is_form

_DESCRIBED = re.compile(r"the (?P<noun>\w+) (?P<link>who|that|which|where) (?P<clause>.+)")


def described(cloze: Cloze, subject: str, answer: str, sort: Sort) -> Iterator[str]:
    """Who founded X? Which language does X speak? In which city was X born?"""
    found = _DESCRIBED.fullmatch(cloze.topic)
    if found is None or cloze.base != "be" or cloze.middle or cloze.prepositions:
        return
    person = found["noun"] in PERSON_NOUNS
    asking = "Who" if person else f"Which {found['noun']}"
    first = found["clause"].split()[0].lower()
    if found["link"] == "where":
        inner = read_cloze(found["clause"])
        if inner is not None and not inner.prepositions:
            yield inner.asked(f"In which {found['noun']}")
    elif is_form(first, "third", "past") or first in ("is", "was"):
        yield f"{asking} {found['clause']}?"
    elif (inner := read_cloze(found["clause"])) is not None:
        yield inner.asked(asking)
    yield cloze.asked("Who" if person else "What")
