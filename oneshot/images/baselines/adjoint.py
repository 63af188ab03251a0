"""The baseline of a neural ODE: one timed block trained end to end by the adjoint method."""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.images.data import normalise
from oneshot.images.noprop.continuous import Continuous, LogitsAt
from oneshot.images.noprop.draws import dropout_masks
from oneshot.images.noprop.stacked import Stack

Field = Callable[[Tensor, float], Tensor]
"""The velocity dz/dt at z and t."""


class Adjoint(Continuous):
    """dz/dt = logits(z, x, t) @ W from z = 0, and one cross-entropy at z_1.

    The gradient comes from an equation that is solved backwards in time together with z itself
    (arXiv 1806.07366), so nothing is kept of the steps and memory does not grow with them. The
    image's features, which no t changes, are one more parameter of the equation.
    """

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " one"]:
        """Train on a batch; the loss."""
        pixels, generator = normalise(images, self.mean_std), self.generator(number, images.device)
        ends = self.ends.lend(slice(None))
        keep = [mask[None] for mask in dropout_masks(self.shape, len(pixels), generator)]
        layers = len(self.shape.filters)
        stack = Stack(self.shape, self.block.lend(slice(None)), self.settings.dtype, training=True)
        code = stack.trunk(pixels, keep[:layers])
        # In fp32, because z is found again only as exactly as the velocity is computed.
        exact, features = replace(stack, dtype=torch.float32), code.detach().float()
        features.requires_grad_()

        def field(z: Tensor, t: float) -> Tensor:
            times = torch.full((1, len(z)), t, device=z.device)
            return exact.head(features, exact.label(z[None]), times)[0] @ ends["table"]

        with torch.no_grad():
            start = torch.zeros(len(images), self.table.shape[1], device=images.device)
            z = solve(field, start, self.settings.steps)
        reached = z.clone().requires_grad_()
        scores = reached @ ends["readout.weight"].T + ends["readout.bias"]
        loss = torch.nn.functional.cross_entropy(scores, labels)
        loss.backward()
        assert reached.grad is not None
        pull_back(field, z, reached.grad, self.settings.steps)
        assert features.grad is not None
        code.backward(features.grad.to(code.dtype))
        self.update()
        return loss.detach()[None]

    def start(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Zero."""
        return z

    def move(
        self, z: Float[Tensor, "n d"], logits_at: LogitsAt, step: int, steps: int
    ) -> Float[Tensor, "n d"]:
        """One midpoint step."""
        return midpoint(lambda z, t: logits_at(z, t) @ self.table, z, (step - 1) / steps, 1 / steps)

    def scores(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """The readout's."""
        return z @ self.ends.values["readout.weight"].T + self.ends.values["readout.bias"]


def midpoint(field: Field, z: Float[Tensor, "n d"], t: float, h: float) -> Float[Tensor, "n d"]:
    """z at t + h, by the midpoint rule."""
    return z + h * field(z + h / 2 * field(z, t), t + h / 2)


def solve(field: Field, z: Float[Tensor, "n d"], steps: int) -> Float[Tensor, "n d"]:
    """z_1 from z_0."""
    for step in range(steps):
        z = midpoint(field, z, step / steps, 1 / steps)
    return z


def pull_back(
    field: Field, z: Float[Tensor, "n d"], a: Float[Tensor, "n d"], steps: int
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
    """z_0 and the loss's gradient there from z_1 and its gradient `a`, by the same rule backwards.

    da/dt = -a dv/dz; the gradient of everything else that the field depends on, a dv/dtheta
    integrated, is added to what these leaves hold.
    """
    h = 1 / steps
    for step in range(steps, 0, -1):
        t, leaf = step * h, z.detach().requires_grad_()
        velocity = field(leaf, t)
        (pulled,) = torch.autograd.grad(velocity, leaf, a)
        middle = (z - h / 2 * velocity.detach()).requires_grad_()
        velocity = field(middle, t - h / 2)
        velocity.backward(h * (a + h / 2 * pulled))
        assert middle.grad is not None
        z, a = z - h * velocity.detach(), a + middle.grad
    return z, a
