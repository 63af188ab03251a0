"""Features without gradients: whitened patches of the training images as filters, then pooling."""

import math
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import ParamSpec, TypeVar

import torch
from jaxtyping import BFloat16, Float, UInt8
from torch import Tensor

from oneshot.errors import BadInputError

_P = ParamSpec("_P")
_R = TypeVar("_R")

_SOFTENING = 10.0
"""Grey levels added to a patch's contrast, so that flat patches are not blown up."""

_MIDDLE = 128
"""Pixels less this are exact in bf16 and keep the products small."""


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

    @property
    def bounds(self) -> tuple[Float[Tensor, " f"], Float[Tensor, " f"]]:
        """The products above and below which a filter is not silent."""
        return self.offsets + self.thresholds, self.offsets - self.thresholds


@dataclass(frozen=True, eq=False)
class PatchBank:
    """Filters fitted on images; their patches are contrast-normalised."""

    filters: Filters
    settings: PatchSettings

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        return self.filters.tensors("first")

    def pooled(self, images: UInt8[Tensor, "n c h w"], fused: bool) -> Float[Tensor, "n d"]:
        """Square roots of the pooled rectified responses, d = 2 * filters * cells^2.

        `fused` compiles the element-wise part, which needs a C++ compiler and pays above some
        ten thousand images. Raises BadInputError where the images are too small.
        """
        total = window_means(self.bins(images, fused), self.settings.cells)
        if self.settings.mirror:
            mirrored = window_means(self.bins(images.flip(3), fused), self.settings.cells)
            total = (total + mirrored) / 2
        return total.sqrt_().flatten(1)

    def bins(
        self, images: UInt8[Tensor, "n c h w"], fused: bool
    ) -> Float[Tensor, "n rows columns maps"]:
        """Mean rectified responses in each bin, those above the threshold before those below."""
        gather = _compiled(_gather) if fused else _gather
        rectify = _compiled(_rectify) if fused else _rectify
        patches, contrast = gather(_channels_last(images), self.settings.size, self.settings.stride)
        products = (patches @ self.filters.weights).view(*contrast.shape, -1)
        return rectify(products, contrast, *self.filters.bounds, self.settings.bin).float()


def fit_bank(
    images: UInt8[Tensor, "n c h w"], settings: PatchSettings, generator: torch.Generator
) -> PatchBank:
    """A bank from random patches of the images, contrast-normalised and ZCA-whitened.

    Coates and Ng 2011; the generator lives on the images' device. Raises BadInputError where a
    patch does not fit into an image or there are fewer patches than filters.
    """
    n, _, height, width = images.shape
    places = [_positions(side, settings.size, settings.stride) for side in (height, width)]
    per_image = places[0] * places[1]
    if n * per_image < settings.filters:
        raise BadInputError(
            f"{settings.filters} filters were asked of {n * per_image} patches; ask for fewer"
        )
    chosen = torch.randperm(n, generator=generator, device=images.device)
    chosen = chosen[: max(1, math.ceil(4 * settings.sample / per_image))]
    gathered, contrast = _gather(_channels_last(images[chosen]), settings.size, settings.stride)
    order = torch.randperm(len(gathered), generator=generator, device=images.device)
    order = order[: max(settings.sample, settings.filters)]
    patches = gathered[order].float()
    patches = (patches - patches.mean(1, keepdim=True)) / contrast.flatten()[order, None]
    filters = whitened_filters(patches, settings.filters, settings.whitening, settings.quiet)
    # Patches enter the products with their mean; weights that sum to zero take it out.
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
    return _window_means(_window_means(bins, 1, cells), 2, cells)


def _positions(side: int, size: int, stride: int) -> int:
    if side < size:
        raise BadInputError(f"patches of {size} pixels were asked of images of {side}; go smaller")
    return (side - size) // stride + 1


def _channels_last(images: Tensor) -> Tensor:
    return images.permute(0, 2, 3, 1).contiguous()


def _gather(images: Tensor, size: int, stride: int) -> tuple[Tensor, Tensor]:
    """Patches as bf16 rows in the order row, column, channel, and their softened contrast."""
    centred = images.to(torch.int16) - _MIDDLE
    windows = centred.bfloat16().unfold(1, size, stride).unfold(2, size, stride)
    patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)
    contrast = (patches.float().var(-1, correction=0) + _SOFTENING**2).sqrt()
    return patches.flatten(0, 2), contrast


def _rectify(products: Tensor, contrast: Tensor, high: Tensor, low: Tensor, size: int) -> Tensor:
    """Mean excess above and below the thresholds in each bin, [n, bins, bins, 2f] in bf16."""
    height, width = products.shape[1:3]
    rows, columns = height // size, width // size
    top, left = (height - rows * size) // 2, (width - columns * size) // 2
    above = below = torch.zeros((), device=products.device)
    for i in range(size):
        for j in range(size):
            across = slice(left + j, left + j + columns * size - size + 1, size)
            down = slice(top + i, top + i + rows * size - size + 1, size)
            response = products[:, down, across].float() / contrast[:, down, across, None]
            above = above + (response - high).relu()
            below = below + (low - response).relu()
    return torch.cat([above.bfloat16(), below.bfloat16()], dim=3) / size**2


def check_compiler() -> None:
    """BadInputError where `fused` cannot be: it compiles, which only training ever needs."""
    name = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(name) is None:
        raise BadInputError(
            f"fused came, which needs a C++ compiler, and {name} is not here; leave fused out: it "
            "is slower, and nothing else changes"
        )


@cache
def _compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    return torch.compile(function, dynamic=False)


def _window_means(bins: Tensor, dim: int, cells: int) -> Tensor:
    """Means over `cells` overlapping windows of one dimension, which together cover it."""
    count = bins.shape[dim]
    width = min(count, math.ceil((count + 1) / cells))
    starts = [round(cell * (count - width) / max(cells - 1, 1)) for cell in range(cells)]
    return torch.stack([bins.narrow(dim, start, width).mean(dim) for start in starts], dim=dim)
