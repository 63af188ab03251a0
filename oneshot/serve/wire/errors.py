"""Errors in OpenAI's shape."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from oneshot.errors import BadInputError, BrainError, HostError, OneshotError
from oneshot.serve.answering.worker import BusyError, ClosedError
from oneshot.serve.asking import LateError
from oneshot.serve.brains import UnknownFactError, UnknownModelError
from oneshot.serve.questions import TooLongError

BAD, RATE, SERVER = "invalid_request_error", "rate_limit_error", "server_error"
RETRY = {"Retry-After": "1"}

# The first class that fits: status, type, code.
KINDS: tuple[tuple[type[OneshotError], int, str, str | None], ...] = (
    (UnknownModelError, 404, BAD, "model_not_found"),
    (UnknownFactError, 404, BAD, "fact_not_found"),
    (TooLongError, 400, BAD, "context_length_exceeded"),
    (BusyError, 429, RATE, "queue_full"),
    (ClosedError, 503, SERVER, "closing"),
    (LateError, 503, SERVER, "timeout"),
    (BadInputError, 400, BAD, None),
    (HostError, 400, BAD, None),
    (BrainError, 503, SERVER, "brain_unavailable"),
)


def shaped(
    message: str, kind: str = BAD, code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def described(error: Exception) -> tuple[int, dict[str, Any]]:
    """Status and body for an error; what nobody foresaw is logged and not told."""
    for kind, status, type_, code in KINDS:
        if isinstance(error, kind):
            return status, shaped(str(error), type_, code)
    logging.getLogger(__name__).error("a request failed", exc_info=error)
    return 500, shaped("the server failed; its log says why", SERVER)


def refusal(status: int, message: str, kind: str = BAD, code: str | None = None) -> JSONResponse:
    """A response that refuses a request."""
    headers = RETRY if status in (429, 503) else {}
    return JSONResponse(shaped(message, kind, code), status, headers)


def add_handlers(app: FastAPI) -> None:
    """Let every error of the app come out in this shape."""

    @app.exception_handler(OneshotError)
    @app.exception_handler(Exception)
    async def failed(_request: Request, error: Exception) -> JSONResponse:
        status, body = described(error)
        return JSONResponse(body, status, RETRY if status in (429, 503) else {})

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(shaped(str(error.detail)), error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
        param = ".".join(place) or None
        message = f"{param}: {first['msg']}" if param else f"the body: {first['msg']}"
        return JSONResponse(shaped(message, BAD, None, param), 400)
