"""Does a value come next? A closed-form two-class detector on the last states of a text."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

FLOOR = 0.05


@dataclass(frozen=True)
class ValueDetector:
    """Linear log odds of "a value comes next" against "the sentence goes on"."""

    weight: Float[Tensor, "layers width"]
    bias: Float[Tensor, ""]

    def to(self, device: torch.device) -> "ValueDetector":
        """The same on a device."""
        return ValueDetector(self.weight.to(device), self.bias.to(device))

    def __call__(self, states: Sequence[Float[Tensor, "*n width"]]) -> Float[Tensor, "*n"]:
        """The log odds at each position, from its states at the layers of last tokens."""
        parts = [s.to(w.dtype) @ w for s, w in zip(states, self.weight, strict=True)]
        return torch.stack(parts).sum(0) + self.bias


def fit_detector(
    ends: Float[Tensor, "a layers width"], inside: Float[Tensor, "b layers width"]
) -> ValueDetector:
    """Linear discriminant of states at the ends of clozes and at other places, as likely."""
    a, b = ends.flatten(1).double(), inside.flatten(1).double()
    means = a.mean(0), b.mean(0)
    covariance = torch.cov(torch.cat([a - means[0], b - means[1]]).T)
    covariance.diagonal().add_(FLOOR * covariance.diagonal().mean())
    weight = torch.linalg.solve(covariance, means[0] - means[1])
    bias = -(means[0] + means[1]) @ weight / 2
    return ValueDetector(weight.float().unflatten(0, ends.shape[1:]), bias.float())
