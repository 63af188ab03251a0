"""A brain takes in an export in parts: all of it, or what it has by then, and never half a fact."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from brains import caches, exported, live, open_tiny, refused, statement, statements
from safetensors.torch import load, save
from torch import Tensor

from oneshot.errors import BrainError
from oneshot.facts.brain.carried import read_folder
from oneshot.facts.brain.export import MODEL, TEXTS
from oneshot.facts.changing import carrying
from oneshot.facts.learner import Learner

__all__ = ["caches"]

FACTS, PART = 7, 3


@pytest.fixture
def carried(tmp_path: Path) -> Path:
    """An exported adapter."""
    with open_tiny(tmp_path / "source") as learner:
        learner.write(statements(FACTS))
        learner.export(tmp_path / "carried")
    return tmp_path / "carried"


@pytest.fixture
def taker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Learner]:
    """A learner with another answer to one of the facts, which takes in few at once."""
    monkeypatch.setattr(carrying, "TAKEN", PART)
    with open_tiny(tmp_path / "brain") as learner:
        learner.write([statement(2, "Old Harbour")])
        yield learner


def test_parts_are_taken_in_as_one_change(taker: Learner, carried: Path, tmp_path: Path) -> None:
    before = live(taker)
    sizes = [len(rows) for rows, _ in read_folder(carried).parts(PART)]
    assert max(sizes) == PART < len(sizes) * PART / 2
    assert taker.import_(carried) == FACTS
    assert live(taker) == {s.prompt: s.answer for s in statements(FACTS)} != before
    there = exported(taker, tmp_path / "after")
    assert there == {path.name: path.read_bytes() for path in carried.iterdir()}
    assert taker.import_(carried) == 0
    assert taker.undo() == f"import of {FACTS} facts undone"
    assert live(taker) == before


def test_a_brain_is_taken_in_like_its_export(taker: Learner, carried: Path, tmp_path: Path) -> None:
    assert taker.import_(tmp_path / "source") == FACTS
    there = {path.name: path.read_bytes() for path in carried.iterdir()}
    assert exported(taker, tmp_path / "after") == there


def test_a_full_disk_leaves_the_parts_before(
    taker: Learner, carried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, append, room = live(taker), taker.brain.store.append, [2]

    def filling(*arguments: Any) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise BrainError("the disk is full and nothing more can be written")
        append(*arguments)

    monkeypatch.setattr(taker.brain.store, "append", filling)
    with refused(BrainError, "full"):
        taker.import_(carried)
    monkeypatch.undo()
    assert {*live(taker)} < {s.prompt for s in statements(FACTS)}
    assert 1 < len(taker.ledger) < FACTS
    assert not [f for f in Learner.doctor(taker.brain.folder) if not f.ok]
    taker.undo()
    assert live(taker) == before
    assert taker.import_(carried) == FACTS


def test_a_stopped_import_goes_on(taker: Learner, carried: Path, tmp_path: Path) -> None:
    parts = read_folder(carried).parts(PART)
    first = taker._take_part(next(parts), encoded=True)  # as after a kill: nothing else was done
    assert 0 < first < FACTS
    assert taker.import_(carried) == FACTS - first
    there = {path.name: path.read_bytes() for path in carried.iterdir()}
    assert exported(taker, tmp_path / "after") == there


Spoil = Callable[[dict[str, Tensor]], dict[str, Tensor]]


def last_text(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    texts = tensors[TEXTS[0]].clone()
    texts[-2] = ord("!")
    return tensors | {TEXTS[0]: texts}


def another_text(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    data = bytes(tensors[TEXTS[0]].numpy())
    place = data.rindex(b" is") + 1
    data = data[:place] + b"IS" + data[place + 2 :]
    return tensors | {TEXTS[0]: torch.frombuffer(bytearray(data), dtype=torch.uint8)}


def no_number(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    readings = tensors["readings"].clone()
    readings[-1, 0, 0] = torch.nan
    return tensors | {"readings": readings}


def strange_token(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    answer = tensors["answer"].clone()
    answer[-1, 0] = 10**6
    return tensors | {"answer": answer}


def too_few_texts(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return tensors | {TEXTS[1]: tensors[TEXTS[1]][1:].clone()}


def no_ends(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != TEXTS[1]}


def ends_in_floats(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return tensors | {TEXTS[1]: tensors[TEXTS[1]].float()}


@pytest.mark.parametrize(
    "spoil",
    [last_text, another_text, no_number, strange_token, too_few_texts, no_ends, ends_in_floats],
)
def test_what_is_wrong_at_the_end_is_refused_at_the_beginning(
    taker: Learner, carried: Path, spoil: Spoil, tmp_path: Path
) -> None:
    before = exported(taker, tmp_path / "before")
    path = carried / MODEL
    tensors = load(path.read_bytes())
    path.write_bytes(save(spoil(tensors)))
    assert path.read_bytes() != save(tensors)
    with refused(BrainError, "export it again"):
        taker.import_(carried)
    assert exported(taker, tmp_path / "after") == before


@pytest.mark.parametrize("length", [0, 5, 4000, -1])
def test_a_truncated_export_is_refused(taker: Learner, carried: Path, length: int) -> None:
    before = live(taker)
    path = carried / MODEL
    path.write_bytes(path.read_bytes()[:length])
    with refused(BrainError, "no whole adapter"):
        taker.import_(carried)
    assert live(taker) == before


def test_a_damaged_brain_is_not_taken_in(taker: Learner, carried: Path, tmp_path: Path) -> None:
    before = live(taker)
    (path,) = (tmp_path / "source" / "weights").glob("*.safetensors")
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    with refused(BrainError, "damaged"):
        taker.import_(tmp_path / "source")
    assert live(taker) == before
