"""The paper's block, written as it reads: the reference that the stacked blocks are held to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from oneshot.errors import BadInputError

WIDTH, NARROW, TIME = 256, 128, 64
"""Widths of the hidden layers, of the last hidden layer, and of the time embedding."""

KEPT = 205 / 256
"""The share of features that dropout keeps: 0.8 to the precision of one random byte."""

KERNEL, POOL, SMALLEST, LARGE = 3, 2, 14, 64
"""Sides of a filter and of a pooling window; the smallest image; one with a fourth convolution."""


@dataclass(frozen=True)
class BlockShape:
    """What a block is made for: image size, label embedding size and number of classes.

    `image_labels`: z is an image and passes convolutions of its own (prototype embeddings).
    `timed`: the continuous variant, with a time input and no batch normalisation.
    Raises BadInputError for images below 14 pixels, which the convolutions would eat up.
    """

    channels: int
    height: int
    width: int
    classes: int
    embedding: int
    image_labels: bool = False
    timed: bool = False

    def __post_init__(self) -> None:
        if min(self.height, self.width) < SMALLEST:
            raise BadInputError(
                f"images of {self.height} x {self.width} pixels came; "
                f"give at least {SMALLEST} x {SMALLEST}"
            )

    @property
    def filters(self) -> tuple[int, ...]:
        """Filters of each convolution; images of 64 pixels and more have a fourth one."""
        large = min(self.height, self.width) >= LARGE
        return (32, 64, 128, 256) if large else (32, 64, 128)

    @property
    def pooled(self) -> tuple[bool, ...]:
        """Which convolutions are followed by pooling: all but the second."""
        return tuple(layer != 1 for layer in range(len(self.filters)))

    def sides(self, side: int) -> list[int]:
        """The side after each convolution and its pooling, for images of that side."""
        found = []
        for pooled in self.pooled:
            side = (side - KERNEL + 1) // (POOL if pooled else 1)
            found.append(side)
        return found

    def used(self, side: int) -> int:
        """The pixels along a side that reach the output; pooling drops odd rows and columns."""
        left = self.sides(side)[-1]
        for pooled in reversed(self.pooled):
            left = left * (POOL if pooled else 1) + KERNEL - 1
        return left

    @property
    def features(self) -> int:
        """Numbers that the last convolution leaves of an image."""
        return self.filters[-1] * self.sides(self.height)[-1] * self.sides(self.width)[-1]


class Trunk(nn.Module):
    """Unpadded 3x3 convolutions with ReLU, pooling and dropout, then a linear layer of 256."""

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        before = (shape.channels, *shape.filters[:-1])
        pairs = zip(before, shape.filters, strict=True)
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, KERNEL) for i, o in pairs)
        self.linear = nn.Linear(shape.features, WIDTH)
        self.norm = None if shape.timed else nn.BatchNorm1d(WIDTH)
        self.pooled = shape.pooled

    def forward(
        self, images: Float[Tensor, "n c h w"], keep: Sequence[Bool[Tensor, "n _ _ _"]] | None
    ) -> Float[Tensor, "n 256"]:
        """The image's features; `keep` holds the dropout masks, None switches dropout off."""
        h: Tensor = images
        for layer, (convolution, pooled) in enumerate(
            zip(self.convolutions, self.pooled, strict=True)
        ):
            h = convolution(h).relu()
            h = nn.functional.max_pool2d(h, POOL) if pooled else h
            h = h if keep is None else h * keep[layer] / KEPT
        code: Tensor = self.linear(h.flatten(1))
        if self.norm is None:
            return code
        normed: Tensor = self.norm(code)
        return normed


class DenseLabel(nn.Module):
    """z through a linear layer and a residual pair of them (one plain layer when timed)."""

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        self.linear = nn.Linear(shape.embedding, WIDTH)
        self.residual = not shape.timed
        if self.residual:
            self.norm = nn.BatchNorm1d(WIDTH)
            self.first, self.first_norm = nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH)
            self.second, self.second_norm = nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH)

    def forward(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n 256"]:
        """The features of a noised label embedding."""
        h: Tensor = self.linear(z)
        if not self.residual:
            return h.relu()
        h = self.norm(h).relu()
        inner = self.first_norm(self.first(h)).relu()
        step: Tensor = self.second_norm(self.second(inner))
        return h + step


class Block(nn.Module):
    """One denoiser u_hat(z, x): scores of the classes from a noised label embedding and an image.

    Figures 5 and 6 and table 4 of arXiv 2503.24322, with unpadded convolutions, which give its
    parameter counts.
    """

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        self.shape = shape
        self.image = Trunk(shape)
        self.label = Trunk(shape) if shape.image_labels else DenseLabel(shape)
        if shape.timed:
            self.time = nn.Linear(TIME, WIDTH)
        self.joint = nn.Linear((3 if shape.timed else 2) * WIDTH, WIDTH)
        self.narrow = nn.Linear(WIDTH, NARROW)
        self.out = nn.Linear(NARROW, shape.classes)
        self.joint_norm = None if shape.timed else nn.BatchNorm1d(WIDTH)
        self.narrow_norm = None if shape.timed else nn.BatchNorm1d(NARROW)

    def forward(
        self,
        images: Float[Tensor, "n c h w"],
        z: Float[Tensor, "n d"],
        keep: Sequence[Bool[Tensor, "n _ _ _"]] | None = None,
        t: Float[Tensor, " n"] | None = None,
    ) -> Float[Tensor, "n classes"]:
        """Logits; `keep` holds the masks of the image's trunk, then those of an image label's."""
        layers = len(self.shape.filters)
        parts = [self.image(images, keep and keep[:layers]), self._label(z, keep and keep[layers:])]
        if t is not None:
            parts.append(self.time(time_embedding(t)).relu())
        h = self.joint(torch.cat(parts, 1))
        h = (h if self.joint_norm is None else self.joint_norm(h)).relu()
        h = self.narrow(h)
        h = (h if self.narrow_norm is None else self.narrow_norm(h)).relu()
        logits: Tensor = self.out(h)
        return logits

    def _label(self, z: Tensor, keep: Sequence[Tensor] | None) -> Tensor:
        shape = self.shape
        parts: tuple[Tensor | Sequence[Tensor] | None, ...] = (z,)
        if shape.image_labels:
            parts = (z.view(len(z), shape.channels, shape.height, shape.width), keep)
        code: Tensor = self.label(*parts)
        return code


def time_embedding(t: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch 64"]:
    """Sines and cosines of t in 0..1 at 32 frequencies from 1 to 1000 radians per unit of t."""
    half = TIME // 2
    steps = torch.arange(half, device=t.device, dtype=torch.float32) / (half - 1)
    angles = t[..., None] * torch.exp(steps * math.log(1000.0))
    return torch.cat([angles.sin(), angles.cos()], -1)


def parameters_per_block(shape: BlockShape) -> int:
    """The number of trained numbers in one block."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in Block(shape).parameters())


def fresh_state(shape: BlockShape, generator: torch.Generator) -> dict[str, Tensor]:
    """A block's initial parameters and running statistics by their names in `Block`, on the CPU.

    Weights and biases are uniform within 1/sqrt(inputs of the layer), normalisation starts as the
    identity; equal generators give equal blocks whatever else was drawn before.
    """
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in Block(shape).state_dict().items()}
    state: dict[str, Tensor] = {}
    for name, size in shapes.items():
        layer, _, kind = name.rpartition(".")
        if kind == "num_batches_tracked":
            continue
        if f"{layer}.running_var" in shapes:
            fill = 1.0 if kind in ("weight", "running_var") else 0.0
            state[name] = torch.full(size, fill)
        else:
            bound = math.prod(shapes[f"{layer}.weight"][1:]) ** -0.5
            draw = torch.rand(size, generator=generator)
            state[name] = (2 * draw - 1) * bound
    return state
