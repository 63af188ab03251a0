"""Teaching that several processes share, and that goes on where it stopped."""

import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from brains import caches, exported, open_tiny, quick_calibration, statement, statements
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from oneshot.errors import BadInputError
from oneshot.facts.brain.ledger import Entered
from oneshot.facts.language.readers import read_statements
from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW
from oneshot.facts.sharing import Share, teach_share
from oneshot.facts.types import Statement

__all__ = ["caches"]

FACTS = 12


def written(path: Path) -> Path:
    """A Parquet file of facts, one of which a later one replaces."""
    facts = [*statements(FACTS - 1), statement(0, "Old Harbour")]
    table = {"prompt": [f.prompt for f in facts], "answer": [f.answer for f in facts]}
    parquet.write_table(pa.table(table | {"subject": [f.subject for f in facts]}), path)
    return path


@given(names=st.lists(st.text(min_size=1), max_size=20), processes=st.integers(1, 5))
def test_shares_are_a_partition_by_subject(names: list[str], processes: int) -> None:
    shares = [Share(rank, processes) for rank in range(processes)]
    for name in names:
        told = Statement("p", "a", name)
        assert sum(share.takes(told) for share in shares) == 1


def test_a_parquet_file_is_read_row_by_row(tmp_path: Path) -> None:
    path = written(tmp_path / "facts.parquet")
    found = list(read_statements(str(path), path.name))
    assert [f.answer for f in found][-1] == "Old Harbour"
    assert len(found) == FACTS
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadInputError, match=r"no whole parquet file"):
        list(read_statements(str(path), path.name))


def test_a_stopped_run_goes_on_and_teaches_nothing_twice(tmp_path: Path) -> None:
    facts = list(read_statements(str(written(tmp_path / "f.parquet")), "f.parquet"))
    with open_tiny(tmp_path / "whole") as learner:
        list(teach_share(learner, facts, Share(), before=False))
        whole = exported(learner, tmp_path / "export whole")
    with open_tiny(tmp_path / "stopped") as learner:
        list(islice(teach_share(learner, facts[:5], Share(), before=False), 3))
    with open_tiny(tmp_path / "stopped") as learner:
        assert 0 < learner.stats().live < FACTS - 1
        held = learner.stats().live
        rest = list(teach_share(learner, facts, Share(), before=False))
        assert len(rest) == FACTS - held
        assert list(teach_share(learner, facts, Share(), before=False)) == []
        assert exported(learner, tmp_path / "export stopped") == whole


def test_nobody_waits_to_read_what_another_is_about_to_enter(tmp_path: Path) -> None:
    first, second = statements(2)
    with open_tiny(tmp_path / "b") as writer, open_tiny(tmp_path / "b") as reader:
        writer.write([first])
        assert says(reader, first)
        files, enter, seen = reader.ledger.brain.store.names(), writer.ledger._journal, list[bool]()

        def entered(*args: Any) -> list[Entered]:
            assert reader.ledger.brain.store.names() > files, "its row is on the disk"
            assert reader.ledger.brain.changing()
            seen.extend([says(reader, first), says(reader, second)])
            return enter(*args)

        with mock.patch.object(writer.ledger, "_journal", entered):
            writer.write([second])
        assert seen == [True, False]
        assert not reader.ledger.brain.changing()
        assert says(reader, second)
        assert [fact.prompt for fact in reader.facts()] == [first.prompt, second.prompt]


def says(learner: Learner, told: Statement) -> bool:
    """Whether a fact speaks where its prompt is asked."""
    return learner.ask([told.prompt], manner=RAW)[0].answer.rstrip(".") == told.answer


def run(rank: int, folder: Path) -> subprocess.Popen[str]:
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    launched = {"RANK": str(rank), "WORLD_SIZE": "2"}
    return subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        env=os.environ | paths | launched,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_one_of_which_died_make_what_one_makes(tmp_path: Path) -> None:
    facts = list(read_statements(str(written(tmp_path / "facts.parquet")), "facts.parquet"))
    with open_tiny(tmp_path / "whole") as learner:
        list(teach_share(learner, facts, Share(), before=False))
        whole = exported(learner, tmp_path / "export whole")
    first, second = run(0, tmp_path), run(1, tmp_path)
    assert first.stdout
    assert second.stdout
    assert second.stdout.readline() == "taught\n"
    second.send_signal(signal.SIGKILL)
    assert second.wait(60) == -signal.SIGKILL
    again = run(1, tmp_path)
    assert [process.wait(120) for process in (first, again)] == [0, 0]
    for process in (first, second, again):
        assert process.stdout
        process.stdout.close()
    with open_tiny(tmp_path / "shared") as learner:
        found = exported(learner, tmp_path / "export shared")
    names = "adapter_model.safetensors", "calibration.safetensors"
    assert [found[name] for name in names] == [whole[name] for name in names]


def work(folder: Path) -> None:
    """Teach this process's share, one fact after the other."""
    facts = read_statements(str(folder / "facts.parquet"), "facts.parquet")
    with open_tiny(folder / "shared") as learner:
        for told in facts:
            if list(teach_share(learner, [told], Share.of_launcher(), before=False)):
                print("taught", flush=True)


if __name__ == "__main__":
    with quick_calibration(Path(os.environ["XDG_CACHE_HOME"])):
        work(Path(sys.argv[1]))
