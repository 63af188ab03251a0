from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pictures import write_sheet
from PIL import Image

from oneshot.errors import BadInputError
from oneshot.files.data_folder import ENVIRONMENT
from oneshot.images.data import (
    GREY,
    ImageSet,
    channel_statistics,
    holdout,
    normalise,
    random_crop,
    random_cutout,
    random_flip,
)
from oneshot.images.model import accuracy, batches
from oneshot.images.sets.loading import find_images, load_images

CPU = torch.device("cpu")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "images"


def small_set(n: int = 12, m: int = 5) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (n + m, 3, 6, 6), generator=generator, dtype=torch.uint8)
    labels = torch.arange(n + m) % 4
    return ImageSet("toy", 4, pixels[:n], labels[:n], pixels[n:], labels[n:])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for split, n in (("train", 8), ("test", 4)):
        pixels = rng.integers(0, 256, (n, 16, 20, 3), dtype=np.uint8)
        write_sheet(tmp_path / f"cifar10_{split}.npz", pixels, np.arange(n) % 4)
    return tmp_path


def test_mnist_ships_whole() -> None:
    images = load_images("mnist", None, CPU)
    assert images.train_images.shape == (60_000, 1, 28, 28)
    assert images.test_images.shape == (10_000, 1, 28, 28)
    assert images.classes == 10
    assert images.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    mean, std = channel_statistics(images.train_images).flatten().tolist()
    assert (round(mean, 4), round(std, 4)) == (0.1307, 0.3081)


def test_a_folder_is_read_losslessly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = load_images("cifar10", folder, CPU)
    expected = np.random.default_rng(0).integers(0, 256, (8, 16, 20, 3), dtype=np.uint8)
    assert np.array_equal(images.train_images.permute(0, 2, 3, 1).numpy(), expected)
    assert images.train_labels.tolist() == [0, 1, 2, 3] * 2
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    assert torch.equal(load_images("cifar10", None, CPU).test_images, images.test_images)


def test_numbered_parts_are_joined_in_order(folder: Path) -> None:
    whole = load_images("cifar10", folder, CPU)
    (folder / "cifar10_train.npz").rename(folder / "cifar10_train_0.npz")
    (folder / "cifar10_train_1.npz").write_bytes((folder / "cifar10_test.npz").read_bytes())
    joined = load_images("cifar10", folder, CPU)
    expected = torch.cat([whole.train_images, whole.test_images])
    assert torch.equal(joined.train_images, expected)


def test_a_truncated_file_is_one_clear_error(folder: Path) -> None:
    path = folder / "cifar10_train.npz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadInputError, match="cannot be read as an image set"):
        load_images("cifar10", folder, CPU)


def test_a_sheet_of_the_wrong_size_is_refused(folder: Path) -> None:
    path = folder / "cifar10_train.npz"
    with np.load(path) as archive:
        fields = dict(archive)
    np.savez(path, **(fields | {"shape": np.array([16, 16, 3])}))
    with pytest.raises(BadInputError, match="not made of"):
        load_images("cifar10", folder, CPU)


def test_an_unknown_name_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="one of mnist, cifar10"):
        load_images("svhn", None, CPU)
    with pytest.raises(BadInputError, match="does not exist"):
        load_images("cifar10", tmp_path / "none", CPU)


def test_a_missing_set_says_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: Any, **__: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr("datasets.load_dataset", offline)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    with pytest.raises(BadInputError, match=r"--data .*cifar100_train.npz.*uoft-cs/cifar100"):
        load_images("cifar100", None, CPU)


def test_a_folder_that_is_given_is_the_only_place(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: Any, **__: Any) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr("datasets.load_dataset", asked)
    empty = tmp_path / "empty"
    empty.mkdir()
    for name, place, said in (
        ("mnist", empty, "holds nothing"),
        ("cifar100", folder, "holds cifar10_test.npz, cifar10_train.npz"),
    ):
        with pytest.raises(BadInputError, match=f"{name} .*is not in .*{said}"):
            load_images(name, place, CPU)
    # The usual folder need not have everything.
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    assert find_images("mnist", None).place == "in the package"
    assert find_images("cifar10", None).place == f"in {folder}"


def test_sets_may_lie_in_the_folder_of_their_kind(folder: Path, tmp_path: Path) -> None:
    inside = tmp_path / "all" / "images"
    inside.mkdir(parents=True)
    for path in folder.glob("*.npz"):
        (inside / path.name).write_bytes(path.read_bytes())
    there = load_images("cifar10", tmp_path / "all", CPU)
    assert torch.equal(there.train_images, load_images("cifar10", folder, CPU).train_images)
    assert there.found == f"cifar10 in {inside}"
    assert there.names == ("airplane", "automobile", "bird", "cat")


@pytest.mark.parametrize(
    ("name", "columns", "test_split"),
    [
        ("cifar10", ("img", "label"), "test"),
        ("cifar100", ("img", "fine_label"), "test"),
        ("tinyimagenet", ("image", "label"), "valid"),
    ],
)
def test_the_hub_gives_the_same_tensors(
    name: str, columns: tuple[str, str], test_split: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (6, 9, 7, 3), dtype=np.uint8)
    asked: list[tuple[str, str]] = []

    def load_dataset(repository: str, *, split: str) -> list[dict[str, Any]]:
        asked.append((repository, split))
        image, label = columns
        return [{image: Image.fromarray(p), label: i % 3} for i, p in enumerate(pixels)]

    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    images = load_images(name, None, CPU)
    assert np.array_equal(images.train_images.permute(0, 2, 3, 1).numpy(), pixels)
    assert images.classes == 3
    assert [split for _, split in asked] == ["train", test_split]


def test_an_image_set_checks_itself() -> None:
    good = small_set()
    empty = good.test_images[:0], good.test_labels[:0]
    with pytest.raises(BadInputError, match="test set is empty"):
        ImageSet("toy", 4, good.train_images, good.train_labels, *empty)
    with pytest.raises(BadInputError, match="labels run from 0 to 3"):
        ImageSet("toy", 3, good.train_images, good.train_labels, *empty)
    smaller = good.test_images[..., :5]
    with pytest.raises(BadInputError, match="one size"):
        ImageSet("toy", 4, good.train_images, good.train_labels, smaller, good.test_labels)


def test_a_holdout_is_cut_from_training_and_leaves_test_alone() -> None:
    images = small_set()
    held = holdout(images, 4, torch.Generator().manual_seed(3))
    assert len(held.train_labels) == 8
    assert len(held.test_labels) == 4
    together = torch.cat([held.train_images, held.test_images]).flatten(1).tolist()
    assert sorted(together) == sorted(images.train_images.flatten(1).tolist())
    with pytest.raises(BadInputError, match="leave some"):
        holdout(images, 12, torch.Generator())


def test_normalised_pixels_have_mean_0_and_deviation_1() -> None:
    images = small_set(40).train_images
    values = normalise(images, channel_statistics(images))
    assert values.mean((0, 2, 3)).abs().max() < 1e-5
    assert (values.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-5


def test_a_flip_mirrors_about_half_and_a_crop_shifts() -> None:
    images = small_set(200).train_images
    flipped = random_flip(images, torch.Generator().manual_seed(0))
    same = (flipped == images).flatten(1).all(1)
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    assert bool((same | mirrored).all())
    assert 60 < int(mirrored.sum()) < 140
    cropped = random_crop(images, 1, torch.Generator().manual_seed(0))
    assert cropped.shape == images.shape
    padded = torch.nn.functional.pad(images.float(), (1, 1, 1, 1), "reflect").byte()
    shifts = [padded[:, :, y : y + 6, x : x + 6] for y in range(3) for x in range(3)]
    matches = torch.stack([(cropped == shift).flatten(1).all(1) for shift in shifts])
    assert bool(matches.any(0).all())
    assert int(matches.sum(1).gt(0).sum()) == 9
    assert torch.equal(random_crop(images, 0, torch.Generator()), images)


def test_a_cutout_hides_a_whole_square_anywhere_in_a_picture() -> None:
    images = torch.zeros(200, 3, 6, 5, dtype=torch.uint8)
    hidden = random_cutout(images, 2, torch.Generator().manual_seed(0))
    rows, columns = (hidden[:, 0] == GREY).any(2), (hidden[:, 0] == GREY).any(1)
    assert set(rows.sum(1).tolist()) == set(columns.sum(1).tolist()) == {2}
    assert torch.equal(
        hidden == GREY, (rows[:, :, None] & columns[:, None])[:, None].expand(images.shape)
    )
    assert len({tuple(row) for row in rows.int().tolist()}) == 5
    assert len({tuple(row) for row in columns.int().tolist()}) == 4
    assert bool(((hidden == GREY) | (hidden == 0)).all())


def test_accuracy_counts_the_highest_score() -> None:
    class Constant:
        def logits(self, images: torch.Tensor) -> torch.Tensor:
            return torch.eye(4)[torch.zeros(len(images), dtype=torch.long)]

    images = small_set()
    assert accuracy(Constant(), images.train_images, images.train_labels) == 0.25
    assert [len(part) for part in batches(images.train_images, 5)] == [5, 5, 2]
    assert list(batches(images.train_images[:0])) == []


@pytest.mark.data
def test_the_optional_folder_is_read_as_it_is() -> None:
    if not SHARED.is_dir():
        pytest.skip("the optional data folder is not here")
    images = load_images("tinyimagenet", SHARED, CPU)
    assert images.train_images.shape == (5000, 3, 64, 64)
    assert images.classes == 10
