"""Entity code: who is spoken of. A closed-form two-covariance metric per length of name.

With N the covariance of one name's code over wordings and B that between names, the log-likelihood
ratio "same name" against "other name" of two codes is `c - 0.5 |metric (a - b)|^2` (two-covariance
PLDA on the difference). B is the mean of the covariances between all names and between names that
share a token at one place (the hard alternatives), so that no part of a name is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from adapters.address.windows import MAX_WIDTH

SIZES = tuple(range(1, MAX_WIDTH + 1))
TOKEN_RANK = 128  # directions of one token's state that tell names apart best
NOISE_FLOOR = 0.02  # of the mean total variance, added to N
SMALLEST_GROUP = 3  # names that share a token at one place
LEAST_FREEDOM = 100  # degrees of freedom below which such groups say too little
MARGIN = 0.35  # of c: the threshold on the evidence, against names that differ in little


@dataclass(frozen=True)
class EntityMetric:
    """Metric of one window size: `codes = window @ metric`, evidence `offset - |a-b|^2 / 2`.

    The offset is c less the margin, so that evidence above 0 counts as the same name.
    """

    metric: Float[Tensor, "size width rank"]
    offset: Float[Tensor, ""]

    def code(self, windows: Float[Tensor, "*points window"]) -> Float[Tensor, "*points rank"]:
        """Codes of windows at least as wide as the metric, latest token first."""
        flat = self.metric.flatten(0, 1)
        return windows[..., : len(flat)] @ flat


def fit_token_map(
    first: Float[Tensor, "tokens width"], second: Float[Tensor, "tokens width"]
) -> Float[Tensor, "width rank"]:
    """The directions of a token's state with most variance between tokens over that between
    wordings, from the same tokens in two wordings (linear discriminant analysis).
    """
    first, second = first.double(), second.double()
    within = torch.cov((first - second).T) / 2
    between = torch.cov(((first + second) / 2).T) - within / 2
    whiten = _whitening(within, between)
    _, rotation = torch.linalg.eigh(whiten.T @ between @ whiten)
    token_map: Tensor = whiten @ rotation[:, -TOKEN_RANK:]
    return token_map


def fit_metric(
    first: Float[Tensor, "names size width"],
    second: Float[Tensor, "names size width"],
    tokens: Int[Tensor, "names size"],
    token_map: Float[Tensor, "width reduced"],
    rank: int,
) -> EntityMetric:
    """Fit from two wordings of each calibration name; keeps the `rank` most telling directions."""
    a, b = ((part.double() @ token_map).flatten(1) for part in (first, second))
    within = torch.cov((a - b).T) / 2
    between = _positive(_between((a + b) / 2, tokens) - within / 2)
    whiten = _whitening(within, between)
    ratios, rotation = torch.linalg.eigh(whiten.T @ between @ whiten)
    ratios, rotation = ratios.clamp_min(0)[-rank:], rotation[:, -rank:]
    gain = (0.5 - 1 / (2 + 2 * ratios)).clamp_min(0).sqrt()
    metric = (whiten @ rotation * gain).unflatten(0, (tokens.shape[1], -1))
    offset = (1 - MARGIN) * 0.5 * torch.log1p(ratios).sum()
    return EntityMetric((token_map @ metric).float(), offset.float())


def _between(
    means: Float[Tensor, "names window"], tokens: Int[Tensor, "names size"]
) -> Float[Tensor, "window window"]:
    """Mean covariance between names: all, and those with one token in common, place by place."""
    parts = [torch.cov(means.T)]
    for place in range(tokens.shape[1]):
        groups = _groups(tokens[:, place].tolist())
        freedom = sum(len(g) - 1 for g in groups)
        if freedom >= LEAST_FREEDOM:
            centred = torch.cat([means[g] - means[g].mean(0) for g in groups])
            parts.append(centred.T @ centred / freedom)
    return torch.stack(parts).mean(0)


def _groups(labels: Sequence[int]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        groups.setdefault(label, []).append(row)
    return [g for g in groups.values() if len(g) >= SMALLEST_GROUP]


def _whitening(within: Tensor, between: Tensor) -> Tensor:
    floor = NOISE_FLOOR * (within + between).diagonal().mean()
    values, vectors = torch.linalg.eigh(within + floor * torch.eye(len(within)).to(within))
    whiten: Tensor = vectors / values.clamp_min(1e-9).sqrt()
    return whiten


def _positive(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    positive: Tensor = vectors @ torch.diag(values.clamp_min(0)) @ vectors.T
    return positive


@dataclass(frozen=True)
class EntityTable:
    """Enrolled names of one window size: whose they are, and columns that give evidence at once.

    Evidence `offset - |q - code|^2 / 2` is the product of `[q, 1, offset - |q|^2 / 2]` with a
    name's column `[code, -|code|^2 / 2, 1]`.
    """

    columns: Float[Tensor, "rank_and_2 rows"]
    owner: Int[Tensor, " rows"]

    @classmethod
    def build(cls, codes: Float[Tensor, "rows rank"], owner: Int[Tensor, " rows"]) -> "EntityTable":
        """Precompute the columns."""
        half_norm = codes.square().sum(1, keepdim=True) / 2
        return cls(torch.cat([codes, -half_norm, torch.ones_like(half_norm)], 1).T, owner)

    def evidence(
        self, query: Float[Tensor, "points rank"], offset: Tensor
    ) -> Float[Tensor, "points rows"]:
        """Log-likelihood ratio of every enrolled name at every point."""
        rest = offset - query.square().sum(1, keepdim=True) / 2
        return torch.cat([query, torch.ones_like(rest), rest], 1) @ self.columns
