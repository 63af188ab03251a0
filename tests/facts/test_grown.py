"""What a brain holds lies on the disk: others' changes, damage and large names."""

from pathlib import Path

import pytest
import torch
from brains import caches, exported, open_tiny, statement, statements
from safetensors.torch import save

from adapters.text.table import MOST_OF_ONE
from oneshot.facts.brain import export, holding
from oneshot.facts.brain.held.kept import record_of
from oneshot.facts.changing import carrying
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement
from oneshot.memory.disk import segments
from oneshot.memory.disk.records import text_tensors

__all__ = ["caches"]


def held(learner: Learner) -> tuple[dict[str, torch.Tensor], dict[str, Statement]]:
    """Everything that a learner holds in memory."""
    learner.ledger.refresh()
    return learner.ledger.live.canonical().tensors(), dict(learner.ledger.texts)


def same(one: Learner, other: Learner) -> bool:
    (rows, texts), (others, told) = held(one), held(other)
    return texts == told and all(torch.equal(t, others[name]) for name, t in rows.items())


def test_learners_that_take_turns_hold_what_a_new_one_reads(tmp_path: Path) -> None:
    with open_tiny(tmp_path) as one, open_tiny(tmp_path) as other:
        turns = (
            lambda: one.write(statements(3)),
            lambda: other.write(statements(3, 3)),
            lambda: other.forget([2]),
            lambda: one.update(1, "Old Harbour"),
            other.undo,
            other.undo,
        )
        for turn in turns:
            turn()
            with open_tiny(tmp_path) as fresh:
                assert same(one, fresh)
                assert same(other, fresh)
                journal, store = fresh.brain.journal, fresh.brain.store
                assert journal.sure() <= store.names()
        assert one.ask([statement(1).prompt])[0].facts
        assert {*map(str, held(one)[1])} == {*map(str, held(other)[1])}
        assert len(one.ledger) == 6


def test_memory_is_given_back_while_many_are_taught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "MOST_NEW", 3)
    with open_tiny(tmp_path / "few") as learner:
        for fact in statements(9):
            learner.write([fact])
            assert learner.ledger.live.added <= 4
        few = exported(learner, tmp_path / "few exported")
    monkeypatch.undo()
    with open_tiny(tmp_path / "many") as learner:
        learner.write(statements(9))
        assert learner.ledger.live.added == len(learner.ledger.live) > 4
        assert exported(learner, tmp_path / "many exported") == few


def test_a_moment_stays_while_facts_come_and_go(tmp_path: Path) -> None:
    with open_tiny(tmp_path) as learner:
        learner.write(statements(4))
        moment = learner.ledger.live.speaking(())
        number = int(moment.one(0).names[0, 0])
        there, count = moment.rows_of(number), len(moment)
        assert there
        said = moment.one(0).answer
        learner.forget([fact.id for fact in learner.facts()])
        learner.write(statements(4, 4))
        assert moment.rows_of(number) == there
        assert len(moment) == count
        assert torch.equal(moment.one(0).answer, said)
        assert not learner.ledger.live.speaking(()).rows_of(number)


def test_a_name_that_too_many_facts_bear_is_nobodys(tmp_path: Path) -> None:
    with open_tiny(tmp_path) as learner:
        learner.write(statements(2))
        keys = learner.ledger.live.speaking(())
        number = int(keys.one(0).names[0, 0])
        assert keys.rows_of(number, MOST_OF_ONE) == keys.rows_of(number)
        assert len(keys.rows_of(number)) == 2
        assert keys.rows_of(number, 1) == ()


def test_an_export_in_parts_has_the_bytes_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SMALL", 0)
    with open_tiny(tmp_path / "brain") as learner:
        learner.write(statements(4))
    with open_tiny(tmp_path / "brain") as learner:
        learner.write(statements(3, 4))
        learner.forget([2])
        whole = exported(learner, tmp_path / "whole")
        monkeypatch.setattr(carrying, "AT_ONCE", 2)
        assert exported(learner, tmp_path / "parts") == whole
        rows = learner.ledger.live.canonical()
        told = [record_of(learner.ledger.texts[key]) for key in rows.hex_keys()]
    assert len(rows) >= 6
    assert rows.hex_keys() == sorted(rows.hex_keys())
    texts = dict(zip(export.TEXTS, text_tensors(told), strict=True))
    assert whole[export.MODEL] == save(rows.tensors() | texts)
