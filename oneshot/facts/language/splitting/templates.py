"""Wordings with a gap for the subject, as a host was trained on them, that a text may fit."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from oneshot.errors import BadInputError
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import read_clause
from oneshot.facts.language.splitting.split import is_answer
from oneshot.facts.language.splitting.subjects import bare, is_subject
from oneshot.facts.language.splitting.turning import Turned
from oneshot.facts.language.splitting.words import Word, without_stop, words_of
from oneshot.facts.language.text import brief

_SMALL_WORDS = lex.FUNCTION_WORDS | lex.PREPOSITIONS
_LIES = re.compile(  # where a place lies is told, and not what it is: "town in Norlund"
    rf"(?:[a-z-]+ ){{0,2}}(?:{lex.PLACE_KINDS}) (?:in|of|on) (?:the )?[A-Z].*"
)


def from_template(text: str, templates: Sequence[str], *, verbless: bool = True) -> Turned | None:
    """Prompt, answer and subject by the longest template that fits; None where none does.

    Without `verbless`, templates that have no verb ("{}, the capital of") are left out.
    """
    for match in _matches(text, templates):
        answer, prompt = match["answer"], match["prompt"]
        if answer is None or not _is_entity(match):
            continue
        if (not verbless and read_clause(prompt) is None) or _LIES.fullmatch(answer):
            continue
        words = words_of(without_stop(answer))
        if is_answer(words) and not any(word.text in lex.COPULAS for word in words):
            return prompt, answer, bare(match["subject"])
    return None


def subject_by_template(text: str, templates: Sequence[str]) -> str | None:
    """The subject of a prompt that is a template with its gap filled; else None."""
    for match in _matches(text, templates):
        if match["answer"] is None and _is_entity(match):
            return bare(match["subject"])
    return None


def _is_entity(match: re.Match[str]) -> bool:
    """Whether what stands in a template's gap can be its subject; what begins one, only a name."""
    subject = match["subject"]
    if not is_subject(subject):
        return False
    words = words_of(subject)
    if match.start("subject") or len(words) == 1:
        return True
    return words[0].low not in lex.OWNERS and all(map(_is_of_name, words))


def _is_of_name(word: Word) -> bool:
    return word.kind != "w" or word.text[0].isupper() or word.low in _SMALL_WORDS


def _matches(text: str, templates: Sequence[str]) -> Iterator[re.Match[str]]:
    found = (pattern.fullmatch(text) for pattern in _patterns(tuple(templates)))
    return (match for match in found if match is not None)


@lru_cache(maxsize=8)
def _patterns(templates: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(_pattern, sorted(set(templates), key=lambda text: (-len(text), text))))


def _pattern(template: str) -> re.Pattern[str]:
    head, hole, tail = template.partition("{}")
    if not hole or not tail.strip() or "{}" in tail:
        raise BadInputError(f"the template {brief(template)} needs one {{}} with text after it")
    head, tail = (re.escape(part).replace("'", r"['\u2019]") for part in (head, tail.rstrip()))
    if head[:1].isalpha():
        head = f"(?i:{head[0]}){head[1:]}"
    return re.compile(rf"(?P<prompt>{head}(?P<subject>\S.*?){tail})(?: (?P<answer>\S.*))?")
