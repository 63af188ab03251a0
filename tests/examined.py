"""A learner with a few facts to examine; shared by the tests of examinations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from brains import open_tiny, statements

from oneshot.facts.examination import examine as module
from oneshot.facts.examination.examine import make_examiner
from oneshot.facts.learner import Learner
from oneshot.memory.journal.rows import Examination

FACTS = statements(6)


@pytest.fixture(autouse=True)
def few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few questions that are not about taught facts and short answers: both are slow."""
    monkeypatch.setattr(module, "KNOWN", 4)
    monkeypatch.setattr(module, "TIMED", 8)
    monkeypatch.setattr("oneshot.facts.manner.PLAIN_TOKENS", 6)
    monkeypatch.setattr("oneshot.facts.examination.probing.STRANGERS", 6)


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    with open_tiny(tmp_path / "brain") as learner:
        learner.write(FACTS)
        yield learner


def rounds(learner: Learner) -> list[list[Examination]]:
    exams = make_examiner(learner).examinations
    return [exams.of_round(round.id) for round in exams.rounds()]
