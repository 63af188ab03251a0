"""A chain of blocks: its trained state, and how it classifies, however it was trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.images.data import normalise
from oneshot.images.model import TrainedModel, batches
from oneshot.images.noprop.block import BlockShape
from oneshot.images.noprop.stacked import Stack, stacked_state
from oneshot.images.noprop.trainable import Rates, Trainable, split_state


@dataclass(frozen=True)
class Part:
    """The blocks, of 1 to T, that are trained here; all when empty.

    `add_up` puts into the gradient of learned embeddings the sum over the processes that train the
    other blocks.
    """

    blocks: tuple[int, ...] = ()
    add_up: Callable[[Tensor], None] | None = None


WHOLE = Part()


@dataclass(frozen=True)
class ChainSettings:
    """How a chain is trained and run.

    `together` blocks step in one set of kernels; `dtype` is the precision of products.
    """

    schedule: Schedule
    rates: Rates
    eta: float = 0.1
    seed: int = 0
    dtype: torch.dtype = torch.float32
    together: int = 1
    part: Part = WHOLE


class Chain(ABC):
    """The chain's trained state: stacked blocks, label embeddings and the readout of z_T."""

    def __init__(
        self,
        shape: BlockShape,
        mean_std: Float[Tensor, "2 c"],
        table: Float[Tensor, "classes d"],
        settings: ChainSettings,
        *,
        learn_table: bool,
    ) -> None:
        device = table.device
        self.shape, self.settings, self.mean_std = shape, settings, mean_std
        self.blocks = settings.part.blocks or tuple(range(1, settings.schedule.T + 1))
        state = stacked_state(shape, self.blocks, settings.seed)
        self.stacked = Trainable(*split_state(state, device), settings.rates, stacked=True)
        self.learn_table = learn_table
        ends = {"readout.weight": table.clone()}
        ends["readout.bias"] = torch.zeros(shape.classes, device=device)
        fixed = {"table": table.clone()}
        trained = ends | (fixed if learn_table else {})
        self.ends = Trainable(trained, {} if learn_table else fixed, settings.rates, stacked=False)

    @property
    def table(self) -> Float[Tensor, "classes d"]:
        """The label embeddings, one row a class."""
        return self.ends.values["table"]

    def tensors(self) -> dict[str, Tensor]:
        """All that a checkpoint holds, as live tensors."""
        own = {"mean_std": self.mean_std}
        return self.stacked.tensors("blocks") | self.ends.tensors("ends") | own

    def set_learning_rate(self, rate: float) -> None:
        """Change the rate of the steps to come, of the blocks and of the ends."""
        self.stacked.set_learning_rate(rate)
        self.ends.set_learning_rate(rate)

    @abstractmethod
    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " losses"]:
        """Train on a batch with the randomness of a step number; the losses."""

    def groups(self) -> list[slice]:
        """The blocks that step together, as slices of the stack."""
        size = self.settings.together
        return [slice(i, i + size) for i in range(0, len(self.blocks), size)]

    def classifier(self, sampling: torch.Generator | None = None) -> TrainedModel:
        """The model as it is now; see `walker`."""
        return self.walker(sampling)

    def walker(self, sampling: torch.Generator | None = None) -> "ChainClassifier":
        """The chain as it is now; with a generator it draws z_0 and noise as the paper does."""
        return ChainClassifier(self, sampling)


class ChainClassifier:
    """Classifies by running the whole chain, block t making z_t of z_{t-1}.

    Without a generator z_0 is 0 and no noise is added, which is deterministic, and better where
    embeddings are narrow; with one z_0 and the noise of every step are drawn (eq. 3 of arXiv
    2503.24322).
    """

    def __init__(self, chain: Chain, sampling: torch.Generator | None) -> None:
        self.chain, self._sampling = chain, sampling

    @property
    def schedule(self) -> Schedule:
        """The noise levels."""
        return self.chain.settings.schedule

    @property
    def table(self) -> Float[Tensor, "classes d"]:
        """The label embeddings, one row a class."""
        return self.chain.table.detach()

    @torch.no_grad()
    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Scores of the readout at z_T."""
        ends = self.chain.ends.values
        rows = [
            self.states(part)[-1] @ ends["readout.weight"].T + ends["readout.bias"]
            for part in batches(images)
        ]
        return torch.cat(rows) if rows else torch.empty(0, self.chain.shape.classes)

    @torch.no_grad()
    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T n classes"]:
        """The logits of every block; those of the readout at z_T are drawn together by noise."""
        none = torch.empty(self.schedule.T, 0, len(self.table), device=images.device)
        return torch.cat([none, *map(self._block_scores, batches(images))], 1)

    def first(self, blocks: int) -> "BlocksClassifier":
        """The chain cut after its first blocks: what the last of them says, without a readout."""
        return BlocksClassifier(self, blocks)

    @torch.no_grad()
    def states(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T_plus_1 n d"]:
        """z_0 to z_T of one batch."""
        return torch.stack(list(self._walk(normalise(images, self.chain.mean_std))))

    def scores_after(self, images: UInt8[Tensor, "n c h w"], t: int) -> Float[Tensor, "n classes"]:
        """The logits of block t at the end of the blocks before it."""
        pixels = normalise(images, self.chain.mean_std)
        z = next(islice(self._walk(pixels), t - 1, None))
        return self.scores(pixels, z, t)

    def _block_scores(self, images: Tensor) -> Tensor:
        pixels = normalise(images, self.chain.mean_std)
        states = list(self._walk(pixels))[:-1]
        return torch.stack([self.scores(pixels, z, t) for t, z in enumerate(states, start=1)])

    def _walk(self, pixels: Tensor) -> Iterator[Tensor]:
        chain, sampling = self.chain, self._sampling
        z = torch.zeros(len(pixels), chain.table.shape[1], device=pixels.device)
        if sampling is not None:
            z = torch.randn(z.shape, generator=sampling, device=z.device)
        yield z
        for t in range(1, chain.settings.schedule.T + 1):
            estimate = self.scores(pixels, z, t).softmax(-1) @ chain.table
            z = chain.settings.schedule.step(z, estimate, t, sampling)
            yield z

    def scores_given(
        self, images: UInt8[Tensor, "n c h w"], z: Float[Tensor, "n d"], t: int
    ) -> Float[Tensor, "n classes"]:
        """The logits of block t alone for one batch, given z_{t-1}."""
        return self.scores(normalise(images, self.chain.mean_std), z, t)

    def scores(
        self, pixels: Float[Tensor, "n c h w"], z: Float[Tensor, "n d"], t: int
    ) -> Float[Tensor, "n classes"]:
        """The logits of block t alone, in evaluation mode, for normalised pixels."""
        chain = self.chain
        index = chain.blocks.index(t)
        lent = {n: v[index : index + 1] for n, v in chain.stacked.values.items()}
        stack = Stack(chain.shape, lent, chain.settings.dtype, training=False)
        logits: Tensor = stack.head(stack.trunk(pixels), stack.label(z[None]))[0]
        return logits


@dataclass(frozen=True)
class BlocksClassifier:
    """The first blocks of a chain: scores of the last of them, instead of the readout's."""

    chain: ChainClassifier
    blocks: int

    @torch.no_grad()
    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """The last block's logits, given the state that the blocks before it make."""
        rows = [self.chain.scores_after(part, self.blocks) for part in batches(images)]
        return torch.cat([torch.empty(0, len(self.chain.table), device=images.device), *rows])
