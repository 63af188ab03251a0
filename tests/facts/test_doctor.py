"""`oneshot doctor` on brains: what a killed process leaves, and what is broken, goes."""

from pathlib import Path

import pytest
from brains import answers, caches, open_tiny, statements

from oneshot.facts.brain.doctor import LOST
from oneshot.facts.brain.export import MODEL
from oneshot.facts.brain.records import Records
from oneshot.facts.language.readers import read_statements
from oneshot.facts.learner import Learner
from oneshot.facts.types import Finding
from oneshot.memory.disk.folder import CALIBRATION, JOURNAL, WEIGHTS

__all__ = ["caches"]

FACTS = statements(4)


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    with open_tiny(tmp_path / "brain") as learner:
        learner.write(FACTS)
    return tmp_path / "brain"


def faults(brain: Path, *, repair: bool = False) -> list[Finding]:
    return [f for f in Learner.doctor(brain, repair=repair) if not f.ok and not f.repaired]


LEFTOVERS = ".adapter_config.json.7", f".{CALIBRATION}.7", f"{WEIGHTS}/7.safetensors.tmp"


@pytest.mark.parametrize("name", LEFTOVERS)
def test_leftovers_are_found_and_go(brain: Path, name: str) -> None:
    assert faults(brain) == []
    (brain / name).write_bytes(b"half")
    assert [f.check for f in faults(brain)] == ["leftovers"]
    assert faults(brain, repair=True) == []
    assert not (brain / name).exists()
    assert faults(brain) == []


def test_a_lost_journal_is_written_anew_from_the_weights(brain: Path) -> None:
    for path in brain.glob(f"{JOURNAL}*"):
        path.unlink()
    assert [f.check for f in faults(brain)] == ["journal"]
    assert faults(brain, repair=True) == []
    with open_tiny(brain) as learner:
        assert sorted(f.prompt for f in learner.facts()) == sorted(s.prompt for s in FACTS)
        assert answers(learner, FACTS) == [fact.answer for fact in FACTS]


def test_a_lost_journal_keeps_the_order_of_the_facts(brain: Path) -> None:
    with Records.open(brain) as records:
        before = [(fact.id, fact.prompt) for fact in records.facts()]
    for path in brain.glob(f"{JOURNAL}*"):
        path.unlink()
    with Records.open(brain) as records:
        assert [(fact.id, fact.prompt) for fact in records.facts()] == before
    assert faults(brain) == []


def test_facts_of_a_truncated_segment_can_be_taught_again(brain: Path, tmp_path: Path) -> None:
    with open_tiny(brain) as learner:
        learner.export(tmp_path / "before")
    (segment,) = (brain / WEIGHTS).glob("*.safetensors")
    segment.write_bytes(segment.read_bytes()[:100])
    assert [f.check for f in faults(brain)] == ["weights", "journal and weights"]
    found = Learner.doctor(brain, repair=True)
    assert [f for f in found if f.repaired and "4 facts are not in the weights, #1 (" in f.detail]
    assert faults(brain) == []
    with open_tiny(brain) as learner:
        assert learner.facts() == []
        learner.write([*read_statements(brain / LOST, LOST)])
        assert answers(learner, FACTS) == [fact.answer for fact in FACTS]
        learner.export(tmp_path / "after")
    weights = [(tmp_path / name / MODEL).read_bytes() for name in ("before", "after")]
    assert weights[0] == weights[1]


def test_lost_facts_are_named_up_to_ten(brain: Path) -> None:
    with open_tiny(brain) as learner:
        learner.write(statements(12))
    for segment in (brain / WEIGHTS).glob("*.safetensors"):
        segment.unlink()
    (fault,) = faults(brain)
    assert fault.detail.startswith("12 facts are not in the weights, #1 (")
    assert fault.detail.count("#") == 10
    assert ", 2 more; --repair keeps their texts" in fault.detail
    assert not (brain / LOST).exists()
