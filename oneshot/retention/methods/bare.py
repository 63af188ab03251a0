"""The host as it is: the row that every other one is compared with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from oneshot.retention.methods.interface import Method, Request


class BareHost(Method):
    """Writes nothing, and says so."""

    name = "bare model"

    def write(self, requests: Sequence[Request]) -> None:
        """Nothing."""

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The bare host."""
        yield self.host.model

    def stored_bytes(self) -> int:
        """None."""
        return 0
