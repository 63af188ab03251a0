"""Chains of modern blocks: NoProp, and the same blocks by backpropagation or as an ensemble."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.images.air.optimiser import Optimiser
from oneshot.images.air.shapes import ModernBlock, ModernShape
from oneshot.images.air.walker import AirWalker, MeanOfBlocks
from oneshot.images.data import normalise
from oneshot.images.model import TrainedModel
from oneshot.images.noprop.draws import block_generator

SMOOTHING, DRAWS = 0.2, 4
"""The share of the label that is spread over the classes; draws of z for one pass of the trunk."""


@dataclass(frozen=True)
class AirSettings:
    """How a chain is trained and run.

    `mirror`: a picture is looked at with its mirror image. `blocks` are those, of 1 to T, that are
    trained here; all when empty.
    """

    schedule: Schedule
    learning_rate: float
    seed: int = 0
    dtype: torch.dtype = torch.float32
    mirror: bool = False
    blocks: tuple[int, ...] = ()


class AirChain:
    """NoProp-DT with modern blocks: each tells the label from the image and a noised label.

    No loss reaches another block, and of blocks that are stages none reaches another stage. The
    loss is the cross-entropy at the smoothed label, where arXiv 2503.24322 has the squared distance
    of label embeddings, which are one-hot here.
    """

    def __init__(
        self,
        shape: ModernShape,
        mean_std: Float[Tensor, "2 c"],
        whitening: Float[Tensor, "d c 2 2"],
        settings: AirSettings,
    ) -> None:
        self.shape, self.settings, self.mean_std = shape, settings, mean_std
        self.whitening = whitening
        chosen = settings.blocks or tuple(range(1, settings.schedule.T + 1))
        self.blocks = {t: self._fresh(t) for t in chosen}
        self._optimiser = Optimiser(self.blocks, settings.learning_rate)

    def _fresh(self, t: int) -> ModernBlock:
        schedule = self.settings.schedule
        share = float(schedule.alpha_bar[self.reads(t)])
        evidence = share**0.5 / (1 - share)
        generator = block_generator(self.settings.seed, t, "start", 0, torch.device("cpu"))
        block = self.shape.block(t, self.whitening, evidence, generator)
        return block.to(self.whitening.device)

    def reads(self, t: int) -> int:
        """The step whose state block t is trained on: the one before its own."""
        return t - 1

    def set_learning_rate(self, rate: float) -> None:
        """Change the rate of the steps to come."""
        self._optimiser.set_learning_rate(rate)

    def tensors(self) -> dict[str, Tensor]:
        """All that a checkpoint holds, as live tensors."""
        found = {"mean_std": self.mean_std, "whitening": self.whitening}
        for t, block in self.blocks.items():
            found |= {f"block{t}.{name}": v.detach() for name, v in block.state_dict().items()}
            for name, parameter in block.named_parameters():
                found[f"block{t}.{name}.momentum_buffer"] = self._optimiser.moment(parameter)
        return found

    def pixels(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """What the blocks read of raw pixels."""
        pixels = normalise(images, self.mean_std).to(self.settings.dtype)
        return pixels.contiguous(memory_format=torch.channels_last)

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " blocks"]:
        """Train every block on a batch; their losses. Equal numbers draw equal noise."""
        pixels = self.pixels(images)
        losses, maps = [], pixels
        for t, block in self.blocks.items():
            block.train()
            maps = block.trunk(maps.detach() if self.shape.split else pixels)
            loss = self._loss(block, t, maps, labels, number)
            loss.backward()
            losses.append(loss.detach())
        self._optimiser.step()
        return torch.stack(losses)

    def _loss(
        self, block: ModernBlock, t: int, maps: Tensor, labels: Tensor, number: int
    ) -> Float[Tensor, ""]:
        generator = block_generator(self.settings.seed, t, "step", number, labels.device)
        target = F.one_hot(labels, self.shape.classes).float().expand(DRAWS, -1, -1)
        z = self.settings.schedule.noised_target(target, self.reads(t), generator)
        scores = block.head(block.head.code(maps), z).flatten(0, 1)
        return smoothed_loss(scores, labels.repeat(DRAWS))

    def classifier(self, sampling: torch.Generator | None = None) -> TrainedModel:
        """The model as it is now; see `walker`."""
        return self.walker(sampling)

    def walker(self, sampling: torch.Generator | None = None) -> AirWalker:
        """The chain as it is now; with a generator it draws z_0 and noise as the paper does."""
        settings = self.settings
        return AirWalker(
            self.blocks, self.shape, settings.schedule, self.pixels, settings.mirror, sampling
        )


class AirBackprop(AirChain):
    """The same blocks and one loss, at the last one, whose gradient passes through all."""

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " one"]:
        """Train on a batch; the loss. z begins at 0 and no noise is drawn."""
        pixels, schedule = self.pixels(images), self.settings.schedule
        z = torch.zeros(len(images), self.shape.classes, device=images.device)
        maps, scores = pixels, z
        for t, block in self.blocks.items():
            block.train()
            maps = block.trunk(maps if self.shape.split else pixels)
            scores = block.head(block.head.code(maps), z)
            z = schedule.step(z, scores.softmax(-1), t)
        loss = smoothed_loss(scores, labels)
        loss.backward()
        self._optimiser.step()
        return loss.detach()[None]


class AirEnsemble(AirChain):
    """Blocks that all read z_0, which is noise: they differ in their draws alone."""

    def reads(self, t: int) -> int:
        """Always the noise."""
        return 0

    def classifier(self, sampling: torch.Generator | None = None) -> TrainedModel:
        """The mean of the blocks' class probabilities."""
        return MeanOfBlocks(self.walker(sampling))


def smoothed_loss(
    scores: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"]
) -> Float[Tensor, ""]:
    """The cross-entropy at labels of which a share is spread over all classes."""
    return F.cross_entropy(scores, labels, label_smoothing=SMOOTHING)
