"""Chains of small two-layer blocks, and the noised examples that local rules train them on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet, channel_statistics, normalise
from oneshot.images.model import Progress, Report, batches


@dataclass(frozen=True)
class LocalSettings:
    """What all local rules share: `T` blocks of `hidden` units, trained together.

    Images are averaged over `shrink` x `shrink` pixels. Raises BadInputError for values out of
    range.
    """

    T: int = 3
    hidden: int = 256
    epochs: int = 5
    batch: int = 64
    rate: float = 0.05
    shrink: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        counts = (self.T, self.hidden, self.epochs, self.batch, self.shrink)
        if min(counts) < 1 or not self.rate > 0:
            raise BadInputError(f"settings {self} came; give positive numbers")

    @property
    def schedule(self) -> Schedule:
        """Equally spaced signal shares, so that z_T is the last block's own estimate."""
        return Schedule.linear(self.T)


class Activity(NamedTuple):
    """What a pass through T blocks leaves at the synapses: hidden's inputs, readout's inputs."""

    inputs: Float[Tensor, "T n i"]
    drive: Float[Tensor, "T n h"]
    outputs: Float[Tensor, "T n r"]
    estimate: Float[Tensor, "T n m"]


@dataclass(frozen=True, eq=False)
class TwoLayerChain:
    """T blocks u_hat = softmax([relu([x z 1] @ hidden) z 1] @ readout), chained from z_0 = 0.

    Label embeddings are one-hot, so the estimate is the classes' probabilities.
    """

    hidden: Float[Tensor, "T i h"]
    readout: Float[Tensor, "T r m"]
    mean_std: Float[Tensor, "2 c"]
    settings: LocalSettings

    def pixels(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n p"]:
        """Normalised pixels, shrunk."""
        shrunk = torch.nn.functional.avg_pool2d(
            normalise(images, self.mean_std), self.settings.shrink
        )
        return shrunk.flatten(1)

    def activity(
        self, pixels: Float[Tensor, "n p"], z: Float[Tensor, "T n m"], noise: float | Tensor = 0.0
    ) -> Activity:
        """A pass of all blocks, each on its own z; `noise` is added to the hidden units' drive."""
        ones = z.new_ones(*z.shape[:2], 1)
        inputs = torch.cat([pixels.expand(len(z), -1, -1), z, ones], dim=2)
        drive = inputs @ self.hidden + noise
        outputs = torch.cat([drive.relu(), z, ones], dim=2)
        return Activity(inputs, drive, outputs, (outputs @ self.readout).softmax(2))

    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """z_T of the noise-free chain."""
        parts = [self.states(batch)[-1] for batch in batches(images)]
        return torch.cat([torch.zeros(0, len(self.table), device=images.device), *parts])

    @property
    def schedule(self) -> Schedule:
        """The noise levels."""
        return self.settings.schedule

    @property
    def table(self) -> Float[Tensor, "classes classes"]:
        """The label embeddings, one-hot."""
        return torch.eye(self.readout.shape[2], device=self.readout.device)

    def states(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T_plus_1 n m"]:
        """z_0 = 0 to z_T of one batch."""
        pixels = self.pixels(images)
        states = [torch.zeros(len(pixels), len(self.table), device=pixels.device)]
        for t in range(1, self.settings.T + 1):
            estimate = self.block(t).activity(pixels, states[-1][None]).estimate[0]
            states.append(self.schedule.step(states[-1], estimate, t))
        return torch.stack(states)

    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T n m"]:
        """Log probabilities of every block at the end of those before it."""
        parts = [
            torch.stack([self.scores_given(part, z, t) for t, z in enumerate(states[:-1], start=1)])
            for part in batches(images)
            for states in (self.states(part),)
        ]
        none = torch.zeros(self.settings.T, 0, len(self.table), device=images.device)
        return torch.cat([none, *parts], 1)

    @property
    def size(self) -> int:
        """The number of blocks."""
        return self.settings.T

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        return {"hidden": self.hidden, "readout": self.readout, "mean_std": self.mean_std}

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], settings: LocalSettings
    ) -> "TwoLayerChain":
        """The chain of what was saved; KeyError where a part is missing."""
        return cls(tensors["hidden"], tensors["readout"], tensors["mean_std"], settings)

    def scores_given(
        self, images: UInt8[Tensor, "n c h w"], z: Float[Tensor, "n m"], t: int
    ) -> Float[Tensor, "n m"]:
        """Log probabilities of block t (from 1) for one batch, given z_{t-1}."""
        estimate = self.block(t).activity(self.pixels(images), z[None]).estimate[0]
        return estimate.clamp_min(1e-30).log()

    def block(self, t: int) -> "TwoLayerChain":
        """Block t alone, counted from 1."""
        return TwoLayerChain(
            self.hidden[t - 1 : t], self.readout[t - 1 : t], self.mean_std, self.settings
        )


def new_chain(
    images: ImageSet, settings: LocalSettings, generator: torch.Generator
) -> TwoLayerChain:
    """Random hidden weights and a readout of zeros, on the images' device."""
    device = images.train_images.device
    channels, height, width = images.shape
    shrunk = channels * (height // settings.shrink) * (width // settings.shrink)
    if not shrunk:
        raise BadInputError(
            f"shrink = {settings.shrink} leaves nothing of {height} x {width} pixels; give less"
        )
    size = (settings.T, shrunk + images.classes + 1, settings.hidden)
    hidden = torch.randn(size, generator=generator, device=device) / size[1] ** 0.5
    readout = torch.zeros(settings.T, settings.hidden + images.classes + 1, images.classes)
    return TwoLayerChain(
        hidden, readout.to(device), channel_statistics(images.train_images), settings
    )


def noised_examples(
    chain: TwoLayerChain, images: ImageSet, generator: torch.Generator, report: Report
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of pixels [n, p], states z_{t-1} ~ q(z_{t-1} | label) [T, n, m], and labels [n, m].

    Every block has its own noise; reports after each batch.
    """
    settings, labels = chain.settings, images.train_labels
    table = torch.eye(images.classes, device=labels.device)
    per_epoch = -(-len(labels) // settings.batch)
    for epoch in range(settings.epochs):
        order = torch.randperm(len(labels), generator=generator, device=labels.device)
        for step, rows in enumerate(torch.split(order, settings.batch), start=1):
            u = table[labels[rows]]
            z = [settings.schedule.noised_target(u, t, generator) for t in range(settings.T)]
            yield chain.pixels(images.train_images[rows]), torch.stack(z), u
            done, total = epoch * per_epoch + step, settings.epochs * per_epoch
            report(Progress("steps", done, total, milestone=step == per_epoch))
