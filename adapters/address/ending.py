"""Has the name ended? A closed-form two-class detector on the window at the next token.

"Intel 80486" stands inside "Intel 80486SX": a match is trusted only once the next token shows that
the name does not go on.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

WINDOW = 2
FLOOR = 0.02
CONFIDENT = 3.0  # log odds at which the name is taken to go on


@dataclass(frozen=True)
class EndingDetector:
    """Linear log odds of "the name goes on here" against "it has ended"."""

    weight: Float[Tensor, " window"]
    bias: Float[Tensor, ""]

    def goes_on(self, windows: Float[Tensor, "points window"]) -> Bool[Tensor, " points"]:
        """Whether the token at each window's end continues the name before it."""
        return windows @ self.weight + self.bias > CONFIDENT


def fit_detector(
    inside: Float[Tensor, "a window"], after: Float[Tensor, "b window"]
) -> EndingDetector:
    """Linear discriminant of windows inside names (not at their first token) and right after."""
    inside, after = inside.double(), after.double()
    means = inside.mean(0), after.mean(0)
    covariance = torch.cov(torch.cat([inside - means[0], after - means[1]]).T)
    covariance += FLOOR * covariance.diagonal().mean() * torch.eye(len(covariance))
    weight = torch.linalg.solve(covariance, means[0] - means[1])
    return EndingDetector(weight.float(), (-(means[0] + means[1]) @ weight / 2).float())
