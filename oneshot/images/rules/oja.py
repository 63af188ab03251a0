"""Oja's rule: Hebbian growth along x y, held in bounds by forgetting along y^2 w."""

from jaxtyping import Float
from torch import Tensor


def oja_step(
    w: Float[Tensor, "*T p h"],
    x: Float[Tensor, "n p"],
    share: Float[Tensor, "*T n h"] | float = 1.0,
) -> Float[Tensor, "*T p h"]:
    """The sum over a batch of share_k y_k (x - y_k w_k), y = x w, over the number of rows.

    `share` is each unit's part of a competition for each row; 1 leaves every unit on its own, and
    each then turns to the first principal component at norm 1 (Oja 1982).
    """
    y = x @ w
    return (x.mT @ (share * y) - w * (share * y.square()).sum(-2)[..., None, :]) / len(x)
