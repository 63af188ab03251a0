"""Brains as models of `llm`, and the commands behind `llm oneshot`."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from brains import caches, host_folder, open_tiny, statement
from click.testing import CliRunner
from llm.cli import cli

from oneshot import llm as plugin

__all__ = ["caches"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:llm")

FACT = statement(0)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder with a brain that is taught, and another one."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    monkeypatch.delenv("ONESHOT_BRAIN", raising=False)
    for name in ("brain", "work"):
        with open_tiny(tmp_path / "oneshot" / name) as learner:
            learner.write([FACT] if name == "brain" else [])
    return tmp_path / "oneshot"


@pytest.fixture
def models(shelf: Path) -> Iterator[dict[str, Any]]:
    found: list[Any] = []
    plugin.register_models(found.append)
    yield {model.model_id: model for model in found}
    for model in found:
        model.close()


def test_every_brain_is_a_model(models: dict[str, Any]) -> None:
    assert list(models) == ["oneshot", "oneshot/work"]


def test_a_fact_answers_in_pieces_and_is_in_the_log(models: dict[str, Any]) -> None:
    response = models["oneshot"].prompt(FACT.prompt)
    pieces = list(response)
    assert len(pieces) > 1
    assert "".join(pieces).startswith(FACT.answer)
    assert response.response_json == {"facts": [1]}
    bare = models["oneshot/work"].prompt(FACT.prompt, max_tokens=4, temperature=0.0)
    assert not bare.text().startswith(FACT.answer)
    assert bare.response_json == {"facts": []}


def test_a_conversation_keeps_its_turns(models: dict[str, Any]) -> None:
    conversation = models["oneshot"].conversation()
    conversation.prompt("Hello").text()
    with mock.patch("oneshot.facts.learner.Learner.ask", side_effect=ValueError) as ask:
        response = conversation.prompt(FACT.prompt)
        with pytest.raises(ValueError, match=r"^$"):
            response.text()
    ((turns,),) = ask.call_args.args
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[-1]["content"] == FACT.prompt


def test_a_brain_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    model = plugin.Brain("oneshot", tmp_path / "none")
    with pytest.raises(Exception, match="llm oneshot teach"):
        model.prompt("Hello").text()
    model.close()
    assert not (tmp_path / "none").exists()


def test_the_commands_stand_behind_llm_oneshot(shelf: Path) -> None:
    if "oneshot" not in cli.commands:
        plugin.register_commands(cli)
    runner = CliRunner()
    shown = runner.invoke(cli, ["oneshot", "--help"])
    assert shown.exit_code == 0, shown.output
    assert "teach" in shown.output
    listed = runner.invoke(cli, ["oneshot", "--model", str(host_folder()), "--json", "list"])
    assert listed.exit_code == 0, listed.output
    assert FACT.answer in listed.output
    assert runner.invoke(cli, ["oneshot", "show", "x"]).exit_code == 2


def test_the_package_says_where_the_plugin_is() -> None:
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    ((name, value),) = settings["project"]["entry-points"]["llm"].items()
    assert EntryPoint(name, value, "llm").load() is plugin


def test_the_plugin_loads_no_model_library() -> None:
    program = "import sys, oneshot.llm; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
