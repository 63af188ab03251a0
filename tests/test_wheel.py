"""The wheel holds what it needs, installs beside its dependencies and works from there."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import oneshot

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
INSIDE = (
    "adapters/py.typed",
    "adapters/text/ordinary.txt",
    "oneshot/classes/hosts/image_host/host.json",
    "oneshot/classes/hosts/image_host/host.safetensors",
    "oneshot/facts/demo/facts.jsonl",
    "oneshot/hosts/corpus/background.txt.gz",
    "oneshot/hosts/corpus/facts.jsonl.gz",
    "oneshot/hosts/corpus/relations/people.toml",
    "oneshot/hosts/corpus/templates.json",
    "oneshot/hosts/factual_lm/config.json",
    "oneshot/hosts/factual_lm/model.safetensors",
    "oneshot/hosts/factual_lm/tokenizer.json",
    "oneshot/hosts/factual_lm/tokenizer_config.json",
    "oneshot/hosts/known.toml",
    "oneshot/py.typed",
    "oneshot/serve/page/icon.svg",
    "oneshot/serve/page/index.html",
    "oneshot/serve/page/page.css",
    "oneshot/serve/page/page.js",
)


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What a command prints; its errors are shown where it fails."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=kept | {"HF_HUB_OFFLINE": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment with the wheel in it.

    The dependencies are those of the environment that runs the tests, by a path file; its own
    copy of the package comes later on the path than the wheel's.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    purelib = Path(
        run(
            programs / "python",
            "-c",
            "import sysconfig; print(sysconfig.get_path('purelib'))",
            cwd=folder,
        ).strip()
    )
    (purelib / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    run(
        programs / "python",
        *("-m", "pip", "install", "--no-deps", "--no-index", "--ignore-installed"),
        wheel,
        cwd=folder,
    )
    return programs


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert set(INSIDE) <= set(names)
    assert any(name.startswith("oneshot/hosts/calibrations/calibration-") for name in names)
    information = f"oneshot-{oneshot.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"adapters", "oneshot", information}
    assert {f"{information}/licenses/{name}" for name in ("LICENSE", "NOTICE")} <= set(names)
    assert not [name for name in names if name.endswith((".pyc", ".bin"))]
    assert wheel.stat().st_size < 60e6
    sources = {
        str(path.relative_to(ROOT))
        for package in ("adapters", "oneshot")
        for path in (ROOT / package).rglob("*.py")
    }
    assert sources <= set(names)


def test_the_installed_wheel_teaches_and_answers(installed: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    home |= {"XDG_DATA_HOME": str(tmp_path / "data")}

    def program(*arguments: str) -> str:
        return run(installed / "oneshot", *arguments, cwd=tmp_path, **home)

    place = run(
        installed / "python",
        *("-c", "import adapters, oneshot; print(adapters.__file__, oneshot.__file__)"),
        cwd=tmp_path,
        **home,
    )
    assert all(str(installed.parent) in path for path in place.split())
    assert oneshot.__version__ in program("--version")
    assert "teach" in program("--help")
    brain = ("--brain", str(tmp_path / "brain"), "--json")
    receipt = json.loads(program(*brain, "teach", "The capital of Freedonia is Glorptown."))
    assert receipt["answer"] == "Glorptown" != receipt["before"]
    assert not receipt["warnings"]
    reply = json.loads(program(*brain, "ask", "What is the capital of Freedonia?", "--base"))
    assert reply["answer"] == "Glorptown" != reply["base"]
    assert reply["facts"] == [receipt["id"]]
    program(*brain, "forget", str(receipt["id"]), "--yes")
    reply = json.loads(program(*brain, "ask", "What is the capital of Freedonia?", "--base"))
    assert reply["answer"] == reply["base"]
    assert not (tmp_path / "cache" / "oneshot").exists()
