"""What a client is answered: records with a schema, and failures that none takes for success."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from mcp.types import CallToolResult, TextContent

from oneshot.errors import OneshotError
from oneshot.facts.types import Receipt, Reply

NOT_LEARNT = "NotLearnt"


@dataclass(frozen=True)
class Answer:
    """What the model says, and the ids of the facts that said it; none where it spoke by itself.

    Not `sure` where a fact spoke on weak evidence: perhaps only something near to it was asked.
    """

    question: str
    answer: str
    facts: list[int]
    sure: bool


@dataclass(frozen=True)
class Piece:
    """A piece of an answer, the fact that said it, and the evidence in nats that let it speak.

    From 5 nats on a fact answers where it is asked, 1,000 and more stand for its own words; None
    where the model spoke by itself or went on with what a fact had begun.
    """

    text: str
    fact: int | None
    evidence: float | None


@dataclass(frozen=True)
class Explanation:
    """An answer taken apart, in the order in which it was said."""

    question: str
    answer: str
    pieces: list[Piece]
    chain: list[str]
    """Facts whose answers led to the one that spoke, in words, and that one."""
    sure: bool


@dataclass(frozen=True)
class Undone:
    """What was taken back, in words."""

    undone: str


def answer_of(reply: Reply) -> Answer:
    """A reply as a client gets it."""
    return Answer(reply.question, reply.answer, list(reply.facts), reply.sure)


def explanation_of(reply: Reply) -> Explanation:
    """A reply with its steps; infinite evidence, which JSON does not have, becomes None."""
    pieces = [
        Piece(s.token, s.fact, s.evidence if math.isfinite(s.evidence) else None)
        for s in reply.steps
    ]
    return Explanation(reply.question, reply.answer, pieces, list(reply.chain), reply.sure)


def refused(error: OneshotError) -> CallToolResult:
    """A call that changed nothing, with the kind of error and the line that says what to do."""
    return _failed(type(error).__name__, str(error))


def learnt(receipt: Receipt) -> Receipt | CallToolResult:
    """The receipt of a fact that is answered as taught; else a failure that says what happened."""
    if receipt.holds:
        return receipt
    why = "; ".join(receipt.warnings)
    message = (
        f"fact #{receipt.id} is stored but not answered as taught ({why}); teach it in other words "
        f"or with asks, or forget {receipt.id}"
    )
    return _failed(NOT_LEARNT, message, receipt=asdict(receipt))


def _failed(kind: str, message: str, **more: Any) -> CallToolResult:
    content = {"error": {"kind": kind, "message": message}, **more}
    return CallToolResult(
        content=[TextContent(type="text", text=json.dumps(content))],
        structured_content=content,
        is_error=True,
    )
