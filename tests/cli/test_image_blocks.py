"""Modern blocks on the command line, from training to a page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import one_thread, write_set  # noqa: F401  (small products, busy machines)
from PIL import Image

from oneshot.cli.main import main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_set(folder)
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """The JSON lines that a command prints."""
    with pytest.raises(SystemExit) as left:
        main(["--json", "image", *map(str, arguments)])
    said = capsys.readouterr()
    assert not left.value.code, said
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.mark.parametrize(("block", "blocks"), [("air", 2), ("air-split", 3), ("vit", 2)])
def test_a_modern_block_is_trained_measured_analysed_and_used(
    block: str, blocks: int, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    small = ["--set", "width=16", "--batch", 8, "--shift", 1, "--set", "flip=false"]
    small += ["--T", blocks, "--block", block, "--dataset", "cifar10", "--data", data]
    *steps, last = told(capsys, "train", *small, "--epochs", 2, "--out", out)
    assert last["test_accuracy"] > 0.7  # chance is 0.25
    assert f"loss {blocks}" in steps[-1]
    (record,) = told(capsys, "eval", out, "--data", data, "--sampled", 2)
    assert record["test_accuracy"] == last["test_accuracy"]
    assert 0 <= record["test_accuracy_sampled"] <= 1
    (record,) = told(capsys, "analyse", out, "--data", data)
    assert [found["block"] for found in record["blocks"]] == list(range(1, blocks + 1))
    picture = tmp_path / "picture.png"
    pixels = np.zeros((14, 14, 3), dtype=np.uint8)
    pixels[7:, :7] = 180
    Image.fromarray(pixels).save(picture)
    (record,) = told(capsys, "predict", picture, "--run", out)
    assert sum(record["shares"]) == pytest.approx(1.0, abs=1e-5)
    (record,) = told(capsys, "report", out)
    assert "Held-out accuracy" in Path(record["page"]).read_text("utf-8")


def test_a_modern_block_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    (record,) = told(capsys, "info", "--dataset", "cifar10", "--block", "air-split")
    assert (record["block"], record["blocks"]) == ("air-split", 3)
    (whole,) = told(capsys, "info", "--dataset", "cifar10", "--block", "air", "--T", 2)
    assert whole["parameters"] == 2 * whole["parameters_per_block"] == 2 * 1_971_452
