"""The outer-product rule: one rank-one term per example, removed as exactly as it was added."""

from dataclasses import dataclass

from oneshot.core.rules.base import GRID, Block, ExactSums, Examples, exact_product, on_grid
from oneshot.core.schedule import Schedule


class OuterSums(ExactSums):
    """The sum of f u^T over examples, in units of 1 / GRID."""

    @classmethod
    def of(cls, examples: Examples) -> "OuterSums":
        """The sum over the examples alone."""
        outer = exact_product(examples.features, on_grid(examples.targets))
        return cls(len(examples.features), (outer,))


@dataclass(frozen=True)
class HebbianRule:
    """A = sum of u f^T / m, the same at every step, and no use of z."""

    def fit(self, examples: Examples, schedule: Schedule) -> Block:
        """The block for the examples."""
        return self.solve(OuterSums.of(examples), schedule)

    def solve(self, sums: OuterSums, schedule: Schedule) -> Block:
        """The block for sums kept from before."""
        (outer,) = sums.totals
        maps = outer.T.double() / (GRID * len(outer))
        return Block({"features": maps.float().unsqueeze(0).contiguous()}, schedule.T)
