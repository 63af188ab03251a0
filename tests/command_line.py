"""A learner that lives in memory, and the command line run on it; shared by its tests."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from oneshot.cli import session
from oneshot.cli.main import main
from oneshot.errors import BadInputError
from oneshot.facts.implied.rules import Rule, rule_of
from oneshot.facts.types import Fact, Finding, Implied, Receipt, Reply, Statement, Stats, Step

RULES: list[Rule] = []


class FakeLearner:
    """The learner's interface over a list of facts; `opened` keeps the options it was given.

    `asked` keeps each question with how it was asked; a fact speaks but where "silent" stands.
    """

    opened: dict[str, Any]
    kept: list[Fact]
    asked: list[tuple[Any, dict[str, Any]]]
    holds = True
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

    def teach(self, statements: Iterable[Statement], *, before: bool = True) -> Iterator[Receipt]:
        for statement in statements:
            fact = make_fact(len(self.kept) + 1, statement)
            self.kept.append(fact)
            receipt = replace(make_receipt(fact), holds=self.holds)
            yield receipt if before else replace(receipt, before=None)

    def ask(
        self,
        questions: Sequence[Any],
        *,
        manner: Any = None,
        base: bool = False,
        explain: bool = False,
        adapter: bool = True,
        as_of: str | None = None,
        streamer: Callable[[str, int | None], None] | None = None,
    ) -> list[Reply]:
        how = {"manner": manner, "adapter": adapter} | ({"as_of": as_of} if as_of else {})
        self.asked.extend((q, how) for q in questions)
        return [self._reply(q, base, explain, adapter, streamer) for q in questions]

    def _reply(
        self,
        question: Any,
        base: bool,
        explain: bool,
        adapter: bool,
        streamer: Callable[[str, int | None], None] | None,
    ) -> Reply:
        text = question if isinstance(question, str) else question[-1]["content"]
        speaks = adapter and "silent" not in text
        said = [("It is", None), (" Glorptown", 1)] if speaks else [("Paris", None)]
        for piece in said if streamer else ():
            streamer(*piece)
        tokens = (("It is", None, "nan"), (" Glorp", 1, "inf"), ("town", 1, "nan"))
        steps = tuple(Step(token, fact, float(nats)) for token, fact, nats in tokens)
        answer = "".join(piece for piece, _ in said)
        facts = (1,) if speaks else ()
        return Reply(text, answer, facts, "Paris" if base else None, steps if explain else ())

    def facts(
        self, state: str | None = "live", *, after: int = 0, limit: int | None = None
    ) -> list[Fact]:
        return [f for f in self.kept if state in (None, f.state) and f.id > after][:limit]

    def implied(self) -> list[Implied]:
        return [Implied("Glorptown is in", "Freedonia", "Glorptown", r.text, (1,)) for r in RULES]

    def rules(self) -> list[Rule]:
        return list(RULES)

    def add_rule(self, text: str) -> Rule:
        RULES.append(rule_of(text))
        return RULES[-1]

    def remove_rule(self, number: int) -> Rule:
        return RULES.pop(number - 1)

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
        return make_receipt(replace(self.show(id), answer=answer))

    def alias(self, id: int, name: str) -> Receipt:
        old = self.show(id)
        self.kept[id - 1] = replace(old, aliases=(*old.aliases, name))
        return make_receipt(self.kept[id - 1])

    def history(self, id: int) -> list[Fact]:
        return [self.show(id)]

    def undo(self) -> str:
        return f"forgot #{self.kept.pop().id}"

    def stats(self) -> Stats:
        return Stats("packaged", "posterior", len(self.kept), 0, 0, 1, 100)

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


def make_fact(id: int, statement: Statement) -> Fact:
    subject = statement.subject or "Freedonia"
    words = (statement.prompt, statement.answer, subject, "capital", statement.source)
    more = {n: getattr(statement, n) for n in ("asks", "aliases", "also", "since", "until")}
    return Fact(id, f"{id:032x}", *words, taught_at="2025-01-01T00:00:00Z", state="live", **more)


def make_receipt(fact: Fact) -> Receipt:
    words = (fact.prompt, fact.answer, fact.subject, fact.relation)
    asked = f"What is {fact.prompt.lower()}?", f"It is {fact.answer}"
    return Receipt(fact.id, *words, "Paris", fact.answer, 0.0123, 9, ("contradicts #9",), *asked)


def install_fake() -> type[FakeLearner]:
    """A fresh fake learner where the command line looks for the real one, or for its records."""
    RULES.clear()
    fresh = type("Fresh", (FakeLearner,), {"kept": [], "opened": {}, "asked": [], "raises": None})
    for name, held in (("learner", "Learner"), ("brain.records", "Records")):
        module = ModuleType(f"oneshot.facts.{name}")
        module.__dict__[held] = fresh
        sys.modules[module.__name__] = module
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
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "ONESHOT_BRAIN", "ONESHOT_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch) -> type[FakeLearner]:
    for name in ("learner", "brain.records"):
        monkeypatch.setitem(sys.modules, f"oneshot.facts.{name}", ModuleType("placeholder"))
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
