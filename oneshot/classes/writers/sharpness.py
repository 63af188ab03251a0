"""From log-evidence to probabilities: of each class, and of none of them."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

STRANGERS = 0.25
"""The share of examples of none of the classes that is expected where nothing else is said."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a writer says of examples, fp64.

    `scores` tell the classes apart, but for a constant that they share; `ratios` are log-densities
    of each class over that of an example of any other class. Both are -inf for a class that is left
    out.
    """

    scores: Float[Tensor, "n classes"]
    ratios: Float[Tensor, "n classes"]

    @property
    def known(self) -> Float[Tensor, " n"]:
        """Log-density as an example of one of the classes, all alike, over that as a stranger."""
        counted = self.ratios.isfinite().sum(1)
        return self.ratios.logsumexp(1) - counted.double().log()

    def without(self, places: Int64[Tensor, " n"]) -> "Evidence":
        """The same with one class of each example left out."""
        found = (e.scatter(1, places[:, None], -math.inf) for e in (self.scores, self.ratios))
        return Evidence(*found)

    def rows(self, which: Tensor) -> "Evidence":
        """Of some of the examples."""
        return Evidence(self.scores[which], self.ratios[which])


@dataclass(frozen=True)
class Sharpness:
    """Turns log-evidence into probabilities.

    Between the classes it is `slope` times the scores that count; whether an example is of any of
    them at all is a matter of its own, `weight` times what its log-density ratio is above `middle`.
    """

    slope: float
    weight: float
    middle: float

    def probabilities(
        self, evidence: Evidence, strangers: float = STRANGERS
    ) -> Float[Tensor, "n classes_and_none"]:
        """Probabilities of each class, and in the last column of none of them.

        `strangers` is the share of examples of none of the classes that is expected.
        """
        none = self.none(evidence, strangers)[:, None]
        return torch.cat([(1 - none) * self.forced(evidence), none], 1)

    def forced(self, evidence: Evidence) -> Float[Tensor, "n classes"]:
        """Probabilities of the classes of an example that is of one of them."""
        return (self.slope * evidence.scores).softmax(1)

    def none(self, evidence: Evidence, strangers: float) -> Float[Tensor, " n"]:
        """Probabilities that examples are of none of the classes."""
        if not evidence.ratios.shape[1]:
            return torch.ones(len(evidence.ratios), dtype=torch.float64)
        share = torch.tensor(strangers, dtype=torch.float64)
        return (share.logit() - self.weight * (evidence.known - self.middle)).sigmoid()
