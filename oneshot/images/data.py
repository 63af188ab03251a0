"""Labelled image sets, each in a few tensors, and what is done to their pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.errors import BadInputError

GREY = 128
"""What stands in the place of hidden pixels."""


@dataclass(frozen=True)
class Inputs:
    """The size of the images and the number of classes that a model is made for."""

    channels: int
    height: int
    width: int
    classes: int
    names: Sequence[str] = ()
    """Of the classes; none where the model is of a version that did not keep them."""

    def __post_init__(self) -> None:
        # JSON has lists only.
        object.__setattr__(self, "names", tuple(self.names))

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
    names: tuple[str, ...] = ()
    found: str = ""
    """Where it was found, in words."""
    remarks: tuple[str, ...] = ()
    """What was left out of it, and why."""

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
        return Inputs(*self.shape, self.classes, self.names)

    def first(self, train: int, test: int) -> "ImageSet":
        """The set cut to its first training and test images."""
        return replace(
            self,
            train_images=self.train_images[:train],
            train_labels=self.train_labels[:train],
            test_images=self.test_images[:test],
            test_labels=self.test_labels[:test],
        )


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
    """Each image shifted by up to `padding` pixels each way; what comes in is its reflection."""
    n, c, h, w = images.shape
    draw = torch.randint(2 * padding + 1, (2, n), generator=generator, device=images.device)
    rows, columns = (
        _reflected(shifts[:, None] + torch.arange(side, device=images.device) - padding, side)
        for shifts, side in zip(draw, (h, w), strict=True)
    )
    sample = torch.arange(n, device=images.device)[:, None, None, None]
    channel = torch.arange(c, device=images.device)[:, None, None]
    shifted: Tensor = images[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]
    return shifted


def random_cutout(
    images: UInt8[Tensor, "n c h w"], side: int, generator: torch.Generator
) -> UInt8[Tensor, "n c h w"]:
    """Each image with a square inside it of `side` pixels in grey; generator on their device."""
    n, _, *sides = images.shape
    draw = torch.rand(2, n, generator=generator, device=images.device)
    hidden = []
    for share, whole in zip(draw, sides, strict=True):
        start = (share * (whole - side + 1)).long()[:, None]
        places = torch.arange(whole, device=images.device)
        hidden.append((places >= start) & (places < start + side))
    square = hidden[0][:, None, :, None] & hidden[1][:, None, None, :]
    return images.masked_fill(square, GREY)


def _reflected(places: Tensor, side: int) -> Tensor:
    """Places along a side, those outside mirrored at its first and last pixel."""
    return (side - 1) - ((side - 1) - places.abs()).abs()
