"""One block: convolutions, pooling and normalisation, and a head where the noised label joins late.

After the recipe of airbench94_muon (KellerJordan/cifar10-airbench): fixed whitening filters, groups
of two convolutions with one pooling, batch normalisation without scales, a linear head whose
products are made small.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from jaxtyping import Float
from torch import Tensor, nn

from oneshot.errors import BadInputError

NARROW, MIDDLE = 64, 256
"""Filters of the first and of the second stage; those of the third are a setting."""

PATCH, KERNEL, CELLS, SMALLEST = 2, 3, 2, 14
"""Sides of a whitening filter, of a filter, of a stage's pooled map, and of the smallest image."""

DAMPING = 5e-4
"""Added to the variances of patches, so that those of no variance are not blown up."""

SCALE = 1 / 9
"""What the head's products are times, which lets its weights learn at a high rate."""

NEW_SHARE = 0.4
"""The weight of a new batch in the running statistics."""


@dataclass(frozen=True)
class AirShape:
    """What blocks are made for: the size of images, the classes, the filters of each stage.

    `split`: each stage is a block of its own, with its own head. Raises BadInputError for images
    that the pooling would eat up.
    """

    channels: int
    height: int
    width: int
    classes: int
    filters: tuple[int, ...] = (NARROW, MIDDLE, MIDDLE)
    split: bool = False

    def __post_init__(self) -> None:
        if min(self.height, self.width) < SMALLEST:
            raise BadInputError(
                f"images of {self.height} x {self.width} pixels came; "
                f"give at least {SMALLEST} x {SMALLEST}"
            )

    @property
    def whitened(self) -> int:
        """Maps after whitening: each filter with both signs."""
        return 2 * self.channels * PATCH**2

    def stages(self, t: int) -> tuple[tuple[int, int], ...]:
        """The maps before and after each stage of block t, from 1."""
        pairs = tuple(zip((self.whitened, *self.filters[:-1]), self.filters, strict=True))
        return pairs[t - 1 : t] if self.split else pairs

    def block(
        self, t: int, whitening: Tensor, evidence: float, generator: torch.Generator
    ) -> "AirBlock":
        """A fresh block t."""
        return AirBlock(self, t, whitening, evidence, generator)

    def parameters(self, t: int) -> int:
        """The trained numbers in block t."""
        filters = torch.zeros(self.whitened, self.channels, PATCH, PATCH)
        block = AirBlock(self, t, filters, 0.0, torch.Generator())
        return sum(parameter.numel() for parameter in block.parameters())

    def cells(self, t: int) -> int:
        """The side of the pooled map that block t's head reads."""
        return CELLS if self.split and t < len(self.filters) else 1


class Bank(nn.Module):
    """Whatever has a `weight` that its optimiser makes orthogonal."""

    weight: nn.Parameter


class Filters(Bank):
    """A padded 3x3 convolution whose weight is the matrix that its optimiser makes orthogonal."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.before = before
        self.weight = nn.Parameter(torch.empty(after, KERNEL**2 * before))

    def reset(self, generator: torch.Generator) -> None:
        """At first a filter copies a map, and those that find no map of their own are random."""
        count = self.weight.shape[1]
        draw = torch.rand(self.weight.shape, generator=generator)
        weight = ((2 * draw - 1) / count**0.5).view(-1, KERNEL, KERNEL, self.before)
        copies = min(self.before, len(weight))
        weight[:copies] = 0
        middle = KERNEL // 2
        weight[:copies, middle, middle, :copies] = torch.eye(copies)
        self.weight.data.copy_(weight.view_as(self.weight))

    def forward(self, h: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """The filtered maps."""
        # A row in this order is channels-last, as the maps are.
        filters = self.weight.view(-1, KERNEL, KERNEL, self.before).permute(0, 3, 1, 2)
        return F.conv2d(h, filters.to(h.dtype), padding=KERNEL // 2)


class Whitening(nn.Module):
    """Fixed filters, which all blocks share, and a trained bias."""

    def __init__(self, filters: Float[Tensor, "d c 2 2"]) -> None:
        super().__init__()
        self.filters = filters
        self.bias = nn.Parameter(torch.zeros(len(filters)))

    def forward(self, h: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        """Whitened patches of both signs."""
        h = F.conv2d(h, self.filters.to(h.dtype), self.bias.to(h.dtype))
        return F.silu(h, inplace=True)


class Normalisation(nn.Module):
    """Batch normalisation with trained offsets and without scales."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(maps))
        self.scale: Tensor
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("scale", torch.ones(maps), persistent=False)
        self.register_buffer("running_mean", torch.zeros(maps))
        self.register_buffer("running_var", torch.ones(maps))

    def forward(self, h: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Each map less its mean, over its deviation, of the batch where training."""
        found = self.running_mean, self.running_var
        return F.batch_norm(h, *found, self.scale, self.bias, self.training, NEW_SHARE)


class Stage(nn.Module):
    """Two convolutions, the first one's maps pooled, each normalised."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first, self.second = Filters(before, after), Filters(after, after)
        self.first_norm, self.second_norm = Normalisation(after), Normalisation(after)

    def forward(self, h: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        """Maps of half the side."""
        h = F.silu(self.first_norm(F.max_pool2d(self.first(h), 2)), inplace=True)
        return F.silu(self.second_norm(self.second(h)), inplace=True)


class Head(nn.Module):
    """Scores of the classes: what the image says of them and what z says, added.

    Given the class, a noised label tells nothing of the image nor the image of it, so that what
    they say adds up; and what z = sqrt(ab) u + sqrt(1 - ab) e says is linear in z. `evidence`,
    sqrt(ab) / (1 - ab), is exact for one-hot labels: there the matrix begins.
    """

    def __init__(self, features: int, classes: int, cells: int, evidence: float) -> None:
        super().__init__()
        self.cells = cells
        self.weight = nn.Parameter(torch.empty(classes, features))
        self.label = nn.Parameter(evidence * torch.eye(classes))

    def reset(self, generator: torch.Generator) -> None:
        """Uniform within 1 / sqrt(features)."""
        draw = torch.rand(self.weight.shape, generator=generator)
        self.weight.data.copy_((2 * draw - 1) / self.weight.shape[1] ** 0.5)

    def code(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The image's features in fp32; one pass of the trunk serves every z."""
        return F.adaptive_max_pool2d(maps, self.cells).flatten(1).float()

    def forward(
        self, code: Float[Tensor, "n d"], z: Float[Tensor, "*k n classes"]
    ) -> Float[Tensor, "*k n classes"]:
        """Logits for one or several draws of z."""
        scores: Tensor = SCALE * F.linear(code, self.weight) + F.linear(z, self.label)
        return scores


class AirBlock(nn.Module):
    """Block t: its trunk and its head, drawn from a generator."""

    def __init__(
        self,
        shape: AirShape,
        t: int,
        whitening: Float[Tensor, "d c 2 2"],
        evidence: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        pairs = shape.stages(t)
        stages = [Stage(before, after) for before, after in pairs]
        first = [] if shape.split and t > 1 else [Whitening(whitening)]
        self.trunk = nn.Sequential(*first, *stages)
        features = pairs[-1][1] * shape.cells(t) ** 2
        self.head = Head(features, shape.classes, shape.cells(t), evidence)
        for module in self.modules():
            if isinstance(module, Filters | Head):
                module.reset(generator)


def whitening_filters(pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "d c 2 2"]:
    """Filters that make small patches of these images uncorrelated, each with both signs."""
    c = pixels.shape[1]
    patches = F.unfold(pixels, PATCH).transpose(1, 2).flatten(0, 1).double()
    values, directions = torch.linalg.eigh(torch.cov(patches.T))
    filters = (directions / (values + DAMPING).sqrt()).T.reshape(-1, c, PATCH, PATCH)
    return torch.cat([filters, -filters]).float()
