"""Run the server until it is told to stop."""

import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from oneshot.errors import BadInputError
from oneshot.serve.answering.worker import Worker
from oneshot.serve.app import build_app
from oneshot.serve.brains import Brains
from oneshot.serve.guard import Entry
from oneshot.serve.limits import Limits

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
GRACE_SECONDS = 30  # for what is under way when the server is told to stop
BACKLOG = 512
HEADERS = 1 << 16  # bytes


@dataclass(frozen=True)
class Place:
    """Where to listen; beyond loopback a key has to be given, or BadInputError is raised."""

    host: str = "127.0.0.1"
    port: int = 8000
    key: str | None = None

    def __post_init__(self) -> None:
        if self.key is not None and not (self.key.isascii() and self.key.strip()):
            raise BadInputError("the key has to be ASCII and not empty; give another")
        if self.key is None and not self.local:
            raise BadInputError(
                f"{self.host} can be reached from elsewhere; give a key with --api-key or "
                "ONESHOT_API_KEY, or listen on 127.0.0.1"
            )

    @property
    def local(self) -> bool:
        """Whether only this machine can come in."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def entry(self) -> Entry:
        """Loopback is asked by its own names, so that no page can reach it under another one."""
        return Entry(self.key, LOOPBACK | {self.host} if self.local else None)

    def listen(self) -> socket.socket:
        """A socket that listens there; BadInputError where that cannot be."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            return socket.create_server((self.host, self.port), family=family, backlog=BACKLOG)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BadInputError(
                f"cannot listen on {self.host} port {self.port} ({reason}); give another --port"
            ) from error


def serve(
    open_brains: Callable[[], Brains],
    place: Place,
    limits: Limits,
    ready: Callable[[str, list[str]], None],
) -> None:
    """Serve brains until SIGINT or SIGTERM; answers under way may end first.

    `ready` is told the address and the names of the models. Raises what opening the brains raises.
    """
    with place.listen() as listening:
        worker = Worker(open_brains, limits)
        worker.start()
        shape = worker.opened.result().shape
        config = uvicorn.Config(
            build_app(worker, place.entry, limits),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=limits.connections,
            timeout_graceful_shutdown=GRACE_SECONDS,
            h11_max_incomplete_event_size=HEADERS,
        )
        host = f"[{place.host}]" if ":" in place.host else place.host
        ready(f"http://{host}:{listening.getsockname()[1]}", [*shape.names, shape.bare])
        with _stopping_quietly():
            uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _stopping_quietly() -> Iterator[None]:
    """The server raises the signal that stopped it once more when it has ended: take that."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: None) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
