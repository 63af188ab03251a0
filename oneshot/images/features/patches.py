"""Features without gradients: whitened patches of the training images as filters, then pooling."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from jaxtyping import BFloat16, Float, UInt8
from torch import Tensor

from oneshot.core.precision import half_linear
from oneshot.errors import BadInputError

_SOFTENING = 10.0
"""Grey levels added to a patch's contrast, so that flat patches are not blown up."""


@dataclass(frozen=True)
class PatchSettings:
    """What the features of a block are; raises BadInputError for values out of range.

    `filters` patches of `size` x `size` pixels slide with `stride`; responses are averaged over
    bins of `bin` x `bin` positions and then over `cells` x `cells` overlapping windows. `mirror`
    averages an image's features with its mirror image's. `whitening` is added to the eigenvalues
    of the patches' covariance, `quiet` is the share of responses that the threshold silences,
    `sample` the number of patches that the statistics are taken from.
    """

    filters: int = 1024
    size: int = 6
    stride: int = 1
    bin: int = 3
    cells: int = 3
    mirror: bool = True
    whitening: float = 0.1
    quiet: float = 0.8
    sample: int = 200_000

    def __post_init__(self) -> None:
        counts = (self.filters, self.size, self.stride, self.bin, self.cells, self.sample)
        if min(counts) < 1 or self.whitening <= 0 or not 0 < self.quiet < 1:
            raise BadInputError(
                f"patch settings {self} came; give positive counts and whitening, "
                "and a quiet share between 0 and 1"
            )


@dataclass(frozen=True, eq=False)
class Filters:
    """Linear filters of patches: a response is patch . weights - offset, silent to a threshold."""

    weights: BFloat16[Tensor, "p f"]
    offsets: Float[Tensor, " f"]
    thresholds: Float[Tensor, " f"]

    def tensors(self, layer: str) -> dict[str, Tensor]:
        """What is saved, under the layer's name."""
        parts = ("weights", "offsets", "thresholds")
        return {f"{layer}.{name}": getattr(self, name) for name in parts}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], layer: str) -> "Filters":
        """The filters of what was saved; KeyError where a part is missing."""
        return cls(*(tensors[f"{layer}.{name}"] for name in ("weights", "offsets", "thresholds")))

    def excess(self, patches: BFloat16[Tensor, "*n p"]) -> BFloat16[Tensor, "*n maps"]:
        """By how much responses are above the thresholds, then by how much below."""
        return half_linear(patches, *self._signed).relu_()

    @cached_property
    def _signed(self) -> tuple[BFloat16[Tensor, "maps p"], BFloat16[Tensor, " maps"]]:
        """The filters of both signs as rows, and what is added to their products."""
        rows = torch.cat([self.weights, -self.weights], dim=1).T.contiguous()
        added = torch.cat([-self.offsets, self.offsets]) - self.thresholds.repeat(2)
        return rows, added.bfloat16()


@dataclass(frozen=True, eq=False)
class PatchBank:
    """Filters fitted on images; their patches are contrast-normalised."""

    filters: Filters
    settings: PatchSettings

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        return self.filters.tensors("first")

    def pooled(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """Square roots of the pooled excesses, d = 2 * filters * cells^2.

        Raises BadInputError where the images are too small.
        """
        total = window_means(self.bins(images), self.settings.cells)
        if self.settings.mirror:
            mirrored = window_means(self.bins(images.flip(3)), self.settings.cells)
            total = (total + mirrored) / 2
        return total.sqrt_().flatten(1)

    def bins(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n rows columns maps"]:
        """Mean excesses in each bin, those above the thresholds before those below."""
        patches = _patches(images, self.settings.size, self.settings.stride)
        return _binned(self.filters.excess(patches.bfloat16()), self.settings.bin).float()


def fit_bank(
    images: UInt8[Tensor, "n c h w"], settings: PatchSettings, generator: torch.Generator
) -> PatchBank:
    """A bank from random patches of the images, contrast-normalised and ZCA-whitened.

    Coates and Ng 2011; the generator lives on the images' device. Raises BadInputError where a
    patch or a bin of patches does not fit into an image or there are fewer patches than filters.
    """
    n, _, height, width = images.shape
    places = [_positions(side, settings.size, settings.stride) for side in (height, width)]
    if min(places) < settings.bin:
        raise BadInputError(
            f"bins of {settings.bin} patches came, and an image has {places[0]} x {places[1]} "
            "patches; give smaller bins, patches or strides"
        )
    per_image = places[0] * places[1]
    if n * per_image < settings.filters:
        raise BadInputError(
            f"{settings.filters} filters were asked of {n * per_image} patches; ask for fewer"
        )
    chosen = torch.randperm(n, generator=generator, device=images.device)
    chosen = chosen[: max(1, math.ceil(4 * settings.sample / per_image))]
    patches = _patches(images[chosen], settings.size, settings.stride).flatten(0, 2)
    order = torch.randperm(len(patches), generator=generator, device=images.device)
    patches = patches[order[: max(settings.sample, settings.filters)]]
    filters = whitened_filters(patches, settings.filters, settings.whitening, settings.quiet)
    # Patches have no mean; what rounding leaves of one in the weights is taken out.
    weights = filters.weights.float()
    return PatchBank(replace(filters, weights=(weights - weights.mean(0)).bfloat16()), settings)


def whitened_filters(
    patches: Float[Tensor, "n p"], count: int, whitening: float, quiet: float
) -> Filters:
    """The first patches as filters, both sides whitened (ZCA), each of norm 1 once whitened.

    `whitening` is added to the covariance's eigenvalues; thresholds silence the share `quiet` of
    the patches' responses.
    """
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov(patches.T))
    whiten = vectors * (values.clamp_min(0) + whitening).rsqrt() @ vectors.T
    directions = (patches[:count] - mean) @ whiten
    directions = directions / directions.norm(dim=1, keepdim=True).clamp_min(1e-6)
    weights = whiten @ directions.T
    offsets = mean @ weights
    responses = (patches[-20_000:] @ weights - offsets).abs()
    rank = max(1, round(quiet * len(responses)))
    return Filters(weights.bfloat16(), offsets, responses.kthvalue(rank, dim=0).values)


def window_means(
    bins: Float[Tensor, "n rows columns f"], cells: int
) -> Float[Tensor, "n cells cells f"]:
    """Means over cells x cells overlapping windows, which together cover the bins."""
    n, rows, columns, _ = bins.shape
    weights = _window_weights(rows, columns, cells, bins.device).to(bins.dtype)
    return (weights @ bins.flatten(1, 2)).view(n, cells, cells, -1)


def softened(
    patches: Float[Tensor, "*n p"], softening: float | Float[Tensor, ""]
) -> Float[Tensor, "*n p"]:
    """Patches over the root of their mean square, to which `softening` is added."""
    return patches / (patches.square().mean(-1, keepdim=True) + softening).sqrt()


def _positions(side: int, size: int, stride: int) -> int:
    if side < size:
        raise BadInputError(f"patches of {size} pixels were asked of images of {side}; go smaller")
    return (side - size) // stride + 1


def _patches(
    images: UInt8[Tensor, "n c h w"], size: int, stride: int
) -> Float[Tensor, "n rows columns p"]:
    """Contrast-normalised patches in the order row, column, channel."""
    windows = images.permute(0, 2, 3, 1).float().unfold(1, size, stride).unfold(2, size, stride)
    patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)
    return softened(patches - patches.mean(-1, keepdim=True), _SOFTENING**2)


def _binned(maps: Float[Tensor, "n r c f"], size: int) -> Float[Tensor, "n rows columns f"]:
    """Means over size x size positions; what is left over is cut off on all sides."""
    height, width = maps.shape[1:3]
    top, left = height % size // 2, width % size // 2
    inner = maps[:, top : height - height % size + top, left : width - width % size + left]
    return F.avg_pool2d(inner.permute(0, 3, 1, 2), size).permute(0, 2, 3, 1)


@cache
def _window_weights(
    rows: int, columns: int, cells: int, device: torch.device
) -> Float[Tensor, "windows places"]:
    return torch.kron(*(_windows(side, cells, device) for side in (rows, columns)))


def _windows(count: int, cells: int, device: torch.device) -> Float[Tensor, "cells count"]:
    """Each row the weights of one of `cells` overlapping windows, which together cover all."""
    width = min(count, math.ceil((count + 1) / cells))
    starts = [round(cell * (count - width) / max(cells - 1, 1)) for cell in range(cells)]
    places = torch.arange(count, device=device)
    inside = [(places >= start) & (places < start + width) for start in starts]
    return torch.stack(inside).float() / width
