"""Which relation a taught prompt tells."""

import re
from functools import cache, lru_cache

from adapters.text.names import SPEAKER, name_key
from oneshot.facts.language.splitting.apposition import kind_before, kind_behind
from oneshot.facts.language.splitting.lexicon import NAMED_KINDS
from oneshot.facts.types import Statement
from oneshot.hosts.sides import Side, sides

_COPULA = re.compile(r"\b(?:is|was|are|were)\b")
_OPENING = re.compile(r"^(?:the|a|an|one) ")
_NAMED = re.compile(r"^(?:the )?names? of (?=the (?!\x00))")  # "the name of the author of {}"
_ENDING = re.compile(r" the$")
_ARTICLE = re.compile(r"\b(the) $", re.IGNORECASE)
_OWNER = re.compile(r"^(?:My|Our|Your)(?= [a-z])")
_GAP = "\x00"
_KIND = re.compile(rf"\b(?:the|an?) (?:[a-z]+ )?(?:{NAMED_KINDS}) (?={_GAP})")


@lru_cache(1 << 16)
def worded(prompt: str, subject: str) -> str:
    """The prompt as it is compared: a gap for its subject, no copula, article, case or kind."""
    before, found, after = prompt.rpartition(subject)
    text = f"{before}{_GAP}{after}" if found and subject else prompt
    text = " ".join(text.casefold().replace("\u2019", "'").split())
    text = _KIND.sub("", text.replace(f"{_GAP}' ", f"{_GAP}'s "))
    text = _NAMED.sub("", _ENDING.sub("", _COPULA.sub("be", text)))
    return _OPENING.sub("", text).replace(f"the {_GAP}", _GAP).replace(_GAP, "{}")


def of_speaker(told: Statement) -> bool:
    """Whether a statement tells of whoever speaks, alone or with others."""
    return name_key(told.subject or "") in (SPEAKER, "our", "we", "us", "ours")


def side_of(told: Statement) -> Side | None:
    """The declared side that a statement tells of its subject, by its words alone."""
    if not told.subject or of_speaker(told):
        return None
    return _by_wording().get(worded(told.prompt, told.subject))


def meant_by(told: Statement) -> Side | None:
    """The declared side that a statement tells, by its words or else by the host's states."""
    return side_of(told) or sides().get(told.side)


def named(told: Statement) -> str:
    """The subject as an answer, with the article that the prompt gives it.

    What opens the sentence is in small letters, but of a work an article may belong to the title;
    "my" and "our" are "your", as it is told back.
    """
    subject, side = _OWNER.sub("your", told.subject or ""), meant_by(told)
    found = _ARTICLE.search(told.prompt.rpartition(told.subject or "")[0])
    if found is None:
        return subject
    title = side is not None and any(name.startswith("works:") for name in side.bank)
    return f"{found[1] if title or found.start() else found[1].lower()} {subject}"


def kind_of(told: Statement) -> str:
    """Who the subject is to the speaker, where that is said on the way: "My sister"."""
    subject = told.subject or ""
    return kind_before(told.prompt, subject) or kind_behind(told.prompt, subject)


@cache
def _by_wording() -> dict[str, Side]:
    return {worded(p, "{}"): side for side in sides().values() for p in side.prompts}


def question_key(told: Statement) -> str:
    """What a statement tells of its subject: facts with one key answer one question."""
    side = side_of(told)
    return side.name if side and side.several else worded(told.prompt, told.subject or "")
