"""Muon: momentum whose step is made orthogonal, in the precision that the device is quick in."""

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from oneshot.core.precision import has_half_products

COEFFICIENTS = 3.4445, -4.775, 2.0315
"""Of the odd polynomial that draws singular values towards 1, as Muon's author chose them."""

SMALLEST = 1e-7


class Muon(torch.optim.Optimizer):
    """`torch.optim.Muon` without weight decay, but for the precision of the iteration.

    torch's is in bfloat16 everywhere, and so ten times slower than in float32 on processors that
    have no products for it; where they have, both take the same steps to the last bit.
    """

    def __init__(
        self, filters: Iterable[nn.Parameter], lr: float, momentum: float, iterations: int
    ) -> None:
        super().__init__(filters, {"lr": lr, "momentum": momentum, "iterations": iterations})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Step down the gradients that have come in; nothing is evaluated again."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                moment = self.state[weight]["momentum_buffer"]
                moment.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(moment, group["momentum"])
                rows, columns = weight.shape
                rate = group["lr"] * max(1, rows / columns) ** 0.5
                weight.add_(orthogonal(ahead, group["iterations"]), alpha=-rate)


def orthogonal(
    matrix: Float[Tensor, "rows columns"], iterations: int
) -> Float[Tensor, "rows columns"]:
    """Roughly the nearest matrix whose singular values are 1, by Newton-Schulz iterations."""
    quick = torch.bfloat16 if has_half_products(matrix.device.type) else torch.float32
    tall = matrix.shape[0] > matrix.shape[1]
    found = (matrix.T if tall else matrix).to(quick)
    found = found / found.norm().clamp(min=SMALLEST)
    a, b, c = COEFFICIENTS
    for _ in range(iterations):
        gram = found @ found.T
        found = torch.addmm(found, torch.addmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
    return found.T if tall else found
