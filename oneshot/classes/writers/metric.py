"""The metric of a host's features: where classes differ, how much examples of one class do."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int8, Int64
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.features.integers import LEVELS

ROWS = 64
"""Examples carried over at a time, always as many: a row's bits do not depend on the others."""

WIDTH = 1728
"""Coordinates at most, a byte each of an example; as many as the packaged image host's features."""

LARGEST = 127
"""Steps of a code, which int8 holds: five deviations."""

_SOFTENING = 10.0
"""Times the mean variance is added to each principal one, so that quiet ones stay quiet."""

_WITHIN = 3.0
"""Times the mean variance inside classes is added to each. New classes vary where base classes do
not; one example of them is then trusted less. How sure scores are is calibrated afterwards."""

_UNSEEN = 0.6
"""Share of the variance between classes that is taken to lie as the variance inside them does:
new classes also differ in directions in which the base classes do not."""


@dataclass(frozen=True, eq=False)
class Metric:
    """Carries raw features into coordinates of variance 1 that are independent given the class.

    A class's mean is N(0, 1 - within) and its examples are N(mean, within), a coordinate each: the
    two-covariance model of probabilistic linear discriminant analysis (Ioffe 2006; Brummer and de
    Villiers 2010), estimated in closed form on base classes. `within` is fp64, the others fp32.
    """

    centre: Float[Tensor, " raw"]
    transform: Float[Tensor, "raw width"]
    within: Float[Tensor, " width"]

    @property
    def width(self) -> int:
        """The number of coordinates."""
        return len(self.within)

    @cached_property
    def raw_squares(self) -> tuple[Float[Tensor, "width width"], Float[Tensor, "width width"]]:
        """What the squares of raw features' weights are in the coordinates, and its inverse."""
        transform = self.transform.double()
        raw = transform.T @ transform
        return raw, torch.linalg.inv(raw)

    def coordinates(self, features: Float[Tensor, "n raw"]) -> Float[Tensor, "n width"]:
        """The coordinates in fp64, no further out than codes reach.

        What is asked is then judged as what was taught. BadInputError for features of another width
        or not finite.
        """
        if features.ndim != 2 or features.shape[1] != len(self.centre):
            raise BadInputError(
                f"features of shape {tuple(features.shape)} came; give [n, {len(self.centre)}]"
            )
        if not bool(torch.isfinite(features).all()):
            raise BadInputError("features with NaN or infinity came; check host and example")
        found = torch.empty(len(features), self.width, dtype=torch.float64)
        for start, block in _blocks(features.detach().cpu().float() - self.centre):
            part = found[start : start + ROWS]
            part.copy_((block @ self.transform)[: len(part)])
        return found.clamp_(-LARGEST / LEVELS, LARGEST / LEVELS)

    def codes(self, features: Float[Tensor, "n raw"]) -> Int8[Tensor, "n width"]:
        """The coordinates in steps of 1 / LEVELS."""
        return (self.coordinates(features) * LEVELS).round_().to(torch.int8)

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        return {"centre": self.centre, "transform": self.transform, "within": self.within}


def fit_metric(
    features: Float[Tensor, "n raw"], labels: Int64[Tensor, " n"], width: int = WIDTH
) -> Metric:
    """The metric of base classes, in at most `width` coordinates; unequal sizes are allowed.

    The principal components are whitened first. Raises BadInputError for fewer than two classes
    or no class of two examples.
    """
    classes, index = labels.unique(return_inverse=True)
    counts = torch.bincount(index).double()
    if len(classes) < 2 or len(labels) == len(classes):
        raise BadInputError(
            f"{len(labels)} base examples of {len(classes)} classes came; "
            "give at least two classes, some with two examples"
        )
    raw = features.detach().cpu().double()
    means = torch.zeros(len(classes), raw.shape[1], dtype=torch.float64)
    means.index_add_(0, index, raw).div_(counts[:, None])
    centre = means.mean(0)
    whiten = _whitening(raw - centre, width)
    means = (means - centre) @ whiten
    left = (raw - centre) @ whiten - means[index]
    within = left.T @ left / (len(labels) - len(classes))
    between = torch.cov(means.T).reshape(within.shape) - within * (1 / counts).mean()
    rotate, ratios = _diagonalised(within, between)
    transform = whiten @ rotate / (1 + ratios).sqrt()
    return Metric(centre.float(), transform.float().contiguous(), 1 / (1 + ratios))


def _blocks(rows: Tensor) -> Iterator[tuple[int, Tensor]]:
    """ROWS rows at a time, the last ones filled up with zeros."""
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        filled = torch.zeros(ROWS, rows.shape[1], dtype=rows.dtype)
        filled[: len(part)] = part
        yield start, filled


def _whitening(centred: Tensor, width: int) -> Tensor:
    """Principal components [raw, width], scaled to variance 1 or less."""
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    kept = min(width, len(values), max(8, len(centred) // 2 // 8 * 8))
    values, vectors = values[-kept:].clamp_min(0), vectors[:, -kept:]
    softened = values + _SOFTENING * values.mean() + torch.finfo(torch.float32).tiny
    root: Tensor = vectors * softened.rsqrt()
    return root


def _diagonalised(within: Tensor, between: Tensor) -> tuple[Tensor, Tensor]:
    """The rotation that makes `within` the identity and `between` diagonal, and its diagonal."""
    size = len(within)
    mean = within.trace() / size
    within = within + _WITHIN * mean * torch.eye(size, dtype=within.dtype)
    share = (between.trace() / within.trace()).clamp_min(0.01)
    between = (1 - _UNSEEN) * between + _UNSEEN * share * within
    values, vectors = torch.linalg.eigh(within)
    inverse_root = vectors * values.rsqrt() @ vectors.T
    ratios, axes = torch.linalg.eigh(inverse_root @ between @ inverse_root)
    return inverse_root @ axes, ratios.clamp_min(0.1 * float(share))
