"""What stands before every route: who may come in, with how much, and how fast."""

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders

from oneshot.serve.limits import Limits
from oneshot.serve.metrics import Metrics
from oneshot.serve.wire.errors import RATE, refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/healthz", "/", "/page/")  # without the key: nothing of the brains is in them
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Entry:
    """Who may come in: with the key if there is one, under these host names if there are any."""

    key: str | None = None
    names: frozenset[str] | None = None


class Guard:
    """Refuses what is not to reach the app, and counts what does."""

    def __init__(self, app: App, entry: Entry, limits: Limits, metrics: Metrics) -> None:
        self.app, self.entry, self.limits, self.metrics = app, entry, limits, metrics
        self._minute, self._came = 0, Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection's request, or the server's own beginning and end."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(SAFE)
            await send(message)

        try:
            await self._let_in(scope, receive, safely)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self.metrics.requests.labels(route, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - began)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused is None and ("content-length" in headers or "transfer-encoding" in headers):
            receive, refused = await self._whole_body(receive, headers)
        await (refused or self.app)(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        if self.entry.names is not None and _name(host) not in self.entry.names:
            return refusal(403, f"the host {host[:80]!r} is not served here; use 127.0.0.1")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return refusal(403, "pages of other origins may not ask this server")
        if not self._in_time(scope):
            return refusal(429, "too many requests from this address; wait", RATE, "rate_limit")
        if not self._has_key(scope["path"], headers):
            message = "give the server's key as `Authorization: Bearer KEY`"
            return refusal(401, message, code="invalid_api_key")
        return None

    def _in_time(self, scope: Scope) -> bool:
        """Count a request; whether its address has not had too many in this minute."""
        if self.limits.rate is None:
            return True
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._came = minute, Counter()
        address = (scope.get("client") or ("", 0))[0]
        self._came[address] += 1
        return self._came[address] <= self.limits.rate

    def _has_key(self, path: str, headers: Headers) -> bool:
        if self.entry.key is None or path in OPEN or path.startswith(OPEN[-1]):
            return True
        given = headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self.entry.key.encode())

    async def _whole_body(
        self, receive: Receive, headers: Headers
    ) -> tuple[Receive, JSONResponse | None]:
        """The body, read whole within its bounds, to be received again; or a refusal."""
        most, parts, size, more = self.limits.body, [], 0, True
        declared = headers.get("content-length", "0")
        too_large = refusal(413, f"the body is larger than {most:,} bytes")
        if not declared.isdecimal() or int(declared) > most:
            return receive, too_large
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                while more:
                    message = await receive()
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        return receive, too_large
                    more = message.get("more_body", False)
        except TimeoutError:
            return receive, refusal(408, "the body took too long to come")
        return _again(b"".join(parts), receive), None


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives a body that was read before, then what comes behind it."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _name(host: str) -> str:
    """A Host header without its port, in small letters; empty where it is no host."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
