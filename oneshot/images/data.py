"""Image sets: MNIST from the package, others from a folder or the hub, all of it in one tensor."""

import os
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.sheets import read_sheets, sheet_files

ENVIRONMENT = "ONESHOT_DATA"
"""The environment variable that names a folder of image sets."""


@dataclass(frozen=True)
class HubSource:
    """Where the hub keeps a set and what its columns and its labelled test split are called."""

    repository: str
    image: str
    label: str
    test: str
    subset: str | None = None
    """A smaller set of the same kind that a folder may hold in its place."""


SOURCES = {
    "mnist": HubSource("ylecun/mnist", "image", "label", "test"),
    "cifar10": HubSource("uoft-cs/cifar10", "img", "label", "test"),
    "cifar100": HubSource("uoft-cs/cifar100", "img", "fine_label", "test"),
    "tinyimagenet": HubSource(
        "zh-plus/tiny-imagenet", "image", "label", "valid", subset="tinyimagenet10"
    ),
}


@dataclass(frozen=True)
class Inputs:
    """The size of the images and the number of classes that a model is made for."""

    channels: int
    height: int
    width: int
    classes: int

    @property
    def pixels(self) -> int:
        """Numbers in an image."""
        return self.channels * self.height * self.width


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A labelled image set on one device; labels run from 0 to classes - 1.

    Raises BadInputError where a split is empty, sizes differ or a label is out of range.
    """

    name: str
    classes: int
    train_images: UInt8[Tensor, "n c h w"]
    train_labels: Int64[Tensor, " n"]
    test_images: UInt8[Tensor, "m _ _ _"]
    test_labels: Int64[Tensor, " m"]

    def __post_init__(self) -> None:
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise BadInputError(
                f"{self.name}: training images of {tuple(self.train_images.shape[1:])} and test "
                f"images of {tuple(self.test_images.shape[1:])} came; give one size"
            )
        for split, labels in (("training", self.train_labels), ("test", self.test_labels)):
            if not len(labels):
                raise BadInputError(
                    f"{self.name}: the {split} set is empty; give at least an image"
                )
            low, high = int(labels.min()), int(labels.max())
            if low < 0 or high >= self.classes:
                raise BadInputError(
                    f"{self.name}: {split} labels run from {low} to {high}; "
                    f"give 0 to {self.classes - 1}"
                )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.train_images.shape[1:]
        return channels, height, width

    @property
    def inputs(self) -> Inputs:
        """What a model for this set takes and tells apart."""
        return Inputs(*self.shape, self.classes)

    def first(self, train: int, test: int) -> "ImageSet":
        """The set cut to its first training and test images."""
        return replace(
            self,
            train_images=self.train_images[:train],
            train_labels=self.train_labels[:train],
            test_images=self.test_images[:test],
            test_labels=self.test_labels[:test],
        )


def load_images(name: str, folder: Path | None, device: torch.device) -> ImageSet:
    """A set by name, loaded whole onto the device.

    Looked for in `folder`, else in the folder that ONESHOT_DATA names, then in the package (MNIST),
    then on the hub. Raises BadInputError for an unknown name, a damaged file, or where none has it.
    """
    if name not in SOURCES:
        raise BadInputError(f"data set {name!r} is unknown; give one of {', '.join(SOURCES)}")
    source = SOURCES[name]
    found = _from_folder(name, source, folder or _environment_folder())
    if found is None and name == "mnist":
        with as_file(files("oneshot.images") / "mnist") as shipped:
            found = _from_folder(name, source, shipped)
    train, test = found or _from_hub(name, source)
    tensors = [tensor.to(device) for tensor in (*train, *test)]
    return ImageSet(name, int(train[1].max()) + 1 if len(train[1]) else 1, *tensors)


def holdout(images: ImageSet, count: int, generator: torch.Generator) -> ImageSet:
    """The set with `count` random training images in the place of the test images.

    For every choice that is not the final measurement. Raises BadInputError unless some images
    are left on both sides.
    """
    total = len(images.train_labels)
    if not 0 < count < total:
        raise BadInputError(f"a holdout of {count} of {total} images came; leave some on each side")
    order = torch.randperm(total, generator=generator, device=generator.device)
    order = order.to(images.train_labels.device)
    held, kept = order[:count], order[count:]
    return replace(
        images,
        train_images=images.train_images[kept],
        train_labels=images.train_labels[kept],
        test_images=images.train_images[held],
        test_labels=images.train_labels[held],
    )


def channel_statistics(images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "2 c"]:
    """Mean and standard deviation of each channel, pixels scaled to 0..1, in fp32.

    Counts grey values, so that no float copy of the set is made and the result is exact.
    """
    levels = torch.arange(256, dtype=torch.float64) / 255
    rows = []
    for channel in images.unbind(1):
        share = torch.bincount(channel.flatten().int(), minlength=256).cpu().double()
        share /= share.sum()
        mean = share @ levels
        rows.append(torch.stack([mean, (share @ (levels - mean).square()).sqrt()]))
    return torch.stack(rows, dim=1).float().to(images.device)


def normalise(
    images: UInt8[Tensor, "n c h w"], mean_std: Float[Tensor, "2 c"]
) -> Float[Tensor, "n c h w"]:
    """Pixels scaled to 0..1, less the channel's mean, over its standard deviation."""
    mean, std = mean_std[:, None, :, None, None].unbind()
    return (images.float() / 255 - mean) / std.clamp_min(1e-6)


def random_flip(
    images: UInt8[Tensor, "n c h w"], generator: torch.Generator
) -> UInt8[Tensor, "n c h w"]:
    """Each image mirrored left to right with probability one half; generator on their device."""
    draw = torch.rand(len(images), generator=generator, device=images.device)
    return torch.where(draw[:, None, None, None] < 0.5, images.flip(3), images)


def random_crop(
    images: UInt8[Tensor, "n c h w"], padding: int, generator: torch.Generator
) -> UInt8[Tensor, "n c h w"]:
    """Each image shifted by up to `padding` pixels each way over a black border."""
    n, c, h, w = images.shape
    padded = torch.nn.functional.pad(images, (padding,) * 4)
    draw = torch.randint(2 * padding + 1, (2, n), generator=generator, device=images.device)
    rows = draw[0][:, None] + torch.arange(h, device=images.device)
    columns = draw[1][:, None] + torch.arange(w, device=images.device)
    sample = torch.arange(n, device=images.device)[:, None, None, None]
    channel = torch.arange(c, device=images.device)[:, None, None]
    shifted: Tensor = padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return shifted


def _environment_folder() -> Path | None:
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else None


_Split = tuple[Tensor, Tensor]


def _from_folder(name: str, source: HubSource, folder: Path | None) -> tuple[_Split, _Split] | None:
    if folder is None:
        return None
    if not folder.is_dir():
        raise BadInputError(f"the data folder {folder} does not exist; give one that does")
    for candidate in filter(None, (name, source.subset)):
        splits = [sheet_files(folder, candidate, split) for split in ("train", "test")]
        if all(splits):
            return read_sheets(splits[0]), read_sheets(splits[1])
    return None


def _from_hub(name: str, source: HubSource) -> tuple[_Split, _Split]:
    # Its import takes a second, and most runs need no hub.
    import datasets  # type: ignore[import-untyped]

    try:
        train = datasets.load_dataset(source.repository, split="train")
        test = datasets.load_dataset(source.repository, split=source.test)
    except Exception as error:  # the library raises a dozen kinds, none of them the user's concern
        raise BadInputError(
            f"{name} is not here: give --data (or {ENVIRONMENT}) a folder with "
            f"{name}_train.npz and {name}_test.npz, or a network connection to fetch "
            f"{source.repository} from the hub ({type(error).__name__})"
        ) from error
    return _tensors(train, source), _tensors(test, source)


def _tensors(split: Any, source: HubSource) -> _Split:
    mode = "L" if source.repository.endswith("mnist") else "RGB"
    pixels = np.stack([np.asarray(row[source.image].convert(mode)) for row in split])
    pixels = pixels.reshape(*pixels.shape[:3], -1).transpose(0, 3, 1, 2)
    labels = np.asarray([row[source.label] for row in split], dtype=np.int64)
    return torch.from_numpy(np.ascontiguousarray(pixels)), torch.from_numpy(labels)
