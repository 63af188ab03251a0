"""The command line over a learner that lives in memory."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_command
from typer.testing import CliRunner

from oneshot.cli import session
from oneshot.cli.main import app, global_first, main
from oneshot.cli.output import RECEIPT_KEYS, Output, printable
from oneshot.errors import BadInputError, BrainError, HostError
from oneshot.facts.types import Fact, Finding, Receipt, Reply, Statement, Stats, Step

COMMANDS = sorted(get_command(app).commands)
HEAVY = ("torch", "transformers", "faiss", "datasets")
CAPITAL = ("The capital of Freedonia is", "Glorptown")
ESCAPE = "\x1b[2J"


class FakeLearner:
    """The learner's interface over a list of facts; `opened` keeps the options it was given."""

    opened: dict[str, Any]
    kept: list[Fact]
    raises: BaseException | None
    templates = ("The capital of {} is",)

    @classmethod
    def open(cls, folder: Path, **options: Any) -> "FakeLearner":
        cls.opened = {"folder": folder, **options}
        if cls.raises is not None:
            raise cls.raises
        return cls()

    def __enter__(self) -> "FakeLearner":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def teach(self, statements: Iterable[Statement]) -> Iterator[Receipt]:
        for statement in statements:
            fact = _fact(len(self.kept) + 1, statement)
            self.kept.append(fact)
            yield _receipt(fact)

    def ask(
        self,
        questions: Sequence[str],
        *,
        base: bool = False,
        explain: bool = False,
        adapter: bool = True,
    ) -> list[Reply]:
        said = "Glorptown" if adapter else "Paris"
        steps = (Step("Glorp", 1, -float("inf"), (0.5,)),) if explain else ()
        bare = "Paris" if base else None
        return [Reply(question, said, (1,), bare, steps) for question in questions]

    def facts(self, state: str | None = "live") -> list[Fact]:
        return [fact for fact in self.kept if state in (None, fact.state)]

    def show(self, id: int) -> Fact:
        for fact in self.kept:
            if fact.id == id:
                return fact
        raise BadInputError(f"there is no fact #{id}:\nsee `oneshot list`")

    def by_subject(self, subject: str) -> list[Fact]:
        return [fact for fact in self.facts() if fact.subject == subject]

    def search(self, text: str, limit: int = 10) -> list[Fact]:
        return [fact for fact in self.facts() if text in fact.prompt][:limit]

    def forget(self, ids: Sequence[int]) -> list[Fact]:
        gone = [replace(self.show(id), state="forgotten") for id in ids]
        self.kept[:] = [fact for fact in self.kept if fact.id not in ids]
        return gone

    def update(self, id: int, answer: str) -> Receipt:
        return _receipt(replace(self.show(id), answer=answer))

    def history(self, id: int) -> list[Fact]:
        return [self.show(id)]

    def undo(self) -> str:
        return f"forgot #{self.kept.pop().id}"

    def stats(self) -> Stats:
        return Stats("packaged", "posterior", 1, len(self.kept), 0, 0, 1, 100)

    def export(self, folder: Path) -> int:
        return len(self.kept)

    def import_(self, folder: Path) -> int:
        return 7

    @staticmethod
    def doctor(folder: Path, *, repair: bool = False) -> list[Finding]:
        bad = Finding("journal", False, "one fact is missing", repaired=repair)
        return [Finding("format", True, "version 1"), bad]

    @staticmethod
    def merge(sources: Sequence[Path], target: Path) -> int:
        return len(sources)

    @staticmethod
    def calibrate(
        model: str | None, *, device: str, dtype: str, force: bool, progress: object
    ) -> Path:
        return Path("cache") / f"{model}-{device}-{dtype}-{force}"


def _fact(id: int, statement: Statement) -> Fact:
    subject = statement.subject or "Freedonia"
    words = (statement.prompt, statement.answer, subject, "capital", statement.source)
    return Fact(id, f"{id:032x}", *words, taught_at="2025-01-01T00:00:00Z", state="live")


def _receipt(fact: Fact) -> Receipt:
    words = (fact.prompt, fact.answer, fact.subject, fact.relation)
    return Receipt(fact.id, *words, "Paris", fact.answer, 0.0123, 9, ("contradicts #9",))


def install_fake() -> type[FakeLearner]:
    """A fresh fake learner where the command line looks for the real one."""
    fresh = type("Fresh", (FakeLearner,), {"kept": [], "opened": {}, "raises": None})
    module = ModuleType("oneshot.facts.learner")
    module.__dict__["Learner"] = fresh
    sys.modules["oneshot.facts.learner"] = module
    return fresh


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line, parse_constant=pytest.fail) for line in self.out.splitlines()]


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, text: str = "") -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")

    def isatty(self) -> bool:
        return True

    def written(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()


Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "ONESHOT_BRAIN", "ONESHOT_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch) -> type[FakeLearner]:
    monkeypatch.setitem(sys.modules, "oneshot.facts.learner", ModuleType("placeholder"))
    monkeypatch.setattr(session, "check_brain", lambda folder: None)  # the fake needs no folder
    return install_fake()


@pytest.fixture
def run(
    learner: type[FakeLearner],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    """Runs one command line on the fake, `terminal` or `stdin` being what is typed or piped."""

    def call(*arguments: str, stdin: str = "", terminal: str | None = None) -> Result:
        (tmp_path / "stdin").write_bytes(stdin.encode())
        with (tmp_path / "stdin").open(encoding="utf-8") as piped:
            monkeypatch.setattr(sys, "stdin", piped if terminal is None else Terminal(terminal))
            with pytest.raises(SystemExit) as left:
                main(["--brain", str(tmp_path / "brain"), *arguments])
        return Result(int(left.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def taught(run: Run, learner: type[FakeLearner]) -> type[FakeLearner]:
    assert run("teach", *CAPITAL).code == 0
    assert run("teach", "The moon of Zog is", "Xor", "--subject", "Zog").code == 0
    return learner


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
    wanted += " bench calibrate class demo doctor eval host image"
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


# --- JSON lines ---


def test_teach_prints_exactly_the_promised_keys(run: Run) -> None:
    result = run("--json", "teach", *CAPITAL, "--subject", "Freedonia")
    assert [list(record) for record in result.records] == [list(RECEIPT_KEYS)]
    assert result.records[0]["warnings"] == ["contradicts #9"]
    assert result.records[0]["before"] == "Paris"
    assert (result.code, result.err) == (0, "")


def test_ask_prints_base_and_steps_only_when_wanted(run: Run) -> None:
    plain = run("--json", "ask", "Where?").records
    assert plain == [{"question": "Where?", "answer": "Glorptown", "facts": [1]}]
    assert run("--json", "ask", "Where?", "--base").records == [{**plain[0], "base": "Paris"}]
    (explained,) = run("--json", "ask", "Where?", "--explain").records
    # JSON has no infinity.
    assert explained["steps"] == [{"token": "Glorp", "fact": 1, "entity": None, "relation": [0.5]}]
    assert run("--json", "ask", "Where?", "--no-adapter").records[0]["answer"] == "Paris"


@pytest.mark.parametrize("file", ["-", "questions.jsonl"])
def test_ask_answers_a_file_in_order(run: Run, tmp_path: Path, file: str) -> None:
    questions = [f"Which {i}?" for i in range(70)]
    text = "".join(json.dumps({"question": question}) + "\n" for question in questions)
    (tmp_path / "questions.jsonl").write_text(text)
    path = file if file == "-" else str(tmp_path / file)
    result = run("--json", "ask", "--file", path, stdin=text)
    assert [record["question"] for record in result.records] == questions


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
        ["undo"],
        ["forget", "--all", "--yes"],
        ["export", "out"],
        ["import", "out", "--yes"],
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
    assert "warning: contradicts #9" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["teach"],
        ["teach", *CAPITAL, "--file", "facts.jsonl"],
        ["teach", "--file", "facts.jsonl", "--subject", "Zog"],
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


def _faked(*arguments: str) -> list[str]:
    code = f"import test_facts; test_facts.install_fake(); test_facts.main({list(arguments)})"
    return [sys.executable, "-c", code]


def test_a_receipt_is_printed_before_the_next_statement_is_read() -> None:
    with subprocess.Popen(
        _faked("--json", "teach", "--file", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_path_here(),
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


def _path_here() -> dict[str, str]:
    root = Path(__file__).parents[2]
    return {"PYTHONPATH": f"{root}:{root / 'tests'}:{Path(__file__).parent}", "PATH": ""}


# --- chat ---


def test_chat_teaches_asks_and_goes_on_after_an_error(
    run: Run, learner: type[FakeLearner], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = learner.ask

    def picky(self: FakeLearner, questions: Sequence[str], **options: Any) -> list[Reply]:
        if "bad" in questions[0]:
            raise BadInputError("that cannot be asked")
        return ask(self, questions, **options)

    monkeypatch.setattr(learner, "ask", picky)
    typed = "teach: The capital of Freedonia is Glorptown.\n\nbad\nWhere?\nquit\nLater?\n"
    result = run("--json", "chat", stdin=typed)
    assert result.records[0]["id"] == 1
    assert [record.get("question") for record in result.records[1:]] == ["Where?"]
    assert result.err == "error: that cannot be asked\n"
    assert run("chat", stdin="Where?").out.startswith("Glorptown"), "the end of the input ends it"


# --- consent ---


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
    "arguments", [["forget", "1"], ["import", "out"], ["merge", "a", "b"]], ids=" ".join
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
        _faked(*how, "teach", *CAPITAL),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_path_here(),
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_a_narrow_encoding_is_no_reason_to_fail() -> None:
    done = subprocess.run(
        _faked("teach", "The moon of Zog is", "Ästra"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**_path_here(), "PYTHONIOENCODING": "ascii"},
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
    assert asked.startswith("Glorptown  (#1)\n    without the brain: Paris\n")
    assert "Glorp  #1    -inf" in asked
    sick = run("doctor")
    assert sick.out.splitlines()[1] == "FAILED   journal: one fact is missing"
    assert sick.code == 3


def test_an_empty_brain_says_so_unless_quiet(run: Run) -> None:
    assert run("list").err == "no facts\n"
    assert run("list", "--quiet").err == ""


def test_colours_only_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = _receipt(_fact(1, Statement(*CAPITAL)))
    Output(as_json=False, quiet=False).receipt(receipt)
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    Output(as_json=False, quiet=False).receipt(receipt)
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
    given = ["list", "--brain", str(tmp_path), "--model=gpt2", "--device", "cuda", "--sites", "2"]
    with pytest.raises(SystemExit):
        main([*given, "--dtype", "bfloat16", "--rule", "ridge", "--trust-remote-code", "--quiet"])
    capsys.readouterr()
    assert learner.opened == {
        "folder": tmp_path,
        "model": "gpt2",
        "device": "cuda",
        "dtype": "bfloat16",
        "rule": "ridge",
        "sites": 2,
        "trust_remote_code": True,
        "progress": None,
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
