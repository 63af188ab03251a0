"""The image demonstration, on little."""

import json
from dataclasses import replace
from unittest import mock

import pytest
from typer.testing import CliRunner

from oneshot.cli.main import app
from oneshot.images import demo
from oneshot.images.model import silent
from oneshot.images.sets.loading import load_images

LOAD = demo.load_demo
SOLVED = replace(demo.RIDGE, blocks=1, filters=24)


@pytest.fixture(autouse=True)
def little() -> object:
    images = load_images("mnist", None, demo.CPU).first(600, 200)
    with (
        mock.patch.object(demo, "RIDGE", SOLVED),
        mock.patch.object(demo, "load_demo", return_value=images),
    ):
        yield


@pytest.mark.parametrize(
    ("seconds", "shown", "asked"), [(100.0, 1024, 1280), (0.5, 1280, 1600), (0.01, 8000, 10_000)]
)
def test_a_slow_machine_trains_and_tests_on_fewer_pictures(
    seconds: float, shown: int, asked: int
) -> None:
    with mock.patch.object(demo, "seconds_per_step", return_value=seconds):
        images = LOAD()
    assert (len(images.train_labels), len(images.test_labels)) == (shown, asked)


def test_blocks_learn_and_denoise_from_noise_to_a_label() -> None:
    result, denoised = demo.train_blocks(demo.load_demo(), silent)
    assert result.images == 600
    assert result.n == 200
    assert result.test_accuracy > 0.5  # chance is 0.1
    assert denoised.z.shape == (demo.SHOWN, demo.CHAIN.T + 1, 10)
    assert denoised.labels.tolist() == list(range(demo.SHOWN))
    spread = denoised.z.std(2).mean(0)
    assert float(spread[-1]) < float(spread[0])  # noise of deviation 1 ends near one label


def test_the_closed_form_solution_is_far_above_chance() -> None:
    assert demo.train_ridge(demo.load_demo(), silent).test_accuracy > 0.7


def test_the_command_prints_results_and_a_picture() -> None:
    shown = CliRunner().invoke(app, ["image", "demo"])
    assert shown.exit_code == 0, shown.output
    assert "two modern blocks of NoProp-DT" in shown.output
    assert "^ a 3" in shown.output
    assert "█" in shown.output
    lines = CliRunner().invoke(app, ["--json", "image", "demo"]).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    sections = [record["section"] for record in records if "section" in record]
    assert sections == ["results", "denoising"]
