"""Classes told apart by everything that was taught: the writer for many examples."""

import torch

from oneshot.classes.writers.gram import GramWriter, Readout
from oneshot.classes.writers.metric import Metric
from oneshot.images.features.integers import LEVELS

STRENGTH = 1000.0
"""Examples that the metric's own covariance inside classes counts for: the ridge."""


class RidgeWriter(GramWriter):
    """Gaussian classes that share the covariance of all taught examples around their means.

    That covariance comes from the Gram matrix of all codes and the classes' sums, all integers,
    with the metric's as its ridge: S = (strength W + sum of x x' - sum of s s' / n) /
    (strength + examples - classes). The answers are log-densities over that of a class whose mean
    is zero. Least squares on class indicators from the same sums is three points worse on
    CIFAR-100.
    """

    def __init__(self, metric: Metric, strength: float = STRENGTH) -> None:
        super().__init__(metric)
        self.strength = strength

    def fit(self) -> Readout:
        """The readout in fp64."""
        counts, within = self.counts.double()[:, None], self.metric.within
        totals = self.totals.double() / LEVELS
        scatter = self.gram / LEVELS**2 - (totals / counts).T @ totals
        freedom = self.strength + counts.sum() - len(counts)
        covariance = (scatter + torch.diag(self.strength * within)) / freedom
        means, _ = self.predictive()
        factor = torch.linalg.cholesky(covariance)
        read = torch.cholesky_solve(means.T.contiguous(), factor)
        return Readout(read.contiguous(), -(means * read.T).sum(1) / 2)
