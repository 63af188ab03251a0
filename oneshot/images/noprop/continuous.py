"""What the continuous variants share: one block with a time input, run many times on an image."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.images.data import normalise
from oneshot.images.model import batches
from oneshot.images.noprop.block import BlockShape
from oneshot.images.noprop.draws import block_generator, dropout_masks
from oneshot.images.noprop.stacked import Stack, stacked_state
from oneshot.images.noprop.trainable import Rates, Trainable, split_state

LogitsAt = Callable[[Tensor, float], Tensor]
"""The block's logits at z and t, for the images that z belongs to."""


@dataclass(frozen=True)
class ContinuousSettings:
    """How the block is trained and in how many steps it is run.

    `anchor`: FM's cross-entropy at the extrapolated label, which learned embeddings need.
    `endpoint`: FM's block names the label, from which the velocity follows.
    """

    rates: Rates
    steps: int
    eta: float = 1.0
    seed: int = 0
    dtype: torch.dtype = torch.float32
    anchor: bool = False
    endpoint: bool = False


class Continuous(ABC):
    """One timed block, the label embeddings and what else a variant trains (`extra`)."""

    def __init__(
        self,
        shape: BlockShape,
        mean_std: Float[Tensor, "2 c"],
        table: Float[Tensor, "classes d"],
        settings: ContinuousSettings,
        *,
        learn_table: bool,
    ) -> None:
        self.shape, self.settings, self.mean_std = shape, settings, mean_std
        state = stacked_state(shape, [1], settings.seed)
        self.block = Trainable(*split_state(state, table.device), settings.rates, stacked=True)
        trained = {
            "readout.weight": table.clone(),
            "readout.bias": torch.zeros(shape.classes, device=table.device),
        }
        trained |= {name: value.to(table.device) for name, value in self.extra().items()}
        fixed = {"table": table.clone()}
        self.ends = Trainable(
            trained | (fixed if learn_table else {}),
            {} if learn_table else fixed,
            settings.rates,
            stacked=False,
        )

    def extra(self) -> dict[str, Tensor]:
        """Further trained tensors."""
        return {}

    @property
    def table(self) -> Float[Tensor, "classes d"]:
        """The label embeddings, one row a class."""
        return self.ends.values["table"]

    def tensors(self) -> dict[str, Tensor]:
        """All that a checkpoint holds, as live tensors."""
        own = {"mean_std": self.mean_std}
        return self.block.tensors("block") | self.ends.tensors("ends") | own

    def set_learning_rate(self, rate: float) -> None:
        """Change the rate of the steps to come."""
        self.block.set_learning_rate(rate)
        self.ends.set_learning_rate(rate)

    def update(self) -> None:
        """One optimiser step of everything."""
        self.block.update()
        self.ends.update()

    def training_logits(
        self, pixels: Tensor, z: Tensor, t: Tensor, generator: torch.Generator
    ) -> Float[Tensor, "n classes"]:
        """The block's logits with dropout, for a backward pass."""
        keep = [mask[None] for mask in dropout_masks(self.shape, len(pixels), generator)]
        layers = len(self.shape.filters)
        stack = Stack(self.shape, self.block.lend(slice(None)), self.settings.dtype, training=True)
        image, label = stack.trunk(pixels, keep[:layers]), stack.label(z[None], keep[layers:])
        logits: Tensor = stack.head(image, label, t[None])[0]
        return logits

    def generator(self, number: int, device: torch.device) -> torch.Generator:
        """The randomness of a training step."""
        return block_generator(self.settings.seed, 1, "step", number, device)

    def classifier(self, steps: int | None = None) -> "ContinuousClassifier":
        """The model as it is now, run in the settings' number of steps or another."""
        return ContinuousClassifier(self, steps or self.settings.steps)

    @abstractmethod
    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " losses"]:
        """Train on a batch with the randomness of a step number; the losses."""

    @abstractmethod
    def start(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """z_0 in the place of the zeros that are given."""

    @abstractmethod
    def move(
        self, z: Float[Tensor, "n d"], logits_at: LogitsAt, step: int, steps: int
    ) -> Float[Tensor, "n d"]:
        """z after step `step` (from 1) of `steps`, which begins at t = (step - 1) / steps."""

    @abstractmethod
    def scores(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """Scores of the classes at z_1."""


@dataclass(frozen=True)
class ContinuousClassifier:
    """Runs the block from t = 0 to 1; the image's features, which no t changes, are made once."""

    model: Continuous
    steps: int

    @torch.no_grad()
    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Scores of the classes at z_1."""
        ends = [next(islice(self._walk(part), self.steps, None)) for part in batches(images)]
        scores = [self.model.scores(z) for z in ends]
        return torch.cat(scores) if scores else torch.empty(0, self.model.shape.classes)

    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "1 n classes"]:
        """The scores at z_1, where the only block ends."""
        return self.logits(images)[None]

    @torch.no_grad()
    def states(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "steps_plus_1 n d"]:
        """z at every step for one batch."""
        return torch.stack(list(self._walk(images)))

    def _walk(self, images: Tensor) -> Iterator[Tensor]:
        model = self.model
        stack = Stack(model.shape, model.block.values, model.settings.dtype, training=False)
        code = stack.trunk(normalise(images, model.mean_std))

        def logits_at(z: Tensor, t: float) -> Tensor:
            times = torch.full((1, len(z)), t, device=z.device)
            logits: Tensor = stack.head(code, stack.label(z[None]), times)[0]
            return logits

        z = model.start(torch.zeros(len(images), model.table.shape[1], device=images.device))
        yield z
        for step in range(1, self.steps + 1):
            z = model.move(z, logits_at, step, self.steps)
            yield z
