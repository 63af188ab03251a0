"""What each block of a chain reads: its accuracy from the image, from z, and from both."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.images.model import BATCH, batches
from oneshot.images.noprop.draws import block_generator


@runtime_checkable
class NoisedChain(Protocol):
    """A chain whose blocks were trained on noised labels and can be asked one by one."""

    @property
    def schedule(self) -> Schedule:
        """The noise levels of its T blocks."""

    @property
    def table(self) -> Float[Tensor, "classes d"]:
        """The label embeddings."""

    def states(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T_plus_1 n d"]:
        """z_0 to z_T of one batch."""

    def scores_given(
        self, images: UInt8[Tensor, "n c h w"], z: Float[Tensor, "n d"], t: int
    ) -> Float[Tensor, "n classes"]:
        """Logits of block t (from 1) for one batch, given z_{t-1}."""


@dataclass(frozen=True)
class BlockFindings:
    """Shares of images that one block names rightly, by what it is given.

    `both`: the image and its label noised as in training. `wrong_image`: the noised label with the
    image of another class, right being what z says. `image`: the image with a label drawn at
    random in z. `chain`: the image with the state that the blocks before it make.
    `bayes`: what could at best be said from z alone.
    """

    block: int
    both: float
    wrong_image: float
    image: float
    chain: float
    bayes: float


def analyse_blocks(
    chain: NoisedChain, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], seed: int = 0
) -> list[BlockFindings]:
    """The findings of every block on the given images, with noise drawn from the seed."""
    found, classes = [], len(chain.table)
    states = torch.cat([chain.states(part) for part in batches(images)], 1)
    for t in range(1, chain.schedule.T + 1):
        generator = block_generator(seed, t, "analyse", 0, images.device)
        other = _other_class(labels, classes, generator)
        z = chain.schedule.noised_target(chain.table[labels], t - 1, generator)
        random = torch.randint(classes, labels.shape, generator=generator, device=labels.device)
        strange = chain.schedule.noised_target(chain.table[random], t - 1, generator)
        found.append(
            BlockFindings(
                t,
                both=_share(_named(chain, images, z, t) == labels),
                wrong_image=_share(_named(chain, images[other], z, t) == labels),
                image=_share(_named(chain, images, strange, t) == labels),
                chain=_share(_named(chain, images, states[t - 1], t) == labels),
                bayes=_share(_nearest(chain, z, t) == labels),
            )
        )
    return found


def ensemble_accuracy(
    chain: NoisedChain, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"]
) -> float:
    """The blocks as a plain ensemble: the mean of their class probabilities at z = 0."""
    total = torch.zeros(len(images), len(chain.table), device=images.device)
    z = torch.zeros(len(images), chain.table.shape[1], device=images.device)
    for t in range(1, chain.schedule.T + 1):
        total += _logits(chain, images, z, t).softmax(1)
    return _share(total.argmax(1) == labels)


@torch.no_grad()
def _logits(chain: NoisedChain, images: Tensor, z: Tensor, t: int) -> Tensor:
    parts = zip(batches(images), z.split(BATCH), strict=True)
    return torch.cat([chain.scores_given(part, rows, t) for part, rows in parts])


def _named(chain: NoisedChain, images: Tensor, z: Tensor, t: int) -> Tensor:
    return _logits(chain, images, z, t).argmax(1)


def _nearest(chain: NoisedChain, z: Tensor, t: int) -> Tensor:
    """The most probable class given z_{t-1} alone, every class being as frequent."""
    signal = float(chain.schedule.alpha_bar[t - 1])
    return torch.cdist(z, signal**0.5 * chain.table).argmin(1)


def _other_class(labels: Tensor, classes: int, generator: torch.Generator) -> Tensor:
    """For each image the index of a random image of another class."""
    order = torch.randperm(len(labels), generator=generator, device=labels.device)
    for _ in range(classes * 10):
        same = labels[order] == labels
        if not bool(same.any()):
            break
        where = same.nonzero().flatten()
        drawn = torch.randint(len(labels), (len(where),), generator=generator, device=labels.device)
        order[where] = drawn
    return order


def _share(right: Tensor) -> float:
    return float(right.double().mean())
