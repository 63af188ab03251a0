"""The baseline that has no chain: the same blocks, each a classifier of its own, averaged."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.images.data import normalise
from oneshot.images.model import TrainedModel, batches
from oneshot.images.noprop.chain import ChainClassifier
from oneshot.images.noprop.dt import DiscreteChain


class Ensemble(DiscreteChain):
    """T blocks that all read z_0, which is noise: they differ in their draws alone."""

    def reads(self, t: int) -> int:
        """Always the noise."""
        return 0

    def classifier(self, sampling: torch.Generator | None = None) -> TrainedModel:
        """The mean of the blocks' class probabilities, with z_0 = 0 or drawn."""
        return EnsembleClassifier(self.walker(), self.blocks, sampling)


@dataclass(frozen=True)
class EnsembleClassifier:
    """Averages the class probabilities of blocks that do not see each other."""

    walker: ChainClassifier
    blocks: tuple[int, ...]
    sampling: torch.Generator | None

    @torch.no_grad()
    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """The logarithm of the mean probabilities."""
        return torch.cat([self._mean(part).clamp_min(1e-30).log() for part in batches(images)])

    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "1 n classes"]:
        """What the blocks say together: there is no chain of them."""
        return self.logits(images)[None]

    def _mean(self, images: Tensor) -> Tensor:
        table, mean_std = self.walker.chain.table, self.walker.chain.mean_std
        pixels = normalise(images, mean_std)
        z = torch.zeros(len(images), table.shape[1], device=images.device)
        if self.sampling is not None:
            z = torch.randn(z.shape, generator=self.sampling, device=z.device)
        scores = [self.walker.scores(pixels, z, t).softmax(-1) for t in self.blocks]
        return torch.stack(scores).mean(0)
