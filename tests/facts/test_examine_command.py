"""The command `oneshot eval`: its status, what is due, its page."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest
from brains import caches
from examined import few_questions, learner, rounds

from oneshot.cli.facts import evaluate
from oneshot.cli.main import main
from oneshot.facts.examination.examine import (
    examine,
    make_examiner,
)
from oneshot.facts.examination.probing import KINDS
from oneshot.facts.examination.titles import TITLES
from oneshot.facts.learner import Learner
from oneshot.memory.journal.rows import Examination

__all__ = ["caches", "few_questions", "learner"]


NOW = datetime(2100, 1, 1, tzinfo=UTC)


def test_titles_name_every_kind() -> None:
    assert set(TITLES) == set(KINDS)


# --- the command ---


def run(learner: Learner, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    opened = mock.patch.object(evaluate, "open_learner", return_value=nullcontext(learner))
    with opened, pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0), capsys.readouterr().out


def test_the_command_tells_failures_by_its_status(
    learner: Learner, capsys: pytest.CaptureFixture[str]
) -> None:
    learner.forget([1, 2, 3, 4, 5])
    code, out = run(learner, capsys, "--json", "eval", "--seed", "1")
    sections = {record["section"]: record for record in map(json.loads, out.splitlines())}
    assert code == (5 if sections["summary"]["failed"] else 0)
    assert [s for s in sections["scores"]["scores"] if s["kind"] == "taught"] == [
        {"kind": "taught", "right": 1, "n": 1, "own": None}
    ]
    learner.brain.journal.run("UPDATE facts SET answer = 'Nowhere' WHERE id = 6")
    code, out = run(learner, capsys, "eval")
    assert code == 5
    assert "Nowhere" in out
    assert "taught prompt" in out


def test_the_command_says_when_nothing_is_due(
    learner: Learner, capsys: pytest.CaptureFixture[str]
) -> None:
    for fact in learner.facts():
        exams = make_examiner(learner).examinations
        at = datetime.now(UTC).isoformat()
        exams.note(exams.open_round(at, 0), [Examination(fact.id, "taught", "p", "a", True)], at)
    code, out = run(learner, capsys, "eval", "--due")
    assert code == 0
    assert "nothing is due; the next fact is due " in out
    learner.forget(range(1, 7))
    assert "no facts to examine" in run(learner, capsys, "eval")[1]


def test_few_questions_are_not_timed(learner: Learner) -> None:
    sitting = examine(learner, NOW, limit=1)
    assert (sitting.bare_ms, sitting.taught_ms) == (None, None)
    (round,) = make_examiner(learner).examinations.rounds()
    assert (round.bare_ms, round.taught_ms) == (None, None)


def test_the_command_writes_the_page(
    learner: Learner, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    run(learner, capsys, "eval", "--limit", "1", "--report", str(page))
    assert "What is wrong" in page.read_text("utf-8")
    code, out = run(learner, capsys, "eval", "--report", str(tmp_path / "no" / "page.html"))
    assert (code, out) == (2, ""), "it is told before anything is asked"
    assert len(rounds(learner)) == 1
