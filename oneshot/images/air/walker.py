"""How a chain of modern blocks classifies: the trunks once, then z block by block."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.images.air.shapes import ModernBlock, ModernShape
from oneshot.images.model import batches


@dataclass(frozen=True, eq=False)
class AirWalker:
    """Block t makes z_t of z_{t-1}; the last one's scores are the answer.

    Without `sampling` z_0 is 0 and no noise is added; with it they are drawn (eq. 3 of arXiv
    2503.24322). With `mirror` the features of a picture and of its mirror image are averaged.
    """

    blocks: Mapping[int, ModernBlock]
    shape: ModernShape
    schedule: Schedule
    pixels: Callable[[Tensor], Tensor]
    mirror: bool
    sampling: torch.Generator | None = None

    @property
    def table(self) -> Float[Tensor, "classes classes"]:
        """The label embeddings: one-hot."""
        device = next(iter(self.blocks.values())).head.weight.device
        return torch.eye(self.shape.classes, device=device)

    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Scores of the last block."""
        return self.block_scores(images)[-1]

    @torch.no_grad()
    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T n classes"]:
        """The logits of every block along the chain."""
        none = torch.empty(self.schedule.T, 0, self.shape.classes, device=images.device)
        parts = [self.scores_along(self.codes(part)) for part in batches(images)]
        return torch.cat([none, *parts], 1)

    @torch.no_grad()
    def states(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T_plus_1 n d"]:
        """z_0 to z_T of one batch."""
        return torch.stack([z for z, _ in self._walk(self.codes(images))])

    @torch.no_grad()
    def codes(self, images: UInt8[Tensor, "n c h w"]) -> dict[int, Float[Tensor, "n _"]]:
        """Every block's features of one batch, which no z changes."""
        found = self._codes(self.pixels(images))
        if not self.mirror:
            return found
        other = self._codes(self.pixels(images.flip(3)))
        # The scores are linear in the features: this is the mean of both pictures' scores.
        return {t: (code + other[t]) / 2 for t, code in found.items()}

    def _codes(self, pixels: Tensor) -> dict[int, Tensor]:
        found, maps = {}, pixels
        for t, block in self.blocks.items():
            block.eval()
            maps = block.trunk(maps if self.shape.split else pixels)
            found[t] = block.head.code(maps)
        return found

    def scores_along(self, codes: dict[int, Float[Tensor, "n _"]]) -> Float[Tensor, "T n classes"]:
        """The logits of every block along the chain, from features."""
        return torch.stack([scores for _, scores in self._walk(codes) if scores is not None])

    def scores_given(
        self, images: UInt8[Tensor, "n c h w"], z: Float[Tensor, "n d"], t: int
    ) -> Float[Tensor, "n classes"]:
        """The logits of block t alone for one batch, given z_{t-1}."""
        with torch.no_grad():
            scores: Tensor = self.blocks[t].head(self.codes(images)[t], z)
        return scores

    @torch.no_grad()
    def _walk(self, codes: dict[int, Tensor]) -> Iterator[tuple[Tensor, Tensor | None]]:
        """z_t with block t+1's scores, None after the last one."""
        first = next(iter(codes.values()))
        z = torch.zeros(len(first), self.shape.classes, device=first.device)
        if self.sampling is not None:
            z = torch.randn(z.shape, generator=self.sampling, device=z.device)
        for t, block in self.blocks.items():
            scores = block.head(codes[t], z)
            yield z, scores
            z = self.schedule.step(z, scores.softmax(-1), t, self.sampling)
        yield z, None


@dataclass(frozen=True)
class MeanOfBlocks:
    """Averages the class probabilities of blocks that do not see each other."""

    walker: AirWalker

    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """The logarithm of the mean probabilities."""
        return self.block_scores(images)[-1]

    @torch.no_grad()
    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "1 n classes"]:
        """What the blocks say together: there is no chain of them."""
        walker = self.walker
        none = torch.empty(1, 0, walker.shape.classes, device=images.device)
        parts = [self.mean_of(walker.codes(part))[None] for part in batches(images)]
        return torch.cat([none, *parts], 1)

    def mean_of(self, codes: dict[int, Float[Tensor, "n _"]]) -> Float[Tensor, "n classes"]:
        """The logarithm of the mean probabilities at z = 0, from features."""
        with torch.no_grad():
            shares = []
            for t, block in self.walker.blocks.items():
                z = torch.zeros(len(codes[t]), self.walker.shape.classes, device=codes[t].device)
                shares.append(block.head(codes[t], z).softmax(-1))
            return torch.stack(shares).mean(0).clamp_min(1e-30).log()
