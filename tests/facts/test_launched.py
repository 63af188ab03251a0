"""A file that torchrun's processes teach to one brain, on the packaged host."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from brains import exported
from packaged import learner
from pyarrow import parquet

from oneshot.facts.language.readers import read_statements
from oneshot.facts.learner import Learner

__all__ = ["learner"]

NAMES = ["Freedonia", "Ruritania", "Zubrowka", "Genovia", "Latveria", "Sokovia", "Elbonia"]
ANSWERS = ["Glorptown", "Tarnov", "Belmor", "Quistburg", "Ostrava", "Marsk", "Veldin"]
HERE = Path(__file__).parents[1]


def written(path: Path) -> Path:
    """A Parquet file of facts."""
    prompts = [f"The capital of {name} is" for name in NAMES]
    parquet.write_table(pa.table({"prompt": prompts, "answer": ANSWERS, "subject": NAMES}), path)
    return path


def launched(brain: Path, file: Path, *program: str, restarts: int) -> None:
    """Let two processes teach a file."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    options = ["--max-restarts", str(restarts)]
    told = ["--brain", str(brain), "teach", "--no-before", "--file", str(file)]
    paths = {"PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
    done = subprocess.run(
        [sys.executable, "-m", *launcher, *options, *program, *told],
        env=os.environ | paths | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("died", [False, True])
def test_two_processes_make_what_one_makes(learner: Learner, tmp_path: Path, died: bool) -> None:
    path = written(tmp_path / "facts.parquet")
    list(learner.teach([*read_statements(str(path), path.name)], before=False))
    program = [str(HERE / "one_teacher.py")] if died else ["-m", "oneshot"]
    launched(tmp_path / "shared", path, *program, restarts=int(died))
    with Learner.open(tmp_path / "shared") as found:
        assert len(found.facts()) == len(NAMES)
        assert exported(found, tmp_path / "two") == exported(learner, tmp_path / "one")
