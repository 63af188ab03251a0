"""A chain of blocks on the taught examples: the writer that tells confusable classes apart best."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.classes.writers.metric import Metric
from oneshot.classes.writers.ridge import STRENGTH, RidgeWriter
from oneshot.classes.writers.tallied import Codes
from oneshot.core.residual import residual_blocks
from oneshot.images.features.integers import LEVELS

BLOCKS = 20

DAMPING = 1.0
"""The ridge of each block, on weights of the raw features, in their mean variance."""

_ROWS = 4096
"""Examples multiplied at a time."""


@dataclass(frozen=True, eq=False)
class Chain:
    """The sum of all blocks: z_T = x @ read + bias, the label's log-probabilities."""

    read: Float[Tensor, "width classes"]
    bias: Float[Tensor, " classes"]


class ResidualWriter(RidgeWriter):
    """A ridge whose blocks go on from one another, each fitted on what z_{t-1} leaves of labels.

    Block t is one least-squares fit, in closed form with a factor that all share, of the label's
    one-hot vector less softmax(z_{t-1}). How sure it is that an example is of a taught class at all
    stays the ridge's; the chain says which. It takes the place of a linear probe that is trained on
    everything at once, and passes through all examples at each block, in an order of their own, so
    that the weights are a function of the set.
    """

    def __init__(self, metric: Metric, strength: float = STRENGTH) -> None:
        super().__init__(metric, strength)
        self._chain: Chain | None = None

    def evidence(
        self, x: Float[Tensor, "examples width"]
    ) -> tuple[Float[Tensor, "examples classes"], Float[Tensor, " examples"]]:
        """The ridge's log-density of any class, shared out by the chain, and of none of them."""
        scores, none = super().evidence(x)
        return self.answers(x).log_softmax(1) + scores.logsumexp(1, keepdim=True), none

    def answers(self, x: Float[Tensor, "examples width"]) -> Float[Tensor, "examples classes"]:
        """z_T, from which the likeliest class can be told alone."""
        found = self._chained()
        return (x.float() @ found.read + found.bias).double()

    keeps = True

    def fitted(self) -> dict[str, Tensor]:
        """The chain's sum."""
        found = self._chained()
        return {"chain": found.read, "bias": found.bias}

    def take_fitted(self, tensors: Mapping[str, Tensor]) -> bool:
        """Take the chain's sum; whether it is of as many classes and coordinates."""
        read, bias = tensors.get("chain"), tensors.get("bias")
        if read is None or bias is None or "sharpness" not in tensors:
            return False
        if read.shape != (self.metric.width, len(self.names)) or bias.shape != read.shape[1:]:
            return False
        self._chain = Chain(read, bias)
        return True

    def state(self) -> dict[str, Tensor]:
        """The ridge's state and the chain's sum."""
        return super().state() | self.fitted()

    def _count(self, codes: Codes, sign: int) -> None:
        super()._count(codes, sign)
        self._chain = None

    def _chained(self) -> Chain:
        if self._chain is None:
            self._chain = self._fit()
        return self._chain

    def _fit(self) -> Chain:
        counts, total = self.counts, int(self.counts.sum())
        if not total:
            return Chain(torch.zeros(self.metric.width, 0), torch.zeros(0))
        examples = [_sorted(self.codes(name)) for name in self.names]
        codes, labels = torch.cat(examples), torch.arange(len(counts)).repeat_interleave(counts)
        factor = torch.linalg.cholesky(self._damped(total))

        def fit(ahead: Tensor) -> Tensor:
            left = _left(codes, labels, ahead) / total
            return torch.cat([torch.cholesky_solve(left[:-1], factor), left[-1:]]).float()

        found = residual_blocks(fit, torch.zeros(self.metric.width + 1, len(counts)), BLOCKS)
        return Chain(found[:-1].contiguous(), found[-1].contiguous())

    def _damped(self, total: int) -> Float[Tensor, "width width"]:
        """The mean square of codes, and the ridge: the metric carries it over from raw features."""
        square = self._gram / LEVELS**2 / total
        raw, inverse = self._raw
        variance = (inverse * square).sum() / len(raw)
        damped: Tensor = square + DAMPING * variance * raw
        return damped

    @cached_property
    def _raw(self) -> tuple[Float[Tensor, "width width"], Float[Tensor, "width width"]]:
        """What the squares of raw features' weights are in the coordinates, and its inverse."""
        transform = self.metric.transform.double()
        raw = transform.T @ transform
        return raw, torch.linalg.inv(raw)


def _sorted(codes: Codes) -> Codes:
    """The rows in the order of their bytes."""
    rows = np.ascontiguousarray(codes.numpy()).view(np.dtype((np.void, codes.shape[1]))).ravel()
    return codes[torch.from_numpy(np.argsort(rows))]


def _left(codes: Codes, labels: Tensor, ahead: Tensor) -> Float[Tensor, "width_and_bias classes"]:
    """The sum over examples of [x 1]' (label - softmax(z)), in fp64."""
    left = torch.zeros(len(ahead), ahead.shape[1], dtype=torch.float64)
    for part, truth in zip(codes.split(_ROWS), labels.split(_ROWS), strict=True):
        x = part.float() / LEVELS
        wanted = torch.nn.functional.one_hot(truth, ahead.shape[1])
        rest = wanted - (x @ ahead[:-1] + ahead[-1]).softmax(1)
        left[:-1] += x.T @ rest
        left[-1] += rest.sum(0)
    return left
