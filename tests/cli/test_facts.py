"""The command line over a learner that lives in memory."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from command_line import (
    FakeLearner,
    Run,
    learner,
    plain_environment,
    run,
)
from faked_commands import faked, path_here, taught
from typer.main import get_command
from typer.testing import CliRunner

from oneshot.cli.main import app
from oneshot.facts.manner import Manner
from oneshot.facts.types import Receipt, Statement

__all__ = ["learner", "plain_environment", "run", "taught"]


COMMANDS = sorted(get_command(app).commands)


HEAVY = ("torch", "transformers", "faiss", "datasets")


CAPITAL = ("The capital of Freedonia is", "Glorptown")


ESCAPE = "\x1b[2J"


def lines(*facts: tuple[str, str]) -> str:
    return "".join(json.dumps({"prompt": p, "answer": a}) + "\n" for p, a in facts)


# --- help ---


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_examples_of_the_command(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == 0
    examples = shown.stdout.partition("Examples:")[2]
    assert any("oneshot" in line and f" {command}" in line for line in examples.splitlines()), (
        shown.stdout
    )


def test_commands_are_those_of_the_manual() -> None:
    wanted = "teach ask chat list show search forget update history undo stats export import merge"
    wanted += " alias bench calibrate class demo doctor eval host image mcp rule serve"
    assert sorted(wanted.split()) == COMMANDS


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["teach", "--help"]])
def test_help_and_version_load_no_model_library(arguments: list[str]) -> None:
    call = f"from oneshot.cli.main import main\ntry: main({arguments})\nexcept SystemExit: pass"
    assert _loaded_after(call) == ""


def test_importing_the_command_line_loads_no_model_library() -> None:
    assert _loaded_after("import oneshot.cli.main") == ""
    assert _loaded_after("import oneshot.cli.main, faiss") == "faiss", "the check must see imports"


def _loaded_after(code: str) -> str:
    report = f"import sys; print(*[m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return done.stderr.strip()


# --- asking ---


def test_how_a_model_is_asked(run: Run, learner: type[FakeLearner]) -> None:
    assert run("ask", "One\nor two?").code == 0
    given = ("--raw", "--max-new-tokens", "5", "--temperature", "0.5", "--seed", "3")
    assert run("ask", "Where?", *given).code == 0
    assert run("ask", "Where?", "--system", "Be brief.").code == 0
    (lines, plain), (_, drawn), (_, brief) = learner.asked
    assert lines == "One\nor two?"
    assert plain["manner"] == Manner()
    assert drawn["manner"] == Manner(True, None, 5, 0.5, 3)
    assert brief["manner"] == Manner(system="Be brief.")


# --- JSON lines ---


def test_teach_prints_exactly_the_promised_keys(run: Run) -> None:
    result = run("--json", "teach", *CAPITAL, "--subject", "Freedonia")
    promised = [field.name for field in fields(Receipt)]
    assert [list(record) for record in result.records] == [promised]
    assert result.records[0]["warnings"] == ["contradicts #9"]
    assert result.records[0]["before"] == "Paris"
    assert (result.code, result.err) == (0, "")


def test_ask_prints_base_and_steps_only_when_wanted(run: Run) -> None:
    plain = run("--json", "ask", "Where?").records
    assert plain == [
        {"question": "Where?", "answer": "It is Glorptown", "facts": [1], "sure": True}
    ]
    assert run("--json", "ask", "Where?", "--base").records == [{**plain[0], "base": "Paris"}]
    (explained,) = run("--json", "ask", "Where?", "--explain").records
    assert explained["steps"] == [  # JSON has no infinity and no NaN
        {"token": "It is", "fact": None, "evidence": None, "via": []},
        {"token": " Glorp", "fact": 1, "evidence": None, "via": []},
        {"token": "town", "fact": 1, "evidence": None, "via": []},
    ]
    assert run("--json", "ask", "Where?", "--no-adapter").records[0]["answer"] == "Paris"


@pytest.mark.parametrize("file", ["-", "questions.jsonl"])
def test_ask_answers_a_file_in_order(run: Run, tmp_path: Path, file: str) -> None:
    questions = [f"Which {i}?" for i in range(70)]
    text = "".join(json.dumps({"question": question}) + "\n" for question in questions)
    (tmp_path / "questions.jsonl").write_text(text)
    path = file if file == "-" else str(tmp_path / file)
    result = run("--json", "ask", "--file", path, stdin=text)
    assert [record["question"] for record in result.records] == questions
    assert run("--json", "ask", stdin=text).out == result.out, "what is piped in is asked"
    assert run("--json", "ask", stdin="\n".join(questions)).out == result.out
    assert (
        run("--json", "ask", stdin="\n".join(["id,question", "1,Who?"])).records[0]["question"]
        == "Who?"
    )


def test_a_file_without_a_question_is_refused(run: Run) -> None:
    result = run("ask", "--file", "-", stdin="\n\n")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: no question found")


@pytest.mark.usefixtures("taught")
@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--all"],
        ["show", "1"],
        ["search", "moon", "--limit", "1"],
        ["history", "1"],
        ["stats"],
        ["update", "1", "Newtown"],
        ["alias", "1", "the Free State"],
        ["undo"],
        ["forget", "--all", "--yes"],
        ["export", "out"],
        ["import", ".", "--yes"],
        ["merge", "a", "b"],
        ["doctor", "--repair"],
        ["calibrate", "--force"],
    ],
    ids=" ".join,
)
def test_results_are_json_lines_and_nothing_else(run: Run, arguments: list[str]) -> None:
    result = run("--json", *arguments)
    assert (result.code, result.err) == (0, "")
    assert result.records
    assert all(isinstance(record, dict) for record in result.records)
    assert run(*arguments[:-1], "--json", *arguments[-1:]).code == 0


@pytest.mark.usefixtures("taught")
def test_one_line_stays_one_line(run: Run) -> None:
    answer = f"Zog\u2028says\nin Ä\udc80{ESCAPE}"
    assert [record["answer"] for record in run("--json", "update", "1", answer).records] == [answer]


# --- teaching ---


def test_teach_reads_a_file_or_standard_input(run: Run, tmp_path: Path) -> None:
    facts = [CAPITAL, ("The moon of Zog is", "Xor")]
    (tmp_path / "facts.jsonl").write_text(lines(*facts))
    by_file = run("--json", "teach", "--file", str(tmp_path / "facts.jsonl")).records
    by_dash = run("--json", "teach", "--file", "-", stdin=lines(*facts)).records
    by_pipe = run("--json", "teach", stdin=lines(*facts)).records
    for records in (by_file, by_dash, by_pipe):
        assert [(r["prompt"], r["answer"]) for r in records] == facts


def test_teach_splits_a_sentence(run: Run, learner: type[FakeLearner]) -> None:
    assert run("teach", "The capital of Freedonia is Glorptown.").code == 0
    assert learner.kept[0].prompt.endswith("is")
    assert learner.kept[0].answer.strip(" .") == "Glorptown"
    sentence = ("teach", "The capital of Freedonia is Glorptown.", "--subject", "capital")
    assert run(*sentence).code == 0
    assert learner.kept[1].subject == "capital"


def test_teach_shows_what_it_understood(run: Run) -> None:
    result = run("teach", *CAPITAL)
    assert "#1  The capital of Freedonia is | Glorptown | Freedonia, capital" in result.out
    assert "Paris -> Glorptown  12 ms  nearest #9" in result.out
    assert 'asked as: "What is the capital of freedonia is?" -> It is Glorptown' in result.out
    assert "warning: contradicts #9" in result.out
    quick = run("teach", "--no-before", *CAPITAL)
    assert "\n    -> Glorptown  12 ms" in quick.out
    assert run("--json", "teach", "--no-before", *CAPITAL).records[0]["before"] is None


def test_a_fact_that_does_not_hold_ends_with_status_5(
    run: Run, learner: type[FakeLearner], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("teach", *CAPITAL).code == 0
    monkeypatch.setattr(learner, "holds", False)
    failed = run("--json", "teach", stdin=lines(CAPITAL, CAPITAL))
    assert failed.code == 5
    assert [record["id"] for record in failed.records] == [2, 3], "those after it are taught too"
    assert "status 5" in run("teach", "--help").out


def test_one_of_several_processes_ends_with_status_0(
    run: Run, learner: type[FakeLearner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launcher would stop the others."""

    def shared(learner: FakeLearner, facts: Iterable[Statement], *_: Any, before: bool) -> Any:
        return learner.teach(facts, before=before)

    monkeypatch.setattr("oneshot.facts.sharing.teach_share", shared)
    monkeypatch.setattr(learner, "holds", False)
    command = ("--json", "teach", "--resume", "--file", "-")
    assert run(*command, stdin=lines(CAPITAL)).code == 5
    monkeypatch.setenv("WORLD_SIZE", "2")
    done = run(*command, stdin=lines(CAPITAL))
    assert (done.code, len(done.records)) == (0, 1)


def test_further_wordings_and_names(run: Run, learner: type[FakeLearner]) -> None:
    asks = ("--ask", "Where does Freedonia's king live?", "--ask", "The Free State is run from")
    done = run("teach", *CAPITAL, "--subject", "Freedonia", *asks, "--alias", "the Free State")
    assert done.code == 0
    assert learner.kept[0].asks == (asks[1], asks[3])
    assert learner.kept[0].aliases == ("the Free State",)
    assert run("teach", "The capital of Freedonia is Glorptown.", *asks[:2]).code == 0
    assert learner.kept[1].asks == asks[1:2]
    assert run("alias", "1", "Freeland").code == 0
    shown = run("show", "1").out
    for words in (asks[1], asks[3], "the Free State", "Freeland"):
        assert words in shown
    assert run("--json", "show", "1").records[0]["aliases"] == ["the Free State", "Freeland"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["teach"],
        ["teach", *CAPITAL, "--file", "facts.jsonl"],
        ["teach", "--file", "facts.jsonl", "--subject", "Zog"],
        ["teach", "--file", "facts.jsonl", "--ask", "Who?"],
        ["teach", "--file", "facts.jsonl", "--alias", "Zog"],
        ["ask", "Where?", "--temperature", "-1"],
        ["ask", "Where?", "--max-new-tokens", "0"],
        ["ask"],
        ["ask", "Where?", "--file", "questions.jsonl"],
        ["forget"],
        ["forget", "1", "--all"],
    ],
    ids=" ".join,
)
def test_contradictory_arguments_are_refused(
    run: Run, learner: type[FakeLearner], arguments: list[str]
) -> None:
    result = run(*arguments, terminal="")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert not learner.opened, "nothing is loaded for a mistake that can be seen before"


def test_a_receipt_is_printed_before_the_next_statement_is_read() -> None:
    with subprocess.Popen(
        faked("--json", "teach", "--file", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=path_here(),
    ) as process:
        watchdog = threading.Timer(60, process.kill)  # waiting for ever would be the failure
        watchdog.daemon = True
        watchdog.start()
        for number in (1, 2, 3):
            process.stdin.write(lines((f"The moon of Zog {number} is", "Xor")))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 0
    watchdog.cancel()
