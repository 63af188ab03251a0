"""NoProp-CT: one block for every noise level, with a noise schedule that is learned."""

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.images.data import normalise
from oneshot.images.noprop.continuous import Continuous, LogitsAt
from oneshot.images.noprop.draws import block_generator

HIDDEN = 32
"""Hidden units of the schedule's network."""

START, END = 4.0, -4.0
"""gamma at t = 0 and t = 1 before training; the signal-to-noise ratio is exp(-gamma)."""


def schedule_parameters() -> dict[str, Tensor]:
    """Of gamma(t): a rising sum of sigmoids between two trained ends; all but linear at first."""
    return {
        "gamma.ends": torch.tensor([START, END]),
        "gamma.slope": torch.zeros(HIDDEN),
        "gamma.shift": torch.linspace(-1.0, 1.0, HIDDEN),
        "gamma.height": torch.zeros(HIDDEN),
    }


def gamma(values: dict[str, Tensor], t: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """-log of the signal-to-noise ratio, falling in t from its first end to its last.

    A two-layer network with positive weights, rescaled to 0..1 (arXiv 2503.24322, section on CT).
    """
    slope = torch.nn.functional.softplus(values["gamma.slope"])
    height = torch.nn.functional.softplus(values["gamma.height"])

    def rising(t: Tensor) -> Tensor:
        hidden = torch.sigmoid(4 * slope * (t[..., None] - 0.5) - values["gamma.shift"])
        total: Tensor = (hidden * height).sum(-1)
        return total

    low, high = rising(t.new_zeros(())), rising(t.new_ones(()))
    share = (rising(t) - low) / (high - low)
    start, end = values["gamma.ends"]
    falling: Tensor = start + (end - start) * share
    return falling


class ContinuousTime(Continuous):
    """Trained at one random t an image: CE at z_1 + KL at z_0 + eta/2 SNR'(t) |u_hat - u_y|^2."""

    def extra(self) -> dict[str, Tensor]:
        """The schedule's parameters."""
        return schedule_parameters()

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " three"]:
        """Train on a batch; the weighted squared error, the cross-entropy and the divergence."""
        pixels, generator = normalise(images, self.mean_std), self.generator(number, images.device)
        lent = self.ends.lend(slice(None))
        target = lent["table"][labels]
        t = torch.rand(len(images), generator=generator, device=images.device).requires_grad_()
        level = gamma(lent, t)
        (slope,) = torch.autograd.grad(level.sum(), t, create_graph=True)
        z = _noised(target, level, generator)
        logits = self.training_logits(pixels, z, t.detach(), generator)
        error = (logits.softmax(-1) @ lent["table"] - target).square().sum(1)
        gain = -slope * torch.exp(-level)
        losses = torch.stack(
            [self.settings.eta / 2 * (gain * error).mean(), *self._ends(lent, labels, number)]
        )
        losses.sum().backward()
        self.update()
        return losses.detach()

    def _ends(self, lent: dict[str, Tensor], labels: Tensor, number: int) -> tuple[Tensor, Tensor]:
        target = lent["table"][labels]
        generator = block_generator(self.settings.seed, 0, "ends", number, target.device)
        start, end = lent["gamma.ends"]
        scores = self._read(_noised(target, end.expand(len(target)), generator), lent)
        signal = torch.sigmoid(-start)
        # KL(N(sqrt(signal) u, 1 - signal) || N(0, I)), a sum over the numbers of an embedding.
        divergence = signal * target.square().sum(1).mean()
        divergence = divergence - target.shape[1] * (signal + torch.log1p(-signal))
        return torch.nn.functional.cross_entropy(scores, labels), divergence / 2

    def schedule(self, steps: int) -> Schedule:
        """The learned schedule at equally spaced times, for the steps of DT."""
        with torch.no_grad():
            values = {name: value.cpu().double() for name, value in self.ends.values.items()}
            t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
            return Schedule(torch.sigmoid(-gamma(values, t)))

    def start(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Zero, the mean of the noise."""
        return z

    def move(
        self, z: Float[Tensor, "n d"], logits_at: LogitsAt, step: int, steps: int
    ) -> Float[Tensor, "n d"]:
        """One noise-free step of the learned schedule."""
        if self._cached is None or steps != self._cached.T or step == 1:
            self._cached = self.schedule(steps)
        logits = logits_at(z, (step - 1) / steps)
        return self._cached.step(z, logits.softmax(-1) @ self.table, step)

    _cached: Schedule | None = None

    def scores(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """The readout's."""
        return self._read(z, self.ends.values)

    @staticmethod
    def _read(z: Tensor, values: dict[str, Tensor]) -> Tensor:
        return z @ values["readout.weight"].T + values["readout.bias"]


def _noised(target: Tensor, level: Tensor, generator: torch.Generator) -> Tensor:
    """A draw of q(z_t | y), with signal share sigmoid(-gamma)."""
    noise = torch.randn(target.shape, generator=generator, device=target.device)
    signal = torch.sigmoid(-level)[:, None]
    return signal.sqrt() * target + (1 - signal).sqrt() * noise
