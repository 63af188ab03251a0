"""Least squares on features and a noised target, with the noise integrated out."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.errors import BadInputError


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over `count` examples of features F and clean targets U, in fp64.

    FF may be fp32, in which it is then factorised.
    """

    count: int
    FF: Float[Tensor, "d d"]
    FU: Float[Tensor, "d m"]
    UU: Float[Tensor, "m m"]

    @classmethod
    def of(cls, F: Float[Tensor, "n d"], U: Float[Tensor, "n m"]) -> "Moments":
        """The sums over the examples' rows."""
        F, U = F.double(), U.double()
        return cls(len(F), F.T @ F, F.T @ U, U.T @ U)


@dataclass(frozen=True, eq=False)
class LinearDenoiser:
    """The estimate f @ read + z @ state of the clean target."""

    read: Float[Tensor, "d m"]
    state: Float[Tensor, "m m"]

    def __call__(
        self, features: Float[Tensor, "n d"], z: Float[Tensor, "n m"]
    ) -> Float[Tensor, "n m"]:
        """Estimates from features and noised targets, row by row."""
        return features @ self.read + z @ self.state


def solve_marginal(moments: Moments, ridge: float, shares: list[float]) -> list[LinearDenoiser]:
    """One denoiser for each signal share alpha_bar of z = sqrt(share) u + sqrt(1 - share) e.

    Minimises the expected squared error over standard normal e plus `ridge` times the squared
    weights. The expected Gram matrix of (f, z) is [[F'F, s F'U], [s U'F, s^2 U'U + n (1 - s^2) I]],
    s^2 = share; its first block is factorised once (in the place of `moments.FF`, which is
    overwritten), and each share costs a Schur complement of the targets' width. Raises
    BadInputError unless `ridge` is positive and the matrix is finite.
    """
    factor = factorised(moments.FF, ridge)
    read = torch.cholesky_solve(moments.FU.to(factor.dtype), factor).double()
    left = moments.UU - moments.FU.T @ read
    identity = torch.eye(len(left), dtype=left.dtype, device=left.device)
    found = []
    for share in shares:
        schur = share * left + (moments.count * (1 - share) + ridge) * identity
        state = torch.linalg.solve(schur, share**0.5 * left)
        found.append(LinearDenoiser(read @ (identity - share**0.5 * state), state))
    return found


def factorised(gram: Float[Tensor, "d d"], ridge: float) -> Float[Tensor, "d d"]:
    """The Cholesky factor of a Gram matrix, to which `ridge` is added in place.

    Raises BadInputError unless `ridge` is positive and the matrix is finite.
    """
    if not ridge > 0:
        raise BadInputError(f"ridge = {ridge} came; give a positive number")
    gram.diagonal().add_(ridge)
    factor: Tensor
    factor, failed = torch.linalg.cholesky_ex(gram, check_errors=False)
    if int(failed):
        raise BadInputError("the features' Gram matrix is singular or not finite; raise the ridge")
    return factor
