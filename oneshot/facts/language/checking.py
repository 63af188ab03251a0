"""The one place where statements are checked and cleaned, whoever makes them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from adapters.text.names import FIRST_PERSON, SPEAKER, name_key
from adapters.text.words import words_of
from oneshot.errors import BadInputError
from oneshot.facts.language.dates import dated
from oneshot.facts.language.splitting.words import without_stop
from oneshot.facts.language.text import brief, check_text
from oneshot.facts.types import Statement

MAX_PROMPT = 2000
MAX_ANSWER = 300
MAX_QUESTION = 30_000  # characters; the host's own limit is in tokens


def statement(
    prompt: str,
    answer: str,
    subject: str | None = None,
    source: str | None = None,
    asks: Iterable[str] = (),
    aliases: Iterable[str] = (),
) -> Statement:
    """Make a clean statement; BadInputError, in one line, for text that cannot be used.

    See `check_statement`.
    """
    return check_statement(Statement(prompt, answer, subject, source, tuple(asks), tuple(aliases)))


def check_statement(given: Statement) -> Statement:
    """Return the statement clean: ends bare, in NFC, the answer without its sentence's stop.

    The subject is spelled as the prompt spells it. A statement that came from here before comes
    back at once. BadInputError for empty, too long or unprintable text, and for a subject that
    the prompt or a further wording lacks.
    """
    if given.clean:
        return given
    prompt = check_text(given.prompt.rstrip(), "prompt", MAX_PROMPT).rstrip()
    subject = _optional(given.subject, "subject")
    subject = None if subject is None else _spelled(subject, prompt)
    aliases = _each(given.aliases, "alias")
    made = replace(
        given,
        prompt=prompt,
        answer=_answer(given.answer),
        subject=subject,
        source=_optional(given.source, "source"),
        asks=_asks(given.asks, prompt, subject, aliases),
        aliases=tuple(alias for alias in aliases if alias != subject),
        since=dated(given.since),
        until=dated(given.until),
    )
    object.__setattr__(made, "clean", True)  # frozen for everyone else
    return made


def check_question(question: str | Sequence[dict[str, str]]) -> str | Sequence[dict[str, str]]:
    """A question, or turns of a conversation, of usable length; line breaks are fine in it."""
    text = question if isinstance(question, str) else "".join(t["content"] for t in question)
    if not text.strip() or len(text) > MAX_QUESTION:
        raise BadInputError(
            f"a question of {len(text):,} characters came; give 1 to {MAX_QUESTION:,}"
        )
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise BadInputError(f"the question {brief(text)} is not valid UTF-8: mend its encoding")
    return question


def about(given: Statement, subject: str) -> Statement:
    """Return the statement with this subject, clean."""
    return check_statement(replace(given, subject=subject))


def mentions(text: str, name: str) -> str | None:
    """The text's own spelling of a name that stands in it, cases and spaces aside; else None."""
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
        return name
    spelled = r"\s+".join(
        re.sub("['\u2019]", "['\u2019]", re.escape(part)) for part in name.split()
    )
    found = re.search(rf"(?<!\w){spelled}(?!\w)", text, re.IGNORECASE)
    return found[0] if found else name if name in text else None


def _names(text: str, name: str) -> bool:
    """Whether a text names somebody; whoever speaks does by any word of the first person."""
    if name_key(name) == SPEAKER:
        return any(word.key in FIRST_PERSON for word in words_of(text))
    return mentions(text, name) is not None


def _answer(text: str) -> str:
    text = text.strip()
    text = without_stop(text) if len(text) <= MAX_ANSWER + 1 else text
    return check_text(text, "answer", MAX_ANSWER).strip()


def _optional(text: str | None, what: str) -> str | None:
    text = (text or "").strip()
    return check_text(text, what, MAX_PROMPT).strip() if text else None


def _spelled(subject: str, prompt: str) -> str:
    found = mentions(prompt, subject)
    if found is None:
        raise BadInputError(
            f"the subject {brief(subject)} does not stand in the prompt {brief(prompt)}:"
            " write it as the prompt does"
        )
    return found


def _each(texts: Iterable[str], what: str) -> tuple[str, ...]:
    cleaned = (check_text(text.strip(), what, MAX_PROMPT).strip() for text in texts)
    return tuple(dict.fromkeys(cleaned))


def _asks(
    texts: Iterable[str], prompt: str, subject: str | None, aliases: tuple[str, ...]
) -> tuple[str, ...]:
    """The further wordings; each has to name the subject, or it could be about anyone."""
    asks = tuple(ask for ask in _each(texts, "wording") if ask != prompt)
    for ask in asks if subject else ():
        if not any(_names(ask, name) for name in (subject, *aliases) if name):
            raise BadInputError(
                f"the wording {brief(ask)} does not name the subject {brief(subject or '')}:"
                " write it there, or give the name that stands there as an alias"
            )
    return asks
