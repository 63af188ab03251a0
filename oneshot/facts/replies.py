"""What a learner hands out: receipts of teaching, and replies with the facts that spoke."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from adapters.query.voice import step_of
from oneshot.facts.answering import Said, short, text_of
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.brain.planned import Entered
from oneshot.facts.following import Followed
from oneshot.facts.types import Receipt, Reply, Statement, Step

WEAK = 15.0  # nats of evidence below which a fact may be about something near to what was asked


def make_reply(
    question: str,
    said: Said,
    bare: Said | None,
    ids: Sequence[tuple[int, ...]],
    *,
    explain: Callable[[int], str] | None,
    whole: bool = False,
    followed: Followed | None = None,
) -> Reply:
    """A reply; `ids` are the taught facts by the denoiser's rows, `bare` is what the host said, and
    `followed` the question as it was asked in the end. Where it is to be explained, `explain` tells
    a row in words.

    A single sentence goes without its stop unless the `whole` text is wanted.
    """
    tidy = str if whole else short
    before = followed.via if followed else ()
    rows = (row for c in said.changes if c for row in (*c.via, c.fact) if row >= 0)
    spoke = (*before, *rows)
    asked = text_of(followed.question) if followed else question
    return Reply(
        question,
        tidy(said.text),
        tuple(dict.fromkeys(id for row in spoke for id in ids[row])),
        tidy(bare.text) if bare else None,
        _steps(said, ids, before) if explain else (),
        asked if asked != question else None,
        tuple(map(explain, _led(said, before))) if explain else (),
        _is_sure(said, before),
    )


def make_receipt(
    entered: Entered,
    statement: Statement,
    before: str | None,
    after: str,
    asked: tuple[str | None, str],
    seconds: float,
    leads: tuple[str, ...] = (),
) -> Receipt:
    """A receipt; `before` and `after` are the answers to the taught prompt (`before` None where it
    was not asked), `asked` a question that was made of it, with its answer.
    """
    return Receipt(
        entered.id,
        statement.prompt,
        statement.answer,
        statement.subject or "",
        entered.relation,
        before,
        after,
        seconds,
        entered.nearest,
        _warnings(entered, statement.answer, before, after, asked),
        asked[0],
        asked[1],
        _says(statement.answer, after) and (asked[0] is None or _says(statement.answer, asked[1])),
        entered.implied,
        leads,
    )


def leads(texts: Texts, told: Statement) -> tuple[str, ...]:
    """A taught fact and one that its answer leads to, in words; this fact is one of the two."""
    before, behind = texts.beside(told)
    pairs = [(before, told)] * bool(before) + [(told, behind)] * bool(behind)
    return tuple("; ".join(step_of(s.prompt, s.answer) for s in pair if s) for pair in pairs)


def contradiction(old: int) -> str:
    """The warning that a fact takes the place of one with another answer."""
    return f"contradicts #{old}, which it replaces"


def uncontradicted(receipt: Receipt, old: int) -> Receipt:
    """The receipt of a fact in which only its names changed: it contradicts nothing."""
    warnings = tuple(w for w in receipt.warnings if w != contradiction(old))
    return replace(receipt, warnings=warnings)


def _is_sure(said: Said, before: Sequence[int]) -> bool:
    """Whether no fact spoke on weak evidence, and the last step that facts led to is a fact's."""
    changes = [c for c in said.changes if c]
    strong = all(not c.evidence < WEAK for c in changes)  # NaN inside a fact's words
    return strong and (bool(changes) or not before)


def _led(said: Said, before: Sequence[int]) -> list[int]:
    """The rows that led on, and those that they led to; none where each fact spoke by itself."""
    spoke = [c for c in said.changes if c and c.fact >= 0 and (c.via or before)]
    rows = (*before, *(row for c in spoke for row in (*c.via, c.fact)))
    return list(dict.fromkeys(rows))


def _steps(said: Said, ids: Sequence[tuple[int, ...]], before: Sequence[int]) -> tuple[Step, ...]:
    return tuple(
        Step(
            token,
            ids[c.fact][0] if c.fact >= 0 else None,
            c.evidence,
            tuple(id for row in (*before, *c.via) for id in ids[row][:1]),
        )
        if c
        else Step(token, None, float("nan"))
        for token, c in zip(said.tokens, said.changes, strict=True)
    )


def _says(answer: str, said: str) -> bool:
    return answer.rstrip(".") in said


def _warnings(
    entered: Entered, answer: str, before: str | None, after: str, asked: tuple[str | None, str]
) -> tuple[str, ...]:
    found = []
    if entered.known:
        found.append(f"already taught as #{entered.id}")
    found += map(contradiction, entered.replaced)
    if before == answer and not entered.known:
        found.append("the model already said so")
    if not _says(answer, after):
        found.append(f"the taught prompt is answered {after!r}: another fact may be in the way")
    if asked[0] is None:
        found.append("no question could be made of it; give one with --ask")
    elif not _says(answer, asked[1]):
        found.append(f"{asked[0]!r} is answered {asked[1]!r}; give other words with --ask")
    return tuple(found)
