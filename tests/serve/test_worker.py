"""The model's thread: whose turn it is, how much waits, and what happens when something fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from brains import caches, open_tiny

from oneshot.errors import BadInputError
from oneshot.serve.answering.asked import Asked, Piece
from oneshot.serve.answering.batch import Batch
from oneshot.serve.answering.row import Row
from oneshot.serve.answering.worker import BusyError, ClosedError, Worker
from oneshot.serve.brains import Brains, bare_name
from oneshot.serve.limits import Limits

__all__ = ["caches"]

NAMES = ("one", "two")


@pytest.fixture
def brains(tmp_path: Path) -> Iterator[Brains]:
    """An open brain for making rows; workers open their own."""
    with Brains(open_tiny(tmp_path / "rows"), []) as made:
        yield made


def worker_of(tmp_path: Path, **limits: Any) -> Worker:
    return Worker(lambda: Brains(open_tiny(tmp_path / "brain"), []), Limits(**limits))


def row_of(brains: Brains, heard: list[Any], most: int = 3, given: int = 4) -> Row:
    ids = tuple(range(10, 10 + given))
    return Row(Asked(ids, most, stops=("\x00",)), brains.shape.tokenizer, heard.append)


def test_one_piece_of_work_is_done_between_two_tokens(brains: Brains, tmp_path: Path) -> None:
    worker, order = worker_of(tmp_path), list[Any]()
    worker.ask("brain", [row_of(brains, order, most=5)])
    works = [worker.call(lambda _, n=n: order.append(f"work {n}")) for n in range(4)]
    worker.start()
    for work in works:
        work.result(60)
    done = worker.call(lambda _: None)
    done.result(60)
    worker.close()
    kinds = ["work" if isinstance(one, str) else "token" for one in order]
    assert kinds[:8] == ["work", "token"] * 4


def test_rows_are_batched_within_the_bounds(
    brains: Brains, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def counting(self: Batch, *args: Any) -> None:
        begin(self, *args)
        sizes.append(len(self.rows))

    begin = Batch.__init__
    monkeypatch.setattr(Batch, "__init__", counting)
    worker, heard = worker_of(tmp_path, rows=3, batches=2, cells=1000), list[Any]()
    worker.ask("brain", [row_of(brains, heard) for _ in range(7)])
    worker.ask("brain", [row_of(brains, heard, given=140)])  # more cells than three more rows have
    worker.start()
    while sum(piece.finish is not None for piece in heard) < 8:
        worker.call(lambda _: None).result(60)
    worker.close()
    assert sizes == [3, 3, 2]


def test_too_many_that_wait_are_refused(brains: Brains, tmp_path: Path) -> None:
    worker, heard = worker_of(tmp_path, waiting=2), list[Any]()
    worker.ask("brain", [row_of(brains, heard), row_of(brains, heard)])
    with pytest.raises(BusyError, match="2 answers wait"):
        worker.ask("brain", [row_of(brains, heard)])
    worker.ask("brain", [row_of(brains, heard)], bounded=False)
    assert worker.waiting == 3


def test_the_end_is_told_to_who_waits_and_to_who_comes_later(
    brains: Brains, tmp_path: Path
) -> None:
    worker, heard = worker_of(tmp_path), list[Any]()
    worker.ask("brain", [row_of(brains, heard, most=10**6)])
    worker.start()
    worker.opened.result(60)
    worker.close()
    assert isinstance(heard[-1], ClosedError)
    for late in (lambda: worker.call(lambda _: None), lambda: worker.ask("brain", [])):
        with pytest.raises(ClosedError):
            late()


def test_what_fails_is_told_and_the_thread_goes_on(
    brains: Brains, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, heard = worker_of(tmp_path), list[Any]()
    worker.start()
    with pytest.raises(ZeroDivisionError):
        worker.call(lambda _: 1 / 0).result(60)
    with monkeypatch.context() as patch:
        patch.setattr(Batch, "step", lambda _: 1 / 0)
        worker.ask("brain", [row_of(brains, heard)])
        while not heard:
            worker.call(lambda _: None).result(60)
    assert isinstance(heard.pop(), ZeroDivisionError)
    worker.ask("brain", [row_of(brains, heard)])
    while not any(isinstance(piece, Piece) and piece.finish for piece in heard):
        worker.call(lambda _: None).result(60)
    worker.close()


def test_a_brain_that_cannot_be_opened_is_an_error_of_the_opening() -> None:
    def broken() -> Brains:
        raise BadInputError("no brain here")

    worker = Worker(broken, Limits())
    worker.start()
    with pytest.raises(BadInputError, match="no brain here"):
        worker.opened.result(60)


def test_brains_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="two brains"):
        Brains(open_tiny(tmp_path / "a" / "same"), [tmp_path / "b" / "same"])
    first = open_tiny(tmp_path / "probe")
    name = bare_name(first.host)
    first.close()
    with pytest.raises(BadInputError, match="as its model is"):
        Brains(open_tiny(tmp_path / name), [])
