"""The baseline: the same chain of blocks, trained end to end by backpropagation."""

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.images.data import normalise
from oneshot.images.noprop.chain import Chain
from oneshot.images.noprop.draws import block_generator, dropout_masks
from oneshot.images.noprop.stacked import Stack


class BackpropChain(Chain):
    """One cross-entropy at z_T, whose gradient passes through every block.

    Training runs the chain that classifies: z_0 = 0, no noise. Memory grows with T.
    """

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " one"]:
        """Train on a batch; the loss."""
        pixels = normalise(images, self.mean_std)
        ends = self.ends.lend(slice(None))
        table = ends["table"]
        z = torch.zeros(len(images), table.shape[1], device=images.device)
        for index, t in enumerate(self.blocks):
            lent = self.stacked.lend(slice(index, index + 1))
            estimate = self._estimate(lent, t, pixels, z, number) @ table
            z = self.settings.schedule.step(z, estimate, t)
        scores = z @ ends["readout.weight"].T + ends["readout.bias"]
        loss = torch.nn.functional.cross_entropy(scores, labels)
        loss.backward()
        self.stacked.update()
        self.ends.update()
        return loss.detach()[None]

    def _estimate(
        self, lent: dict[str, Tensor], t: int, pixels: Tensor, z: Tensor, number: int
    ) -> Tensor:
        """Class probabilities of one block in training mode."""
        generator = block_generator(self.settings.seed, t, "step", number, pixels.device)
        keep = [mask[None] for mask in dropout_masks(self.shape, len(pixels), generator)]
        layers = len(self.shape.filters)
        stack = Stack(self.shape, lent, self.settings.dtype, training=True)
        logits = stack.head(stack.trunk(pixels, keep[:layers]), stack.label(z[None], keep[layers:]))
        return logits[0].softmax(-1)
