"""A chain of blocks on the taught examples: the writer that tells confusable classes apart best."""

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.classes.writers.gram import GramWriter, Readout
from oneshot.classes.writers.tallied import Codes, in_order
from oneshot.core.residual import residual_blocks
from oneshot.images.features.integers import LEVELS

BLOCKS = 20

DAMPING = 1.0
"""The ridge of each block, on weights of the raw features, in their mean variance."""

_ROWS = 4096
"""Examples multiplied at a time."""


class ResidualWriter(GramWriter):
    """A chain of blocks, each fitted on what z_{t-1} leaves of the labels.

    Block t is one least-squares fit, in closed form with a factor that all share, of the label's
    one-hot vector less softmax(z_{t-1}). The chain takes the place of a linear probe that is
    trained on everything at once, and passes through all examples at each block, in an order of
    their own, so that the weights are a function of the set.
    """

    def fit(self) -> Readout:
        """The sum of all blocks, the labels' log-probabilities, in fp32."""
        counts, total = self.counts, int(self.counts.sum())
        if not total:
            return Readout(torch.zeros(self.metric.width, 0), torch.zeros(0))
        examples = [in_order(self.codes(name)) for name in self.names]
        codes, labels = torch.cat(examples), torch.arange(len(counts)).repeat_interleave(counts)
        factor = torch.linalg.cholesky(self._damped(total))

        def block(ahead: Tensor) -> Tensor:
            left = _left(codes, labels, ahead) / total
            return torch.cat([torch.cholesky_solve(left[:-1], factor), left[-1:]]).float()

        found = residual_blocks(block, torch.zeros(self.metric.width + 1, len(counts)), BLOCKS)
        return Readout(found[:-1].contiguous(), found[-1].contiguous())

    def _damped(self, total: int) -> Float[Tensor, "width width"]:
        """The mean square of codes, and the ridge: the metric carries it over from raw features."""
        square = self.gram / LEVELS**2 / total
        raw, inverse = self.metric.raw_squares
        variance = (inverse * square).sum() / len(raw)
        damped: Tensor = square + DAMPING * variance * raw
        return damped


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
