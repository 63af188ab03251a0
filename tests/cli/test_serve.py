"""The command that serves: what it refuses, in one line."""

import sys

import pytest
from command_line import FakeLearner, Run, learner, plain_environment, run

__all__ = ["learner", "plain_environment", "run"]


@pytest.mark.parametrize("count", ["2", "0", "-1"])
def test_more_workers_are_refused_with_the_reason(run: Run, count: str) -> None:
    refused = run("serve", "--workers", count)
    assert refused.code == 2
    assert "one process owns the model" in refused.err


def test_beyond_loopback_a_key_is_needed(run: Run, learner: type[FakeLearner]) -> None:
    refused = run("serve", "--host", "0.0.0.0")
    assert refused.code == 2
    assert "--api-key" in refused.err
    assert learner.opened == {}


def test_without_the_libraries_the_extra_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith("oneshot.serve")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    refused = run("serve")
    assert refused.code == 2
    assert "pip install 'oneshot[serve]'" in refused.err
    assert len(refused.err.splitlines()) == 1


def test_an_error_of_the_brain_ends_the_command(run: Run, learner: type[FakeLearner]) -> None:
    from oneshot.errors import BrainError

    learner.raises = BrainError("the folder is locked; wait")
    failed = run("serve", "--port", "0")
    assert failed.code == 3
    assert failed.err == "error: the folder is locked; wait\n"
