"""NoProp-FM: one block learns the velocity that carries noise to the label embedding."""

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.images.data import normalise
from oneshot.images.noprop.continuous import Continuous, LogitsAt


class FlowMatching(Continuous):
    """v(z_t, x, t) = logits @ W fits z_1 - z_0 on the line z_t = t z_1 + (1 - t) z_0.

    The paper's extra noise around the line, whose size it does not state, is left at zero. The
    anchor is a cross-entropy at z_t + (1 - t) v, which the paper has for learned embeddings only.

    With `endpoint`, which is not the paper's, the block names z_1: u_hat = softmax(logits) @ W and
    v = (u_hat - z_t) / (1 - t). It is fitted by cross-entropy: without batch normalisation the
    squared error of 100 one-hot classes stays at 0.99, that of an even guess.
    """

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " losses"]:
        """Train on a batch; the velocity's squared error and, with an anchor, the cross-entropy."""
        pixels, generator = normalise(images, self.mean_std), self.generator(number, images.device)
        lent = self.ends.lend(slice(None))
        label = lent["table"][labels]
        t = torch.rand(len(images), generator=generator, device=images.device)
        start = torch.randn(label.shape, generator=generator, device=images.device)
        z = t[:, None] * label + (1 - t[:, None]) * start
        logits = self.training_logits(pixels, z, t, generator)
        if self.settings.endpoint:
            return self._learn([torch.nn.functional.cross_entropy(logits, labels)])
        velocity = logits @ lent["table"]
        losses = [(velocity - (label - start)).square().sum(1).mean()]
        if self.settings.anchor:
            reached = z + (1 - t[:, None]) * velocity
            scores = reached @ lent["readout.weight"].T + lent["readout.bias"]
            losses.append(torch.nn.functional.cross_entropy(scores, labels))
        return self._learn(losses)

    def _learn(self, losses: list[Tensor]) -> Tensor:
        total = torch.stack(losses)
        total.sum().backward()
        self.update()
        return total.detach()

    def start(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """A draw of N(0, I) from a fixed seed, so that equal calls give equal answers."""
        generator = torch.Generator(z.device).manual_seed(0)
        return torch.randn(z.shape, generator=generator, device=z.device)

    def move(
        self, z: Float[Tensor, "n d"], logits_at: LogitsAt, step: int, steps: int
    ) -> Float[Tensor, "n d"]:
        """One Euler step."""
        logits = logits_at(z, (step - 1) / steps)
        if self.settings.endpoint:
            left = steps - step + 1
            return z + (logits.softmax(-1) @ self.table - z) / left
        return z + logits @ self.table / steps

    def scores(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """Minus the squared distances to the label embeddings."""
        return -torch.cdist(z, self.table).square()
