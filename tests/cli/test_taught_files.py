"""Files of facts are looked through before anything of them is taught."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from command_line import FakeLearner, Run, learner, plain_environment, run
from pyarrow import Table
from pyarrow.parquet import write_table

from oneshot.facts.types import Receipt, Statement

__all__ = ["learner", "plain_environment", "run"]

CAPITAL = ("The capital of Freedonia is", "Glorptown")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "facts.jsonl",
            '{"prompt": "The moon of Zog is", "answer": "Xor"}\n{"prompt": "The moon of Nim is"}\n',
            "line 2: no answer",
        ),
        ("facts.csv", "prompt,answer\nThe moon of Zog is,Xor\n,Nim\n", "line 3: no prompt"),
        ("facts.jsonl", "\n", "holds no facts"),
        ("facts.csv", "prompt,answer\n", "holds no facts"),
    ],
)
def test_a_file_is_looked_through_before_anything_is_taught(
    run: Run, learner: type[FakeLearner], tmp_path: Path, name: str, content: str, told: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    result = run("teach", "--file", str(path))
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert ("--dry-run` shows every line" in result.err) is told.startswith("line")
    assert not learner.kept


def test_rows_of_parquet_are_looked_through(
    run: Run, learner: type[FakeLearner], tmp_path: Path
) -> None:
    rows = [{"prompt": CAPITAL[0], "answer": answer} for answer in (CAPITAL[1], None)]
    for good, path in ((1, tmp_path / "good.parquet"), (2, tmp_path / "bad.parquet")):
        write_table(Table.from_pylist(rows[:good]), path)
    assert "row 2: no answer" in run("teach", "--file", str(tmp_path / "bad.parquet")).err
    assert not learner.kept
    assert run("teach", "--file", str(tmp_path / "good.parquet")).code == 0
    assert len(learner.kept) == 1


@pytest.mark.parametrize("file", ["facts.jsonl", "-"])
def test_ctrl_c_says_how_to_go_on(
    run: Run, learner: type[FakeLearner], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    teach = learner.teach

    def stopped(self: FakeLearner, facts: Iterable[Statement], **how: Any) -> Iterator[Receipt]:
        yield from islice(teach(self, facts, **how), 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(learner, "teach", stopped)
    text = "".join(
        json.dumps({"prompt": f"The {n} of Zog is", "answer": "Xor"}) + "\n" for n in "ab"
    )
    (tmp_path / "facts.jsonl").write_text(text)
    named = file if file == "-" else str(tmp_path / file)
    done = run("--json", "teach", "--file", named, stdin=text)
    assert (done.code, len(done.records), len(learner.kept)) == (130, 1, 1)
    assert done.err.startswith("stopped: facts with a receipt stay taught")
    assert ("add --resume" in done.err) is (file != "-")
