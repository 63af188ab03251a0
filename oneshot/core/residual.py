"""Blocks that go on from one another, each fitted on what the blocks before leave of labels."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

STEP = 2.0
"""The inverse of the bound 1/2 on the curvature of a label's log-probability in z (Bohning 1992):
a block that goes so far along its least-squares fit never overshoots."""


def residual_blocks(
    fit: Callable[[Tensor], Tensor], start: Float[Tensor, "d m"], blocks: int
) -> Float[Tensor, "d m"]:
    """The weights of `blocks` blocks, summed, from those that are there.

    `fit` gives, in closed form, the least-squares weights of the one-hot label less
    softmax(z), z being what the weights that it is given make of the examples. Each block adds STEP
    times its fit, at a point beyond the last weights (Nesterov 1983).
    """
    last = ahead = start
    for t in range(1, blocks + 1):
        found = ahead + STEP * fit(ahead)
        last, ahead = found, found + (t - 1) / (t + 2) * (found - last)
    return last
