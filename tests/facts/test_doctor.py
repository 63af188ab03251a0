"""`oneshot doctor` on brains: what a killed process leaves, and what is broken, goes."""

from pathlib import Path

import pytest
from brains import answers, caches, open_tiny, statements

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


def test_a_truncated_segment_is_set_aside_and_its_facts_are_told(brain: Path) -> None:
    (segment,) = (brain / WEIGHTS).glob("*.safetensors")
    segment.write_bytes(segment.read_bytes()[:100])
    assert [f.check for f in faults(brain)] == ["weights", "journal and weights"]
    found = Learner.doctor(brain, repair=True)
    assert sum("teach it again" in f.detail for f in found) == len(FACTS)
    assert faults(brain) == []
    with open_tiny(brain) as learner:
        assert learner.facts() == []
