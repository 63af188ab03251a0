import json
from pathlib import Path

import pytest
import torch
from pictures import CLASSES, pixels
from torch import Tensor

from oneshot.errors import BadInputError, Stopped
from oneshot.images.build import load_trainee, new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Embedding, Method, Precision
from oneshot.images.model import Progress, silent
from oneshot.images.settings import TrainSettings, read_toml
from oneshot.images.training.beginning import Place, Trainee
from oneshot.images.training.checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from oneshot.images.training.train import Run, TrainingError, prepared

CPU = torch.device("cpu")
SETTINGS = TrainSettings(
    T=2, epochs=3, batch=8, flip=True, shift=1, anneal=True, precision=Precision.FP32, save_every=4
)


def images() -> ImageSet:
    train, test = pixels(24), pixels(8)
    return ImageSet("toy", CLASSES, *train, *test)


def place(folder: Path, *, resume: bool = False) -> Place:
    return Place(folder, resume)


def run(folder: Path | None, settings: TrainSettings = SETTINGS, *, resume: bool = False) -> Run:
    there = Place() if folder is None else place(folder, resume=resume)
    return Run(new_trainee(settings, images()), images(), settings, there)


def same(one: Trainee, other: Trainee) -> bool:
    left, right = one.tensors(), other.tensors()
    return left.keys() == right.keys() and all(torch.equal(left[n], right[n]) for n in left)


@pytest.mark.parametrize("method", Method)
def test_a_run_that_was_stopped_and_resumed_is_the_same_to_the_last_bit(
    method: Method, tmp_path: Path
) -> None:
    settings = TrainSettings.from_mapping(SETTINGS.plain() | {"method": method, "T": 2})
    whole = run(None, settings)
    whole.train(silent)
    stopped = run(tmp_path, settings)
    with pytest.raises(Stopped, match="--resume"):
        stopped.train(silent, stop=lambda: stopped.done == 5)
    resumed = run(tmp_path, settings, resume=True)
    assert resumed.done == 5
    resumed.train(silent)
    assert same(whole.trainee, resumed.trainee)


@pytest.mark.parametrize("embedding", Embedding)
def test_a_trained_folder_classifies_as_it_did(embedding: Embedding, tmp_path: Path) -> None:
    settings = TrainSettings.from_mapping(SETTINGS.plain() | {"embedding": embedding, "epochs": 1})
    first = run(tmp_path, settings)
    classifier = first.train(silent)
    loaded_settings, inputs, loaded = load_trainee(tmp_path, CPU)
    assert loaded_settings == settings
    assert inputs == images().inputs
    x = images().test_images
    assert torch.equal(loaded.classifier().logits(x), classifier.logits(x))


def test_every_epoch_sees_every_image_in_another_order() -> None:
    seen: list[list[int]] = []

    class Spy:
        def step(self, images: Tensor, labels: Tensor, number: int) -> Tensor:
            seen.append(labels.tolist())
            return torch.zeros(1)

        def set_learning_rate(self, rate: float) -> None:
            rates.append(rate)

        def tensors(self) -> dict[str, Tensor]:
            return {}

        def classifier(self) -> "Spy":
            return self

        def logits(self, images: Tensor) -> Tensor:
            return torch.zeros(len(images), 24)

        def block_scores(self, images: Tensor) -> Tensor:
            return torch.zeros(1, len(images), 24)

    rates: list[float] = []
    numbered = ImageSet("toy", 24, pixels(24)[0], torch.arange(24), *pixels(8))
    Run(Spy(), numbered, SETTINGS, Place()).train(silent)
    epochs = [[*seen[i], *seen[i + 1], *seen[i + 2]] for i in (0, 3, 6)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(24))] * 3
    assert epochs[0] != epochs[1]
    assert rates == pytest.approx([1e-3 * (1 - step / 9) for step in range(9)])


def test_reports_carry_the_loss_of_each_block_and_the_speed() -> None:
    reports: list[Progress] = []
    run(None).train(reports.append)
    assert reports[-1].done == reports[-1].total == 9
    assert set(reports[-1].figures) == {"loss 1", "loss 2", "images/s", "epoch", "accuracy"}
    assert [r.done for r in reports if r.milestone] == [3, 6, 9]
    assert [r.figures["epoch"] for r in reports if r.milestone] == [1, 2, 3]


def test_a_loss_that_is_not_finite_stops_and_overwrites_nothing(tmp_path: Path) -> None:
    good = run(tmp_path)
    with pytest.raises(Stopped):
        good.train(silent, stop=lambda: good.done == 2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    bad = run(tmp_path, resume=True)
    next(iter(bad.trainee.tensors().values())).fill_(torch.nan)
    with pytest.raises(TrainingError, match="not finite"):
        bad.train(silent)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_in_use_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="leave --resume out"):
        run(tmp_path, resume=True)
    write_checkpoint(tmp_path, 1, {"settings": SETTINGS.plain()}, {"a": torch.zeros(2)})
    with pytest.raises(CheckpointError, match="add --resume"):
        run(tmp_path)
    with pytest.raises(CheckpointError, match="another architecture"):
        run(tmp_path, resume=True)
    other = TrainSettings.from_mapping(SETTINGS.plain() | {"seed": 1, "batch": 4})
    with pytest.raises(CheckpointError, match="another batch, seed"):
        run(tmp_path, other, resume=True)


def test_a_checkpoint_of_another_shape_changes_nothing(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 1, {}, {"a": torch.zeros(2), "b": torch.zeros(3)})
    live = {"a": torch.ones(2), "b": torch.ones(4)}
    with pytest.raises(CheckpointError, match=r"another architecture \(b is"):
        read_checkpoint(tmp_path).copy_into(live)
    assert live["a"].tolist() == [1, 1]


@pytest.mark.parametrize("cut", [2, 60, 10_000])
def test_truncated_files_are_one_clear_error(cut: int, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 3, {}, {"a": torch.zeros(2)})
    for path in list(tmp_path.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[:-cut])
        with pytest.raises(CheckpointError, match="damaged"):
            read_checkpoint(tmp_path)
        path.write_bytes(whole)
    assert read_checkpoint(tmp_path).step == 3


def test_a_newer_format_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        read_checkpoint(tmp_path)
    write_checkpoint(tmp_path, 3, {}, {"a": torch.zeros(2)})
    index = json.loads((tmp_path / "checkpoint.json").read_text())
    (tmp_path / "checkpoint.json").write_text(json.dumps(index | {"format": 9}))
    with pytest.raises(CheckpointError, match="format 9"):
        read_checkpoint(tmp_path)
    (tmp_path / "checkpoint.json").write_text(json.dumps(index))
    (tmp_path / index["file"]).unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(tmp_path)


def test_a_write_that_dies_leaves_the_last_checkpoint_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    write_checkpoint(tmp_path, 1, {}, {"a": torch.zeros(2)})
    real = os.replace
    for survivors in range(2):  # dies at the first rename, then at the second
        calls: list[int] = []

        def dying(*paths: object, survivors: int = survivors, calls: list[int] = calls) -> None:
            calls.append(1)
            if len(calls) > survivors:
                raise OSError("the disk is full")
            real(*paths)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr("oneshot.files.durable.os.replace", dying)
            with pytest.raises(CheckpointError, match=r"cannot be written .*full"):
                write_checkpoint(tmp_path, 2, {}, {"a": torch.ones(2)})
        assert read_checkpoint(tmp_path).step == 1
    write_checkpoint(tmp_path, 2, {}, {"a": torch.ones(2)})
    assert read_checkpoint(tmp_path).tensors["a"].tolist() == [1, 1]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_made_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CheckpointError, match="cannot be made a folder"):
        run(tmp_path / "file" / "out")


def test_one_image_is_too_few() -> None:
    one = images().first(1, 8)
    with pytest.raises(BadInputError, match="at least 2"):
        Run(new_trainee(SETTINGS, one), one, SETTINGS, Place())


def test_settings_come_from_toml_and_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('method = "fm"\nlearning_rate = 1\nepochs = 4\n')
    settings = TrainSettings.from_mapping(read_toml(path) | {"seed": 3})
    assert (settings.method, settings.learning_rate, settings.seed) == (Method.FM, 1.0, 3)
    for text, message in (
        ('method = "sgd"', "one of dt, ct, fm, backprop, adjoint, ensemble"),
        ("epochs = 0", "at least 1"),
        ('epochs = "4"', "give a whole number"),
        ("batch = 1", "at least 2"),
        ("anchor = true", "only fm has anchor"),
        ('method = "ct"\nendpoint = true', "only fm has endpoint"),
        ('method = "fm"\nanchor = true\nendpoint = true', "give one of them"),
        ('method = "fm"\nspacing = "equal-information"', "only dt and backprop"),
        ("learning_rate = -1.0", "more than 0"),
        ("depth = 4", "'depth' is unknown"),
        ("epochs =", "cannot be read as settings"),
    ):
        path.write_text(text)
        with pytest.raises(BadInputError, match=message):
            TrainSettings.from_mapping(read_toml(path))


def test_a_holdout_is_the_same_for_every_seed() -> None:
    one, two = (
        prepared(images(), TrainSettings(holdout=6, seed=seed, train_images=20)) for seed in (0, 1)
    )
    assert len(one.train_labels) == 14
    assert torch.equal(one.test_images, two.test_images)
