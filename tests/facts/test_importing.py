"""An import says what it does first, and done twice changes nothing."""

from pathlib import Path

import pytest
from brains import answers, caches, exported, host_folder, open_tiny, statement
from command_line import Result

from oneshot.cli.main import main
from oneshot.facts.learner import Learner
from oneshot.facts.sources.plan import outcome, plan, to_teach
from oneshot.facts.sources.read import read_items
from oneshot.facts.sources.understanding import Understanding

__all__ = ["caches"]

FACTS = [statement(number) for number in range(6)]
LINES = [f"{fact.prompt} {fact.answer}." for fact in FACTS]


def take(learner: Learner, lines: list[str]) -> dict[str, str]:
    """Import lines; what became of each."""
    items = [i for n, line in enumerate(lines) for i in Understanding().sentences(f"{n}", line)]
    planned = plan(items, learner.brain.journal.by_keys)
    done = outcome(planned, learner.take_in(to_teach(planned, "notes.txt")))
    return {p.item.place: p.state for p in done}


def test_a_second_import_changes_no_bit(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain") as learner:
        lines = [*LINES, "Hello there."]
        first = take(learner, lines)
        assert list(first.values()) == ["taught"] * 6 + ["left out"]
        assert answers(learner, FACTS) == [fact.answer for fact in FACTS]
        assert {fact.source for fact in learner.facts()} == {"notes.txt"}
        weights, facts = exported(learner, tmp_path / "one"), learner.facts(None)
        operation = learner.brain.journal.last_operation()

        assert list(take(learner, lines).values()) == ["known"] * 6 + ["left out"]
        assert exported(learner, tmp_path / "two") == weights
        assert learner.facts(None) == facts
        assert learner.brain.journal.last_operation() == operation


def test_of_two_answers_in_one_file_the_last_counts(tmp_path: Path) -> None:
    lines = [LINES[0], f"{FACTS[0].prompt} Quist.", LINES[0]]
    with open_tiny(tmp_path / "brain") as learner:
        assert take(learner, lines) == {"0": "repeated", "1": "taught", "2": "taught"}
        assert answers(learner, FACTS[:1]) == [FACTS[0].answer]
        weights, facts = exported(learner, tmp_path / "one"), learner.facts(None)
        assert take(learner, lines) == {"0": "repeated", "1": "replaced", "2": "known"}
        assert exported(learner, tmp_path / "two") == weights
        assert learner.facts(None) == facts


def test_a_plan_warns_of_an_answer_that_another_replaces(tmp_path: Path) -> None:
    lines = "\n".join([LINES[0], LINES[1], f"{FACTS[0].prompt} Quist."])
    (tmp_path / "notes.txt").write_text(lines)
    planned = plan(read_items(str(tmp_path / "notes.txt")), lambda keys: {})
    assert [p.state for p in planned] == ["new"] * 3
    assert ["line 3" in p.why for p in planned] == [True, False, False]


def test_an_old_file_does_not_bring_back_what_was_updated_since(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain") as learner:
        take(learner, LINES[:1])
        learner.update(1, "Quist")
        weights = exported(learner, tmp_path / "one")
        assert take(learner, LINES[:1]) == {"0": "replaced"}
        assert exported(learner, tmp_path / "two") == weights
        learner.forget([2])
        assert exported(learner, tmp_path / "three") != weights


def test_one_undo_takes_an_import_back(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain") as learner:
        before = exported(learner, tmp_path / "one")
        take(learner, LINES)
        assert exported(learner, tmp_path / "two") != before
        assert "6 facts" in learner.undo()
        assert exported(learner, tmp_path / "three") == before


def test_a_fact_that_cannot_be_written_is_named_and_the_others_are_taught(tmp_path: Path) -> None:
    endless = f"{FACTS[1].prompt} {'glorp ' * 49}x."
    with open_tiny(tmp_path / "brain") as learner:
        assert take(learner, [LINES[0], endless, LINES[2]]) == {
            "0": "taught",
            "1": "left out",
            "2": "taught",
        }


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").write_text("\n".join([*LINES[:2], "Hello there."]))
    return tmp_path / "notes.txt"


def run(capsys: pytest.CaptureFixture[str], brain: Path, *arguments: str) -> Result:
    with pytest.raises(SystemExit) as left:
        main(["--brain", str(brain), "--model", str(host_folder()), *arguments])
    return Result(int(left.value.code or 0), *capsys.readouterr())


def test_a_dry_run_shows_all_and_makes_no_brain(
    tmp_path: Path, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = run(capsys, tmp_path / "brain", "import", str(notes), "--dry-run")
    assert shown.code == 0
    assert f"{FACTS[0].prompt} | {FACTS[0].answer} | {FACTS[0].subject}" in shown.out
    assert "Hello there" in shown.out
    assert shown.out.rstrip().endswith("2 new, 1 left out")
    assert not (tmp_path / "brain").exists()


def test_the_command_takes_a_file_in_once(
    tmp_path: Path, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brain = tmp_path / "brain"
    refused = run(capsys, brain, "import", str(notes))
    assert (refused.code, brain.exists()) == (2, False)
    assert "--yes" in refused.err

    *lines, summary = run(capsys, brain, "--json", "import", str(notes), "--yes").records
    assert [(line["state"], line["id"]) for line in lines] == [
        ("taught", 1),
        ("taught", 2),
        ("left out", None),
    ]
    assert lines[0]["place"] == "line 1"
    assert summary["counts"] == {"taught": 2, "left out": 1}
    again = run(capsys, brain, "--json", "import", str(notes), "--yes").records[-1]
    assert again["counts"] == {"known": 2, "left out": 1}
    dry = run(capsys, brain, "--json", "import", str(notes), "--dry-run").records[-1]
    assert dry["counts"] == again["counts"]
