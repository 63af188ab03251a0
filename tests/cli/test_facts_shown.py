"""What people see of `oneshot`: consent, errors, colours, and what may not reach a terminal."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command_line import (
    FakeLearner,
    Run,
    Terminal,
    learner,
    make_fact,
    make_receipt,
    plain_environment,
    run,
)
from faked_commands import faked, path_here, taught
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_command

from oneshot.cli.facts.display import reply_record, show_receipt, show_reply
from oneshot.cli.main import app, global_first, main
from oneshot.cli.output import Output, printable, printable_lines
from oneshot.errors import BadInputError, BrainError, HostError
from oneshot.facts.types import Receipt, Reply, Statement
from oneshot.memory.journal.rows import NEW_RELATION
from oneshot.progress import silent

__all__ = ["learner", "plain_environment", "run", "taught"]


CAPITAL = ("The capital of Freedonia is", "Glorptown")


ESCAPE = "\x1b[2J"


def test_forget_asks_on_a_terminal(run: Run, taught: type[FakeLearner]) -> None:
    declined = run("forget", "1", terminal="n\n")
    assert (declined.code, declined.out) == (1, "")
    assert "Forget #1, The capital of Freedonia is | Glorptown?" in declined.err
    assert len(taught.kept) == 2
    assert run("forget", "1", terminal="y\n").code == 0
    assert [fact.id for fact in taught.kept] == [2]


def test_forget_by_subject(run: Run, taught: type[FakeLearner]) -> None:
    assert [r["id"] for r in run("--json", "forget", "--subject", "Zog", "--yes").records] == [2]
    assert [fact.id for fact in taught.kept] == [1]
    missing = run("forget", "--subject", "Zog", "--yes")
    assert missing.code == 2
    assert "Zog" in missing.err


@pytest.mark.parametrize(
    "arguments", [["forget", "1"], ["import", "."], ["merge", "a", "b"]], ids=" ".join
)
def test_without_a_terminal_consent_must_be_given(
    run: Run, taught: type[FakeLearner], tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "brain").mkdir()
    (tmp_path / "brain" / "journal.sqlite").touch()
    refused = run(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "--yes" in refused.err
    assert refused.err.count("\n") == 1
    assert len(taught.kept) == 2
    assert run(*arguments, "--yes").code == 0


# --- errors ---


@pytest.mark.parametrize(
    ("error", "code"), [(BadInputError, 2), (BrainError, 3), (HostError, 4)], ids=str
)
def test_errors_are_one_line_with_their_status(
    run: Run, learner: type[FakeLearner], error: type[Exception], code: int
) -> None:
    learner.raises = error("two\nlines " + "and more " * 40)
    result = run("--json", "list")
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("error: two\\nlines and more")
    assert result.err.count("\n") == 1


def test_an_unknown_fact_is_an_error(run: Run) -> None:
    assert run("show", "99").code == 2


def test_an_interrupt_ends_with_130(run: Run, learner: type[FakeLearner]) -> None:
    learner.raises = KeyboardInterrupt()
    assert run("list").code == 130


def test_what_nobody_expected_is_not_hidden(learner: type[FakeLearner]) -> None:
    learner.raises = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        main(["list"])


@pytest.mark.parametrize("how", [["--json"], []], ids=["json", "text"])
def test_a_reader_who_leaves_is_no_error(how: list[str]) -> None:
    with subprocess.Popen(
        faked(*how, "teach", *CAPITAL),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=path_here(),
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_a_narrow_encoding_is_no_reason_to_fail() -> None:
    done = subprocess.run(
        faked("teach", "The moon of Zog is", "Ästra"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**path_here(), "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\xc4stra" in done.stdout


# --- for people ---


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_printable_text_is_kept_and_the_rest_escaped(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert (shown == text) == text.isprintable()
    assert all(line.isprintable() for line in printable_lines(text).split("\n"))


@pytest.mark.usefixtures("taught")
def test_no_answer_can_drive_the_terminal(run: Run) -> None:
    shown = run("update", "1", f"Zog\udc80 [red]x[/red]{ESCAPE}").out
    assert "\x1b" not in shown
    assert "Freedonia is | Zog\\udc80 [red]x[/red]\\x1b[2J | Freedonia" in shown


@pytest.mark.usefixtures("taught")
def test_tables_and_lines_for_people(run: Run) -> None:
    table = run("list").out.splitlines()
    assert table[0].split() == ["id", "prompt", "answer", "subject", "relation", "state"]
    assert table[1].split()[:5] == ["#1", "The", "capital", "of", "Freedonia"]
    assert "packaged" in run("stats").out
    assert "2025-01-01" in run("show", "1").out
    asked = run("ask", "Where?", "--base", "--explain").out
    assert asked.startswith("It is Glorptown  (#1)\n    without the brain: Paris\n")
    assert [line.split() for line in asked.splitlines()[-2:]] == [
        ["It", "is"],
        ["Glorptown", "#1", "inf"],
    ]
    sick = run("doctor")
    assert sick.out.splitlines()[1] == "FAILED   journal: one fact is missing"
    assert sick.code == 3


def test_an_empty_brain_says_so_unless_quiet(run: Run) -> None:
    assert run("list").err == "no facts\n"
    assert run("list", "--quiet").err == ""


def test_colours_only_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = make_receipt(make_fact(1, Statement(*CAPITAL)))
    show_receipt(Output(as_json=False, quiet=False), receipt)
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    show_receipt(Output(as_json=False, quiet=False), receipt)
    assert "\x1b" in screen.written()


def test_progress_only_on_a_terminal_and_not_when_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    with Output(as_json=False, quiet=False).progress() as progress:
        assert progress is None
    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", screen)
    with Output(as_json=False, quiet=True).progress() as progress:
        assert progress is None
    with Output(as_json=True, quiet=False).progress() as progress:
        assert progress is not None
        progress("calibrating", 0, 2)
        progress("calibrating", 2, 2)
    assert "calibrating" in screen.written()


# --- global options ---


def test_global_options_reach_the_learner(
    learner: type[FakeLearner], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = ["ask", "Where?", "--brain", str(tmp_path), "--model=gpt2", "--device", "cuda"]
    with pytest.raises(SystemExit):
        main([*given, "--dtype", "bfloat16", "--rule", "ridge", "--trust-remote-code", "--quiet"])
    capsys.readouterr()
    assert learner.opened == {
        "folder": tmp_path,
        "model": "gpt2",
        "device": "cuda",
        "dtype": "bfloat16",
        "rule": "ridge",
        "trust_remote_code": True,
        "progress": silent,
    }


@pytest.mark.usefixtures("capsys")
def test_the_brain_comes_from_the_environment_or_the_data_folder(
    learner: type[FakeLearner], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        main(["list"])
    default = learner.opened["folder"]
    assert default.is_absolute()
    assert default.parts[-2:] == ("oneshot", "brain")
    monkeypatch.setenv("ONESHOT_BRAIN", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["list"])
    assert learner.opened["folder"] == tmp_path != default


def test_after_two_dashes_nothing_is_an_option() -> None:
    options: Sequence[Any] = get_command(app).params
    given = ["ask", "--json", "--brain", "b", "--", "--quiet"]
    assert global_first(given, options) == ["--json", "--brain", "b", "ask", "--", "--quiet"]


@pytest.mark.parametrize(("sure", "behind"), [(True, "(#1)"), (False, "(#1, unsure)")])
def test_a_doubtful_answer_is_marked(
    sure: bool, behind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_reply(Output(as_json=False, quiet=True), Reply("Where?", "Glorptown", (1,), sure=sure))
    assert capsys.readouterr().out.strip().endswith(behind)
    assert reply_record(Reply("Where?", "Glorptown", (1,), sure=sure))["sure"] is sure


def test_a_relation_that_is_not_known_is_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    for relation, shown in (("capital", "| Zog, capital"), (NEW_RELATION, "| Zog\n")):
        told = Receipt(1, "The capital of Zog is", "Lutz", "Zog", relation, None, "Lutz", 0.1)
        show_receipt(Output(as_json=False, quiet=True), told)
        assert shown in capsys.readouterr().out
