"""The one thread that owns the model and the brains: work and batches take turns in it."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from oneshot.errors import OneshotError
from oneshot.serve.answering.batch import Batch
from oneshot.serve.answering.row import Row
from oneshot.serve.brains import Brains
from oneshot.serve.limits import Limits

T = TypeVar("T")
Work = Callable[[Brains], Any]
Model = tuple[str, str | None]  # its name, and the date that it is asked as of


class BusyError(OneshotError):
    """Too many answers wait already."""


class ClosedError(OneshotError):
    """The server is about to end."""


class Worker(threading.Thread):
    """Opens the brains in its own thread; `opened` is done when they are.

    Between two tokens of the answers under way it does one piece of work, so that a write holds up
    no answer for longer than it takes by itself. Answers that wait become a batch together; each
    batch keeps the facts that were there when it began.
    """

    def __init__(self, open_brains: Callable[[], Brains], limits: Limits) -> None:
        super().__init__(name="model", daemon=True)
        self.opened: Future[Brains] = Future()
        self.limits = limits
        self._open = open_brains
        self._changed = threading.Condition()
        self._works: deque[tuple[Work, Future[Any]]] = deque()
        self._waiting: deque[tuple[Model, Row]] = deque()
        self._batches: list[Batch] = []
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many answers wait for their turn."""
        return len(self._waiting)

    @property
    def answering(self) -> int:
        """How many answers are under way."""
        return sum(len(batch.rows) for batch in self._batches)

    def call(self, work: Callable[[Brains], T]) -> Future[T]:
        """Let the thread do something between two tokens; raises ClosedError at the end."""
        future: Future[T] = Future()
        with self._changed:
            self._check_open()
            self._works.append((work, future))
            self._changed.notify()
        return future

    def ask(
        self, model: str, rows: Sequence[Row], *, as_of: str | None = None, bounded: bool = True
    ) -> None:
        """Let rows wait for their turn, to be answered as of a date or of today.

        Raises BusyError where too many do, unless it is not `bounded`, and ClosedError at the end.
        """
        with self._changed:
            self._check_open()
            if bounded and len(self._waiting) + len(rows) > self.limits.waiting:
                raise BusyError(f"{self.waiting} answers wait already; ask again in a moment")
            self._waiting.extend(((model, as_of), row) for row in rows)
            self._changed.notify()

    def close(self) -> None:
        """End the thread after the work at hand; what still waits is told so."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self.join()

    def run(self) -> None:
        """What the thread does until it is closed."""
        try:
            brains = self._open()
        except BaseException as error:
            self.opened.set_exception(error)
            return
        with brains:
            self.opened.set_result(brains)
            try:
                while self._wait():
                    self._work(brains)
                    self._begin(brains)
                    self._answer()
            finally:
                self._end()

    def _check_open(self) -> None:
        if self._closing:
            raise ClosedError("the server is about to end; ask again when it is back")

    def _wait(self) -> bool:
        """Wait for something to do; whether to go on."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or self._works or self._waiting or self._batches
            )
            return not self._closing

    def _work(self, brains: Brains) -> None:
        """The next piece of work that waits, if any."""
        if not self._works:
            return
        work, future = self._works.popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work(brains))
        except Exception as error:
            future.set_exception(error)

    def _begin(self, brains: Brains) -> None:
        """Make one batch of the answers that wait for the same model, while there is room."""
        rows, model = self._chosen()
        if not rows:
            return
        try:
            denoiser, ids = brains.facts_of(*model)
            self._batches.append(Batch(brains.host, denoiser, ids, rows))
        except Exception as error:
            for row in rows:
                row.fail(error)

    def _chosen(self) -> tuple[list[Row], Model]:
        with self._changed:
            waiting = [(model, row) for model, row in self._waiting if not row.over]
            rows: list[Row] = []
            model = waiting[0][0] if waiting else ("", None)
            if len(self._batches) < self.limits.batches:
                room = self.limits.cells - sum(batch.cells for batch in self._batches)
                for row in (row for name, row in waiting if name == model):
                    more = [*rows, row]
                    if len(more) > self.limits.rows or not self._fits(more, room):
                        break
                    rows = more
            self._waiting = deque((name, row) for name, row in waiting if row not in rows)
        return rows, model

    def _fits(self, rows: Sequence[Row], room: int) -> bool:
        """Whether there is memory for a batch; there is always for a single row by itself."""
        alone = len(rows) == 1 and not self._batches
        return alone or len(rows) * max(row.cells for row in rows) <= room

    def _answer(self) -> None:
        """One token for every answer under way."""
        for batch in list(self._batches):
            try:
                goes_on = batch.step()
            except Exception as error:  # of memory, say: others are still answered
                goes_on = False
                for row in batch.rows:
                    row.fail(error)
            if not goes_on:
                batch.close()
                self._batches.remove(batch)

    def _end(self) -> None:
        """Tell who waits that nothing more will come."""
        error = ClosedError("the server has ended; ask again when it is back")
        with self._changed:
            self._closing = True
        for row in [row for _, row in self._waiting] + [r for b in self._batches for r in b.rows]:
            row.fail(error)
        for _, future in self._works:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
