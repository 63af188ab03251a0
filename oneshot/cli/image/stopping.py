"""The wish to stop: Ctrl-C or SIGTERM once saves and stops, a second time ends the process."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = signal.SIGINT, signal.SIGTERM

_Handler = Callable[[int, FrameType | None], None]


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """A function that says whether somebody asked, for work that looks now and then."""
    asked = False

    def note() -> None:
        nonlocal asked
        asked = True

    with _listening(note):
        yield lambda: asked


@contextmanager
def interrupted_when_asked() -> Iterator[None]:
    """KeyboardInterrupt as soon as somebody asks, for work that saves as it goes on."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with _listening(interrupt):
        yield


@contextmanager
def _listening(then: Callable[[], None]) -> Iterator[None]:
    def asked(number: int, frame: FrameType | None) -> None:
        for each in _SIGNALS:  # the system's own way: at once, whatever is being computed
            signal.signal(each, signal.SIG_DFL)
        then()

    before = {each: signal.signal(each, asked) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
