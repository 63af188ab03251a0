"""The commands of `oneshot class` run on pictures of stripes; shared by their tests."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from oneshot.cli.main import main


@pytest.fixture(autouse=True)
def no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """typer leaves with status 0 at the end of a command that went well."""
    real = sys.exit

    def leave(status: object = None) -> None:
        if status not in (None, 0):
            real(status)

    monkeypatch.setattr(sys, "exit", leave)


@pytest.fixture(autouse=True)
def only_packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has fetched."""
    monkeypatch.setattr("oneshot.classes.folder.opening.kept_hosts", dict)


def stripes(path: Path, colour: tuple[int, int, int], period: int, seed: int) -> Path:
    """A picture of stripes, no two alike."""
    dice = np.random.default_rng(seed)
    rows = np.arange(48)[:, None, None] + dice.integers(0, period)
    pixels = np.where(rows // period % 2, colour, (230, 230, 230))
    pixels = pixels + dice.integers(-25, 25, (48, 64, 3))
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(6):
        stripes(tmp_path / "photos" / "red" / f"{seed}.png", (200, 30, 30), 12, seed)
        stripes(tmp_path / "photos" / "blue" / f"{seed}.jpg", (30, 30, 200), 4, 50 + seed)
    return tmp_path / "photos"


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """The JSON lines that a command prints."""
    main(["--json", "class", *map(str, arguments)])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as left:
        main(["class", *map(str, arguments)])
    assert left.value.code in (2, 3, 4)
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said
