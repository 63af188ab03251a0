"""NoProp-DT: T blocks that each learn alone to undo the noise of one step."""

from collections.abc import Sequence
from functools import cached_property

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.images.data import normalise
from oneshot.images.model import TrainedModel
from oneshot.images.noprop.chain import Chain
from oneshot.images.noprop.draws import block_generator, dropout_masks
from oneshot.images.noprop.stacked import Stack

LARGEST_GAIN = 10.0
"""A step's gain in signal-to-noise ratio is counted up to this; the cosine's last is 6,000."""


WIDEST = 128
"""Numbers of an embedding up to which a chain without noise is the better one."""


class DiscreteChain(Chain):
    """The chain trained by NoProp: no block's loss reaches another block."""

    def classifier(self, sampling: torch.Generator | None = None) -> TrainedModel:
        """The model as it is now; without a generator it answers alike each time.

        Then no noise is drawn, but for embeddings wider than WIDEST: their noise is most of every
        z that the blocks were trained on, and without it the chain fails (CIFAR-10, prototypes:
        14 against 52 %). The same draw serves each time.
        """
        if sampling is None and self.table.shape[1] > WIDEST:
            sampling = torch.Generator(self.table.device).manual_seed(self.settings.seed)
        return self.walker(sampling)

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " blocks"]:
        """Train every block, the readout and the embeddings on a batch; the losses of the blocks.

        `number` counts the steps: equal numbers draw equal noise.
        """
        pixels = normalise(images, self.mean_std)
        losses = [self._train(group, pixels, labels, number) for group in self.groups()]
        add_up = self.settings.part.add_up
        if add_up is not None and self.table.grad is not None:
            # Before the ends' part, which every process computes for itself.
            add_up(self.table.grad)
        self._train_ends(labels, number)
        self.stacked.update()
        self.ends.update()
        return torch.cat(losses)

    def _train(self, group: slice, pixels: Tensor, labels: Tensor, number: int) -> Tensor:
        stack = Stack(self.shape, self.stacked.lend(group), self.settings.dtype, training=True)
        losses = self.losses(stack, self.blocks[group], pixels, labels, number)
        losses.sum().backward()
        return losses.detach()

    def losses(
        self,
        stack: Stack,
        blocks: Sequence[int],
        pixels: Float[Tensor, "n c h w"],
        labels: Int64[Tensor, " n"],
        number: int,
    ) -> Float[Tensor, " g"]:
        """T/2 eta (SNR(t) - SNR(t-1)) |u_hat_t(z_{t-1}, x) - u_y|^2 of each block, batch mean.

        Eq. 8 of arXiv 2503.24322: block t reads z_{t-1}.
        """
        table = self._leaf_table()
        target = table[labels]
        generators = [self._generator(t, number, pixels.device) for t in blocks]
        z = torch.stack(
            [
                self.settings.schedule.noised_target(target, self.reads(t), generator)
                for t, generator in zip(blocks, generators, strict=True)
            ]
        )
        drawn = [dropout_masks(self.shape, len(pixels), generator) for generator in generators]
        keep = [torch.stack(layer) for layer in zip(*drawn, strict=True)]
        layers = len(self.shape.filters)
        code = stack.trunk(pixels, keep[:layers])
        logits = stack.head(code, stack.label(z, keep[layers:]))
        error = (logits.softmax(-1) @ table - target).square().sum(-1).mean(1)
        return error * torch.stack([self._weights[t - 1] for t in blocks])

    def reads(self, t: int) -> int:
        """The step whose state block t is trained on: the one before its own."""
        return t - 1

    def weight(self, t: int) -> float:
        """T/2 eta times the step's gain in signal-to-noise ratio, clamped at LARGEST_GAIN."""
        snr = self.settings.schedule.snr
        gain = min(float(snr[t] - snr[t - 1]), LARGEST_GAIN)
        return self.settings.schedule.T / 2 * self.settings.eta * gain

    @cached_property
    def _weights(self) -> Float[Tensor, " T"]:
        """The weights of all blocks, moved to the device once: a GPU waits for each copy."""
        steps = range(1, self.settings.schedule.T + 1)
        return torch.tensor([self.weight(t) for t in steps], device=self.table.device)

    def _leaf_table(self) -> Tensor:
        """The embeddings with a gradient where they are learned."""
        if not self.learn_table:
            return self.table
        leaf = self.table.detach().requires_grad_()
        leaf.grad = self.table.grad
        return leaf

    def _train_ends(self, labels: Tensor, number: int) -> None:
        """The readout's cross-entropy at z_T, and KL(q(z_0|y) || N(0, I))."""
        schedule, table = self.settings.schedule, self._leaf_table()
        target = table[labels]
        generator = block_generator(self.settings.seed, 0, "ends", number, target.device)
        z = schedule.noised_target(target, schedule.T, generator)
        lent = self.ends.lend(slice(None))
        scores = z @ lent["readout.weight"].T + lent["readout.bias"]
        share = float(schedule.alpha_bar[0])
        # The part of the divergence that the embeddings can change.
        divergence = share / 2 * target.square().sum(1).mean()
        loss = torch.nn.functional.cross_entropy(scores, labels) + divergence
        loss.backward()

    def _generator(self, t: int, number: int, device: torch.device) -> torch.Generator:
        return block_generator(self.settings.seed, t, "step", number, device)
