"""A person's own digits, in files of every kind, and how sure a model says it is."""

import json
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pictures import one_thread  # noqa: F401  (small products, busy machines)
from PIL import Image, ImageFilter

from oneshot.cli.main import main
from oneshot.errors import BadInputError
from oneshot.images.calibration import (
    Likeness,
    best_temperature,
    calibrate,
    calibration_error,
    read_calibration,
)
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Rule
from oneshot.images.model import silent
from oneshot.images.pictures.handwriting import prepare
from oneshot.images.predicting import Prediction, predict
from oneshot.images.rules.ridge import train
from oneshot.images.rules.ridge_settings import RidgeSettings
from oneshot.images.rules.saved import RuleRun, save_model
from oneshot.images.sets.loading import load_images
from oneshot.images.settings import TrainSettings
from oneshot.images.trained import load_trained

CPU = torch.device("cpu")
Shades = NDArray[np.float64]


@cache
def digits() -> ImageSet:
    return load_images("mnist", None, CPU)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few seconds, trained on digits that no test shows it."""
    folder = tmp_path_factory.mktemp("digits")
    images = digits().first(6000, 2000)
    chain = train(images, RidgeSettings(blocks=1, filters=96, mirror=False), silent)
    save_model(folder, RuleRun(Rule.RIDGE, TrainSettings(), images.inputs), chain)
    calibrate(chain, images, 1).save(folder)
    return folder


def held_out() -> list[tuple[int, NDArray[np.uint8]]]:
    """A digit of each class, of those that the model never saw."""
    images, labels = digits().test_images[5000:], digits().test_labels[5000:]
    return [(d, images[int((labels == d).nonzero()[0])][0].numpy()) for d in range(10)]


def large(digit: NDArray[np.uint8], side: int) -> Shades:
    image = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image).astype(float) / 255


def on_paper(digit: NDArray[np.uint8], dice: np.random.Generator) -> Shades:
    paper = 0.93 + dice.normal(0, 0.01, (380, 460))
    top, left = dice.integers(0, 128), dice.integers(0, 208)
    paper[top : top + 252, left : left + 252] -= 0.75 * large(digit, 252)
    return paper


def photographed(digit: NDArray[np.uint8], dice: np.random.Generator) -> Shades:
    """Turned a little, out of focus, a lamp at one side, grain, and the table at the corners."""
    paper = np.full((420, 420), 0.85)
    paper[70:350, 70:350] -= 0.6 * large(digit, 280)
    down, across = np.mgrid[0:420, 0:420] / 420
    lit = np.clip(paper * (0.3 + 0.8 * across * (0.5 + 0.5 * down)), 0, 1)
    image = Image.fromarray((lit * 255).astype(np.uint8)).rotate(5, fillcolor=50)
    image = image.filter(ImageFilter.GaussianBlur(2))
    grainy = np.asarray(image) + dice.normal(0, 5, (420, 420))
    buffer = BytesIO()
    Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer)).astype(float) / 255


def off_centre(digit: NDArray[np.uint8], dice: np.random.Generator) -> Shades:
    ground = np.zeros((112, 112))
    top, left = dice.integers(0, 57, 2)
    ground[top : top + 56, left : left + 56] = large(digit, 56)
    return ground


def white_on_black(digit: NDArray[np.uint8], dice: np.random.Generator) -> Shades:
    return large(digit, 28)


@pytest.mark.parametrize("drawn", [on_paper, photographed, off_centre, white_on_black])
def test_nine_of_ten_own_digits_are_read(
    drawn: Callable[[NDArray[np.uint8], np.random.Generator], Shades], run: Path, tmp_path: Path
) -> None:
    trained, dice = load_trained(run, CPU), np.random.default_rng(0)
    right, known = 0, 0
    for label, digit in held_out():
        pixels = (np.clip(drawn(digit, dice), 0, 1) * 255).round().astype(np.uint8)
        path = tmp_path / f"{label}.png"
        Image.fromarray(pixels).save(path)
        found = predict(trained, path, CPU, as_is=False)
        right += found.ranking[0][0] == label
        known += not found.strange
        dark = "dark on light turned into light on dark" in found.prepared
        assert dark == (drawn in (on_paper, photographed))
    assert right >= 9
    assert known >= 9


def test_a_digit_of_the_set_stays_as_it_is(run: Path, tmp_path: Path) -> None:
    for _, digit in held_out():
        prepared = prepare(Image.fromarray(digit))
        assert prepared.remarks == ()
        assert np.array_equal(prepared.pixels[0].numpy(), digit)


@pytest.mark.parametrize("shades", [0, 128, 255, "noise"])
def test_where_nothing_is_written_that_is_said(
    shades: int | str, run: Path, tmp_path: Path
) -> None:
    dice = np.random.default_rng(0)
    pixels = np.full((60, 80), 128 if shades == "noise" else shades)
    if shades == "noise":
        pixels = pixels + dice.integers(-2, 3, pixels.shape)
    path = tmp_path / "empty.png"
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    found = predict(load_trained(run, CPU), path, CPU, as_is=False)
    assert found.prepared == ("no writing was found in it",)
    assert found.strange


def test_pictures_unlike_the_training_ones_are_told_from_held_out_ones() -> None:
    images = digits()
    likeness = Likeness.fitted(images.train_images[:6000], images.test_images[:2000])
    assert likeness.is_strange(images.test_images[5000:7000]).double().mean() < 0.01
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (50, 1, 28, 28), generator=generator, dtype=torch.uint8)
    halves = torch.zeros(50, 1, 28, 28, dtype=torch.uint8)
    halves[..., 14:] = 255
    flat = torch.full((1, 1, 28, 28), 128, dtype=torch.uint8)
    for strange in (noise, halves, flat, 255 - images.test_images[:50]):
        assert bool(likeness.is_strange(strange).all())


def test_percentages_mean_what_they_say(run: Path) -> None:
    """Calibrated on the first test digits, measured on others."""
    trained, images = load_trained(run, CPU), digits()
    fresh, labels = images.test_images[2000:6000], images.test_labels[2000:6000]
    shares = trained.probabilities(fresh)
    assert float((shares.argmax(1) == labels).double().mean()) > 0.93
    assert calibration_error(shares, labels) <= 0.03
    bare = load_trained(run, CPU).classifier().block_scores(fresh)[-1].softmax(1)
    assert calibration_error(bare, labels) > 0.3  # what the scores say by themselves


def test_the_calibration_error_of_honest_shares_is_small() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = 3 * torch.randn(20_000, 5, generator=generator)
    labels = torch.multinomial(scores.softmax(1), 1, generator=generator)[:, 0]
    assert calibration_error(scores.softmax(1), labels) < 0.01
    assert calibration_error((3 * scores).softmax(1), labels) > 0.1
    assert best_temperature(3 * scores, labels) == pytest.approx(3, rel=0.05)


def test_a_calibration_is_of_one_state_of_a_model(run: Path, tmp_path: Path) -> None:
    found = read_calibration(run, 1)
    assert found is not None
    assert found.dark
    assert read_calibration(run, 2) is None
    assert read_calibration(tmp_path, 1) is None
    (tmp_path / "calibration.safetensors").write_bytes(b"damaged")
    assert read_calibration(tmp_path, 1) is None


def test_several_files_and_folders_are_answered_in_a_call(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label, digit in held_out()[:3]:
        Image.fromarray(255 - digit).resize((56, 84)).save(tmp_path / f"{label}.png")
    with pytest.raises(SystemExit) as left:
        main(
            [
                "--json",
                "image",
                "predict",
                str(tmp_path),
                str(tmp_path / "0.png"),
                "--run",
                str(run),
            ]
        )
    assert not left.value.code
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["class"] for record in said] == [0, 1, 2, 0]
    assert [record["name"] for record in said] == ["0", "1", "2", "0"]
    assert all(record["calibrated"] and record["share"] > 0.5 for record in said)


def test_a_bad_picture_of_a_folder_is_left_out_and_a_named_one_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(held_out()[0][1]).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(SystemExit) as left:
        main(["--json", "image", "predict", str(tmp_path), "--run", str(run)])
    assert not left.value.code
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err.startswith(f"warning: left out: {tmp_path / 'bad.png'} is empty")
    with pytest.raises(SystemExit) as left:
        main(["image", "predict", str(tmp_path / "bad.png"), "--run", str(run)])
    assert left.value.code == 2


def test_as_is_takes_nothing_but_the_size_of_the_model(run: Path, tmp_path: Path) -> None:
    trained, (_, digit) = load_trained(run, CPU), held_out()[3]
    path = tmp_path / "a.png"
    Image.fromarray(digit).save(path)
    found: Prediction = predict(trained, path, CPU, as_is=True)
    assert found.prepared == ()
    Image.fromarray(digit).resize((56, 56)).save(path)
    with pytest.raises(BadInputError, match="56 x 56 pixels; give 28 x 28, or leave --as-is out"):
        predict(trained, path, CPU, as_is=True)
