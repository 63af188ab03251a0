"""What is wrong in a configuration file is one line."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.plans import read_plan


@dataclass(frozen=True)
class Plan:
    shots: int
    seed: int = 0


def test_a_plan_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("shots = 5")
    assert read_plan(path, Plan) == Plan(5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shotz = 5", "unknown shotz; there are shots, seed"),
        ("seed = 1", "'shots'"),
        ("shots = [", "is no TOML"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_wrong_one_is_one_line_with_its_path(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "plan.toml"
    if text:
        path.write_text(text)
    with pytest.raises(SystemExit) as stopped:
        read_plan(path, Plan)
    line = str(stopped.value.code)
    assert line.startswith(str(path))
    assert told in line
    assert "\n" not in line
