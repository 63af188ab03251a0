"""Relation code: what is asked of a name, as a vector, and how likely two of them ask the same.

A code is read off one stretch of text with a name in it: the states of its last token at some
layers, and the mean states of its words outside the name at others. A linear map (two-covariance
PLDA over the wordings of many relations) takes them to a space in which wordings of one relation
have unit covariance and relations a diagonal one, so that the log-likelihood ratio "one relation"
against "two" is a sum over directions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

FLOOR = 0.1  # of the mean variance, added to the covariance within relations


@dataclass(frozen=True)
class RelationMetric:
    """Linear maps of last states and of words' states into one space, layer by layer.

    `between` is the relations' variance in each direction, where wordings of one have variance 1.
    """

    last: Float[Tensor, "layers width rank"]
    words: Float[Tensor, "word_layers width rank"]
    centre: Float[Tensor, " rank"]
    between: Float[Tensor, " rank"]

    def to(self, device: torch.device) -> "RelationMetric":
        """The same on a device."""
        return RelationMetric(**{name: part.to(device) for name, part in vars(self).items()})

    def of_last(self, states: Sequence[Float[Tensor, "*n width"]]) -> Float[Tensor, "*n rank"]:
        """What a position adds to a code that is read there."""
        return _mapped(states, self.last) - self.centre

    def of_end(self, states: Sequence[Float[Tensor, "*n width"]]) -> Float[Tensor, "*n rank"]:
        """What the end of a frame adds: its layers come behind those of a window's last token."""
        return _mapped(states, self.last[len(self.last) - len(states) :])

    def of_words(self, states: Sequence[Float[Tensor, "*n width"]]) -> Float[Tensor, "*n rank"]:
        """What a word adds to the mean that a code takes over words."""
        return _mapped(states, self.words)

    def ratio(
        self, query: Float[Tensor, "n rank"], other: Float[Tensor, "m rank"]
    ) -> Float[Tensor, "n m"]:
        """log p(both | one relation) - log p(both | two relations), in nats."""
        total = self.between + 1
        determinant = total.square() - self.between.square()
        square = -0.5 * (total / determinant - 1 / total)
        constant = -0.5 * (determinant.log() - 2 * total.log()).sum()
        cross = (query * (self.between / determinant)) @ other.T
        return query.square() @ square[:, None] + other.square() @ square + cross + constant

    def ratio_to_all(
        self, query: Float[Tensor, "n rank"], others: Float[Tensor, "count rank"]
    ) -> Float[Tensor, " n"]:
        """The same in nats, where the query asks what all of `others` together ask.

        Their mean tells more of the relation than any of them: its variance falls with their count.
        """
        count = len(others)
        left = self.between / (count * self.between + 1)  # of the relation, when others are known
        mean, apart, alone = others.mean(0) * count * left, left + 1, self.between + 1
        constant = 0.5 * (alone.log() - apart.log()).sum()
        likely = (query.square() / alone - (query - mean).square() / apart).sum(1)
        return constant + 0.5 * likely


def _mapped(states: Sequence[Tensor], maps: Tensor) -> Tensor:
    parts = [s.to(maps.dtype) @ m for s, m in zip(states, maps[: len(states)], strict=True)]
    return torch.stack(parts).sum(0)


def fit_metric(
    last: Float[Tensor, "n layers width"],
    words: Float[Tensor, "n word_layers width"],
    relation: Int[Tensor, " n"],
    rank: int,
) -> RelationMetric:
    """Fit from readings of wordings, each with its relation's number; all in closed form."""
    parts = torch.cat([last, words], 1).double()
    deviation = parts.std((0, 2))
    flat = (parts / deviation[None, :, None]).flatten(1)
    mean, space, between = _plda(flat, relation, rank)
    maps = space.unflatten(0, (parts.shape[1], -1)) / deviation[:, None, None]
    layers = last.shape[1]
    return RelationMetric(
        maps[:layers].float(), maps[layers:].float(), (mean @ space).float(), between.float()
    )


def _plda(x: Tensor, relation: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """The mean, the map to the space, and the variance between relations there, largest first."""
    mean = x.mean(0)
    x = x - mean
    count = torch.bincount(relation).double()
    means = torch.zeros(len(count), x.shape[1], dtype=x.dtype).index_add_(0, relation, x)
    means = means / count[:, None]
    rest = (x - means[relation]).float()  # half the time: what is lost is far below the floor
    within = (rest.T @ rest).double() / (len(x) - len(count))
    between = means.T @ means / len(count) - within / count.mean()
    within.diagonal().add_(FLOOR * within.diagonal().mean())
    root = torch.linalg.cholesky(within)
    part = torch.linalg.solve_triangular(root, between, upper=False)
    whole = torch.linalg.solve_triangular(root, part.T.contiguous(), upper=False)
    values, rotation = torch.linalg.eigh(whole)
    largest = rotation.flip(1)[:, :rank].contiguous()
    space = torch.linalg.solve_triangular(root.T.contiguous(), largest, upper=True)
    return mean, space, values.flip(0)[:rank].clamp_min(0)
