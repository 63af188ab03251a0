"""A statement as the writer takes it: with the questions that grammar makes of its prompt."""

from adapters.write.encode import Told
from oneshot.facts.language.asking.leads import lead
from oneshot.facts.language.asking.questions import questions
from oneshot.facts.types import Statement


def told_of(statement: Statement, *, made: bool = False) -> Told:
    """The fact to be written; `made` adds the questions that are made of it."""
    subject = statement.subject or ""
    further = questions(statement.prompt, subject, statement.answer) if made else []
    return Told(
        statement.prompt,
        statement.answer,
        subject,
        statement.asks,
        statement.aliases,
        tuple(further),
        _marks(statement),
        lead(statement.prompt, subject, statement.answer),
    )


def _marks(statement: Statement) -> tuple[str, ...]:
    """What tells a fact from others in the same words: when it holds, and what it follows from."""
    times = (("since", statement.since), ("until", statement.until))
    return (
        *(f"{word} {date}" for word, date in times if date),
        *(f"from {key}" for key in statement.origins),
    )


def question_of(statement: Statement) -> str | None:
    """A question that the fact answers: the user's own, or one made by grammar; None for none."""
    made = questions(statement.prompt, statement.subject or "", statement.answer)
    return next((q for q in (*statement.asks, *made) if q.endswith("?")), None)
