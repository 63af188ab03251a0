"""Entity code: who is spoken of. A closed-form two-covariance metric per length of name.

With N the covariance of one name's code over wordings and B that between names which end in the
same token (the hard alternatives), the log-likelihood ratio "same name" against "other name" of
two codes is `offset - 0.5 |metric (a - b)|^2` (two-covariance PLDA on the difference); its natural
threshold is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from adapters.address.windows import MAX_WIDTH

NOISE_FLOOR = 0.02  # of the mean total variance, added to N
SMALLEST_GROUP = 3  # names that share their last token


@dataclass(frozen=True)
class EntityMetric:
    """Metric of one window size: `codes = window @ metric`, evidence `offset - |a-b|^2 / 2`."""

    metric: Float[Tensor, "size width rank"]
    offset: Float[Tensor, ""]


def within_covariance(
    first: Float[Tensor, "names window"], second: Float[Tensor, "names window"]
) -> Float[Tensor, "window window"]:
    """Covariance of a name's code between wordings, from two wordings of each name."""
    return torch.cov((first - second).T) / 2


def between_covariance(
    mean: Float[Tensor, "names window"],
    within: Float[Tensor, "window window"],
    last_token: Sequence[int],
) -> Float[Tensor, "window window"]:
    """Covariance between names that share their last token; all names where such are too few."""
    groups: dict[int, list[int]] = {}
    for row, token in enumerate(last_token):
        groups.setdefault(token, []).append(row)
    large = [g for g in groups.values() if len(g) >= SMALLEST_GROUP]
    freedom = sum(len(g) - 1 for g in large)
    if freedom < mean.shape[0] // 8:
        large, freedom = [list(range(mean.shape[0]))], mean.shape[0] - 1
    centred = torch.cat([mean[g] - mean[g].mean(0) for g in large])
    return centred.T @ centred / freedom - within / 2


def fit_metric(
    first: Float[Tensor, "names window"],
    second: Float[Tensor, "names window"],
    last_token: Sequence[int],
    size: int,
    rank: int,
) -> EntityMetric:
    """Fit from two wordings of each calibration name; keeps the `rank` most telling directions."""
    first, second = first.double(), second.double()
    within = within_covariance(first, second)
    between = between_covariance((first + second) / 2, within, last_token)
    values, vectors = torch.linalg.eigh(between)
    between = vectors @ torch.diag(values.clamp_min(0)) @ vectors.T
    floor = NOISE_FLOOR * (within + between).diagonal().mean()
    values, vectors = torch.linalg.eigh(within + floor * torch.eye(len(within)).to(within))
    whiten = vectors / values.clamp_min(1e-9).sqrt()
    ratios, rotation = torch.linalg.eigh(whiten.T @ between @ whiten)
    ratios, rotation = ratios.clamp_min(0)[-rank:], rotation[:, -rank:]
    gain = (0.5 - 1 / (2 + 2 * ratios)).clamp_min(0).sqrt()
    metric = (whiten @ rotation * gain).float().unflatten(0, (size, -1))
    return EntityMetric(metric, (0.5 * torch.log1p(ratios).sum()).float())


def last_token_of(ids: Int[Tensor, "batch seq"], position: Int[Tensor, " batch"]) -> list[int]:
    """The token that ends each name."""
    return [int(token) for token in ids[torch.arange(len(ids)), position]]


@dataclass(frozen=True)
class EntityTable:
    """Enrolled names of one window size: rows of codes and whose they are."""

    codes: Float[Tensor, "rows rank"]
    half_norm: Float[Tensor, " rows"]
    owner: Int[Tensor, " rows"]

    @classmethod
    def build(
        cls, codes: Float[Tensor, "rows rank"], owner: Int[Tensor, " rows"]
    ) -> "EntityTable":
        """Precompute the squared norms."""
        return cls(codes, codes.square().sum(1) / 2, owner)

    def evidence(
        self, query: Float[Tensor, "points rank"], offset: Float[Tensor, ""]
    ) -> Float[Tensor, "points rows"]:
        """Log-likelihood ratio of each query point against each enrolled row."""
        return (offset - query.square().sum(1, keepdim=True) / 2) + torch.addmm(
            -self.half_norm, query, self.codes.T
        )


SIZES = tuple(range(1, MAX_WIDTH + 1))
