"""Commands with a learner that is made up, here and elsewhere; shared by their tests."""

import sys
from pathlib import Path

import pytest
from command_line import (
    FakeLearner,
    Run,
)

CAPITAL = ("The capital of Freedonia is", "Glorptown")


@pytest.fixture
def taught(run: Run, learner: type[FakeLearner]) -> type[FakeLearner]:
    assert run("teach", *CAPITAL).code == 0
    assert run("teach", "The moon of Zog is", "Xor", "--subject", "Zog").code == 0
    return learner


def faked(*arguments: str) -> list[str]:
    code = f"import command_line; command_line.install_fake(); command_line.main({list(arguments)})"
    return [sys.executable, "-c", code]


def path_here() -> dict[str, str]:
    root = Path(__file__).parents[1]
    return {"PYTHONPATH": f"{root}:{root / 'tests'}", "PATH": ""}
