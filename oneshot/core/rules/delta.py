"""The delta rule: each example in turn corrects what the map still gets wrong about it."""

from dataclasses import dataclass

import torch

from oneshot.core.rules.base import Block, Examples
from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError


@dataclass(frozen=True)
class DeltaRule:
    """A += rate (u - A f) f^T / |f|^2 over the examples in their given order, `epochs` times.

    The normalised least-mean-squares rule; raises BadInputError unless 0 < rate < 2, where it
    converges, and epochs >= 1. The result depends on the order: give a canonical one.
    """

    rate: float = 0.5
    epochs: int = 8

    def __post_init__(self) -> None:
        if not 0 < self.rate < 2 or self.epochs < 1:
            raise BadInputError(
                f"rate = {self.rate}, epochs = {self.epochs} came; "
                "give a rate between 0 and 2 and at least one epoch"
            )

    def fit(self, examples: Examples, schedule: Schedule) -> Block:
        """The block for the examples; it makes no use of z."""
        features, targets = examples.features.float(), examples.targets.float()
        width = features.shape[1]
        maps = torch.zeros(targets.shape[1], width, device=targets.device)
        for _ in range(self.epochs):
            for f, u in zip(features, targets, strict=True):
                maps.addr_(u - maps @ f, f, alpha=self.rate / width)
        return Block({"features": maps.unsqueeze(0)}, schedule.T)
