"""Least squares with the noise marginalised: a block solved from exact sums, no gradient."""

from dataclasses import dataclass

import torch
from torch import Tensor

from oneshot.core.rules.base import GRID, Block, ExactSums, Examples, exact_product, on_grid
from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError


class GramSums(ExactSums):
    """The sums F'F, F'U and U'U over examples, in units of 1, 1 / GRID and 1 / GRID^2."""

    @classmethod
    def of(cls, examples: Examples) -> "GramSums":
        """The sums over the examples alone."""
        F, U = examples.features, on_grid(examples.targets)
        return cls(len(F), (exact_product(F, F), exact_product(F, U), exact_product(U, U)))


@dataclass(frozen=True)
class RidgeRule:
    """Minimises the expected denoising loss over linear maps of features and z.

    `ridge` times the number of examples is added to the Gram matrix's diagonal;
    raises BadInputError unless it is positive.
    """

    ridge: float = 0.1

    def __post_init__(self) -> None:
        if not self.ridge > 0:
            raise BadInputError(f"ridge = {self.ridge} came; give a positive number")

    def fit(self, examples: Examples, schedule: Schedule) -> Block:
        """The block for the examples."""
        return self.solve(GramSums.of(examples), schedule)

    def solve(self, sums: GramSums, schedule: Schedule) -> Block:
        """The block for sums kept from before; equal sums give equal bits on one machine.

        The Gram matrix of (f, z_{t-1}) is [[F'F, s F'U], [s U'F, s^2 U'U + n (1 - s^2) I]] with
        s^2 = alpha_bar_{t-1}. Its first block is the same at every step, so it is factorised once
        and a step needs only the Schur complement, which has the targets' width.
        """
        FF, FU, UU = (total.double() for total in sums.totals)
        count = max(sums.count, 1)
        FF.diagonal().add_(self.ridge * count)
        factor = torch.linalg.cholesky(FF)
        read = torch.cholesky_solve(FU / GRID, factor)
        left = UU / GRID**2 - (FU / GRID).T @ read
        steps = [self._step(read, left, share, count) for share in schedule.alpha_bar[:-1].tolist()]
        A, B = (torch.stack(maps).float() for maps in zip(*steps, strict=True))
        return Block({"features": A, "state": B}, schedule.T)

    def _step(self, read: Tensor, left: Tensor, share: float, count: int) -> tuple[Tensor, Tensor]:
        """A_t and B_t from the map of features alone and what it leaves of the targets' Gram."""
        identity = torch.eye(len(left), dtype=left.dtype, device=left.device)
        schur = share * left + count * (1 - share + self.ridge) * identity
        signal = share**0.5
        state = torch.cholesky_solve(signal * left, torch.linalg.cholesky(schur))
        return (identity - signal * state).T @ read.T, state.T
