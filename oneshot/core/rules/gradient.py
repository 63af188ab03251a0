"""AdamW on the block's own denoising loss: a gradient that ends at the block's border."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LinearLR

from oneshot.core.rules.base import Block, Examples
from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError


@dataclass(frozen=True)
class GradientRule:
    """Minimises |u_hat_t(z_{t-1}, f) - u|^2 with sampled noise, each step's maps by themselves.

    `rate` falls linearly to zero over `steps` batches; `seed` fixes batches and noise.
    Raises BadInputError for numbers not positive. Loss: arXiv 2503.24322, eq. 8, without the
    step's constant weight, which AdamW would cancel.
    """

    steps: int = 300
    batch: int = 128
    rate: float = 3e-3
    decay: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.batch) < 1 or not self.rate > 0:
            raise BadInputError(
                f"steps = {self.steps}, batch = {self.batch}, rate = {self.rate} came; "
                "give positive numbers"
            )

    def fit(self, examples: Examples, schedule: Schedule) -> Block:
        """The block for the examples; also where the caller is in inference mode."""
        with torch.inference_mode(False), torch.enable_grad():
            # Tensors made in inference mode cannot be saved for a backward pass; copies can.
            features = examples.features.float().clone() / examples.features.shape[1] ** 0.5
            targets = examples.targets.float().clone()
            shares = torch.tensor(schedule.alpha_bar.tolist()[:-1], device=targets.device)
            A, B = self._descend(features, targets, shares[:, None, None])
        scaled = A.detach() / features.shape[1] ** 0.5
        return Block({"features": scaled, "state": B.detach()}, schedule.T)

    def _descend(self, features: Tensor, targets: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
        """The maps A [T, d, m] and B [T, d, d]; the steps' losses share no parameter."""
        T, m, d = len(shares), features.shape[1], targets.shape[1]
        A = torch.zeros(T, d, m, device=targets.device, requires_grad=True)
        B = torch.zeros(T, d, d, device=targets.device, requires_grad=True)
        optimiser = torch.optim.AdamW([A, B], lr=self.rate, weight_decay=self.decay)
        fall = LinearLR(optimiser, 1.0, 0.0, total_iters=self.steps)
        generator = torch.Generator().manual_seed(self.seed)
        for _ in range(self.steps if len(features) else 0):
            rows = torch.randint(len(features), (self.batch,), generator=generator)
            noise = torch.randn(T, self.batch, d, generator=generator).to(targets)
            u = targets[rows.to(targets.device)]
            z = shares.sqrt() * u + (1 - shares).sqrt() * noise
            guess = features[rows.to(targets.device)] @ A.mT + z @ B.mT
            optimiser.zero_grad()
            (guess - u).square().sum(-1).mean(-1).sum().backward()
            optimiser.step()
            fall.step()
        return A, B
