"""Teach over the server: a write between two tokens of other answers, and the CLI's receipt.

What the receipt asks goes through the same batches as everybody's questions, so that nobody waits
for more of it than the write.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from oneshot.facts.brain.planned import Entered
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, RAW, Manner
from oneshot.facts.replies import make_receipt, uncontradicted
from oneshot.facts.told import question_of
from oneshot.facts.types import Receipt, Statement
from oneshot.serve import questions
from oneshot.serve.asking import Asker
from oneshot.serve.brains import Brains

Tell = Callable[[Learner], Statement]


@dataclass(frozen=True)
class _Written:
    entered: Entered
    seconds: float


async def teach(asker: Asker, model: str | None, tell: Tell, *, before: bool = True) -> Receipt:
    """Teach what `tell` makes; the receipt comes once the fact is durable.

    The first brain is taught where no model is named.
    """
    return await _teach(asker, model, tell, None, before=before)


async def update(asker: Asker, model: str | None, id: int, answer: str) -> Receipt:
    """Give a fact a new answer."""
    return await _teach(asker, model, lambda learner: learner.renewed(id, answer=answer), id)


async def alias(asker: Asker, model: str | None, id: int, name: str) -> Receipt:
    """Give a fact one more name of its subject."""
    receipt = await _teach(asker, model, lambda learner: learner.renewed(id, alias=name), id)
    return uncontradicted(receipt, id)


async def _teach(
    asker: Asker, model: str | None, tell: Tell, over: int | None, *, before: bool = True
) -> Receipt:
    model = asker.shape.names[0] if model is None else model
    statement = await asker.call(lambda b: _complete(b, model, tell))
    question, bare = question_of(statement), asker.shape.bare
    day = statement.since or statement.until  # a receipt is of when its fact holds
    old = await _said(asker, bare, statement.prompt, RAW, bounded=True) if before else None
    written = await asker.call(lambda b: _write(b.learner(model), statement, over))
    asks = [_said(asker, model, statement.prompt, RAW, day)]
    asks += [_said(asker, model, question, CHAT, day)] if question else []
    new, *answered = await asyncio.gather(*asks)
    told = question, answered[0] if answered else ""
    return make_receipt(written.entered, statement, old, new, told, written.seconds)


def _complete(brains: Brains, model: str, tell: Tell) -> Statement:
    learner = brains.learner(model)
    return learner.complete(tell(learner))


def _write(learner: Learner, statement: Statement, over: int | None) -> _Written:
    began = time.perf_counter()
    kind = "teach" if over is None else "update"
    (entered,) = learner.write([statement], kind, over)
    return _Written(entered, time.perf_counter() - began)


async def _said(
    asker: Asker,
    model: str,
    question: str,
    manner: Manner,
    as_of: str | None = None,
    *,
    bounded: bool = False,
) -> str:
    asked = questions.chat(asker.shape, question, manner=manner)
    (answer,) = await asker.answers(model, [asked], as_of=as_of, bounded=bounded)
    return questions.answer_text(asker.shape, answer.text, manner)
