"""Chats and completions."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from oneshot.errors import BadInputError
from oneshot.serve import questions
from oneshot.serve.answering.asked import Asked, Piece
from oneshot.serve.asking import Answer
from oneshot.serve.routes.serving import Served, Serving
from oneshot.serve.wire.errors import described
from oneshot.serve.wire.replies import Form, Json, spoken, usage_of
from oneshot.serve.wire.requests import Answering, Chat, Completion

FEW = 16  # tokens of a completion where nothing else is said, as OpenAI has it
EVENT = "data: {}\n\n"
STREAM = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


router = APIRouter()


@router.post("/v1/chat/completions")
async def chat(given: Chat, request: Request, serving: Served) -> Response:
    """Go on with a conversation."""
    return await _Reply(serving, given, _chat(serving, given)).response(request)


@router.post("/v1/completions")
async def completions(given: Completion, request: Request, serving: Served) -> Response:
    """Go on with texts."""
    return await _Reply(serving, given, _completion(serving, given)).response(request)


class _Reply:
    """The reply to one request, whole or as a stream."""

    def __init__(self, serving: Serving, given: Answering, asked: Sequence[Asked]) -> None:
        shape = serving.asker.shape
        self.serving, self.given, self.asked = serving, given, asked
        self.form = Form(shape.check(given.model), isinstance(given, Chat), shape.tokenizer)
        # Several answers to one prompt count it once.
        self.prompt_tokens = sum(len(one.ids) for one in asked[:: given.n or 1])
        self.answers = [Answer() for _ in asked]
        self.pieces = serving.asker.pieces(given.model, asked)

    async def response(self, request: Request) -> Response:
        """The response, once the first piece is there: until then there can be a plain error."""
        first = await anext(self.pieces)
        if self.given.stream:
            events = self._events(first)
            return StreamingResponse(events, media_type="text/event-stream", headers=STREAM)
        self._take(*first)
        async for i, piece in self.pieces:
            self._take(i, piece)
            if await request.is_disconnected():
                await self.pieces.aclose()
                return Response(status_code=499)
        facts = await self._facts(self.answers)
        return JSONResponse(self.form.whole(self.answers, self._usage(), facts))

    async def _events(self, first: tuple[int, Piece]) -> AsyncIterator[str]:
        try:
            for i in range(len(self.asked) if self.form.chat else 0):
                yield _event(self.form.chunk(i, None))
            for chunk in await self._chunks(*first):
                yield _event(chunk)
            async for i, piece in self.pieces:
                for chunk in await self._chunks(i, piece):
                    yield _event(chunk)
            options = self.given.stream_options
            if options and options.include_usage:
                yield _event(self.form.counts(self._usage()))
        except Exception as error:
            yield _event(described(error)[1])
        finally:
            await self.pieces.aclose()
        yield EVENT.format("[DONE]")

    async def _chunks(self, i: int, piece: Piece) -> list[Json]:
        self._take(i, piece)
        chunks = [self.form.chunk(i, piece.text, piece.odds)] if piece.text or piece.odds else []
        if piece.finish:
            facts = await self._facts([self.answers[i]])
            chunks.append(self.form.end(i, piece.finish, facts))
        return chunks

    def _take(self, i: int, piece: Piece) -> None:
        self.answers[i].add(piece)
        self.serving.metrics.tokens.inc()

    def _usage(self) -> Json:
        return usage_of(self.prompt_tokens, self.answers)

    async def _facts(self, answers: Sequence[Answer]) -> list[Json]:
        evidence: dict[int, float] = {}
        for answer in answers:
            evidence |= answer.facts
        facts = await self.serving.spoke(self.given.model, list(evidence))
        return spoken(facts, evidence)


def _event(data: dict[str, Any]) -> str:
    return EVENT.format(json.dumps(data, separators=(",", ":")))


def _chat(serving: Serving, given: Chat) -> list[Asked]:
    given.check(serving.limits)
    turns = [message.turn() for message in given.messages]
    return [
        questions.chat(
            serving.asker.shape, turns, given.wanted, given.drawing(i), given.stops, given.top
        )
        for i in range(_count(serving, given.n or 1))
    ]


def _completion(serving: Serving, given: Completion) -> list[Asked]:
    given.check(serving.limits)
    _count(serving, len(given.prompts) * (given.n or 1))
    return [
        questions.completion(
            serving.asker.shape,
            prompt,
            given.wanted or FEW,
            given.drawing(i),
            given.stops,
            given.logprobs,
        )
        for prompt in given.prompts
        for i in range(given.n or 1)
    ]


def _count(serving: Serving, count: int) -> int:
    most = serving.limits.choices
    if not 1 <= count <= most:
        raise BadInputError(f"{count} answers were asked for at once; ask for 1 to {most}")
    return count
