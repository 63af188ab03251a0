"""Ask the model's thread from the event loop, and hear its answers there."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from oneshot.errors import OneshotError
from oneshot.serve.answering.asked import Asked, Hear, Odds, Piece
from oneshot.serve.answering.row import Row
from oneshot.serve.answering.worker import Worker
from oneshot.serve.brains import Brains, Shape

T = TypeVar("T")


class LateError(OneshotError):
    """An answer took longer than the server gives it."""


@dataclass
class Answer:
    """The pieces of an answer put together; `facts` are those that spoke, with their evidence."""

    text: str = ""
    made: int = 0
    odds: list[Odds] = field(default_factory=list)
    facts: dict[int, float] = field(default_factory=dict)
    finish: str | None = None

    def add(self, piece: Piece) -> None:
        """Take in the next piece."""
        self.text += piece.text
        self.made, self.finish = piece.made, piece.finish
        self.odds += piece.odds
        for fact, evidence in piece.facts.items():
            if fact not in self.facts or math.isnan(self.facts[fact]):
                self.facts[fact] = evidence


@dataclass(frozen=True)
class Asker:
    """Asks one model's thread; an answer has `seconds` to come."""

    worker: Worker
    shape: Shape
    seconds: float

    async def call(self, work: Callable[[Brains], T]) -> T:
        """What the model's thread makes of the brains, between two tokens."""
        return await asyncio.wrap_future(self.worker.call(work))

    async def pieces(
        self,
        model: str,
        asked: Sequence[Asked],
        *,
        as_of: str | None = None,
        bounded: bool = True,
    ) -> AsyncGenerator[tuple[int, Piece], None]:
        """The pieces of all answers as they come, each with its answer's number.

        Raises BusyError, ClosedError, LateError, or what the model raised.
        """
        loop, heard = asyncio.get_running_loop(), asyncio.Queue[tuple[int, Piece | Exception]]()
        deadline = loop.time() + self.seconds
        rows = [
            Row(one, self.shape.tokenizer, _telling(loop, heard, i)) for i, one in enumerate(asked)
        ]
        self.worker.ask(model, rows, as_of=as_of, bounded=bounded)
        try:
            left = len(rows)
            while left:
                try:
                    i, piece = await asyncio.wait_for(heard.get(), deadline - loop.time())
                except TimeoutError:
                    raise LateError(
                        f"no whole answer in {self.seconds:g} s; ask for fewer tokens"
                    ) from None
                if isinstance(piece, Exception):
                    raise piece
                left -= piece.finish is not None
                yield i, piece
        finally:
            for row in rows:
                row.cancel()

    async def answers(
        self,
        model: str,
        asked: Sequence[Asked],
        *,
        as_of: str | None = None,
        bounded: bool = True,
    ) -> list[Answer]:
        """The whole answers, in the order asked."""
        answers = [Answer() for _ in asked]
        async for i, piece in self.pieces(model, asked, as_of=as_of, bounded=bounded):
            answers[i].add(piece)
        return answers


def _telling(
    loop: asyncio.AbstractEventLoop, heard: asyncio.Queue[tuple[int, Piece | Exception]], i: int
) -> Hear:
    def hear(piece: Piece | Exception) -> None:
        with suppress(RuntimeError):  # who waited may be gone with the loop
            loop.call_soon_threadsafe(heard.put_nowait, (i, piece))

    return hear
