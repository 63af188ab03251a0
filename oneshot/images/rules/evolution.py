"""Evolution strategies: each block is a population that keeps what lowers its own loss."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet
from oneshot.images.model import Report
from oneshot.images.rules.two_layer import (
    LocalSettings,
    TwoLayerChain,
    new_chain,
    noised_examples,
)


@dataclass(frozen=True)
class EvolutionSettings(LocalSettings):
    """LocalSettings, the number of antithetic `pairs` a step, and their `spread`.

    Raises BadInputError for values out of range.
    """

    hidden: int = 24
    batch: int = 128
    rate: float = 0.2
    shrink: int = 4
    pairs: int = 24
    spread: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pairs < 1 or not self.spread > 0:
            raise BadInputError(f"settings {self} came; give pairs >= 1 and a positive spread")


def train(images: ImageSet, settings: EvolutionSettings, report: Report) -> TwoLayerChain:
    """The chain trained on the set's training images.

    All members of all blocks run in one batched product. A step moves a block by its perturbations,
    weighted with the ranks of their cross-entropies (arXiv 1703.03864).
    """
    device = images.train_images.device
    generator = torch.Generator(device).manual_seed(settings.seed)
    with torch.no_grad():
        chain = new_chain(images, settings, generator)
        weights = (chain.hidden, chain.readout)
        for pixels, z, u in noised_examples(chain, images, generator, report):
            half = [
                torch.randn(settings.pairs, *w.shape, generator=generator, device=device)
                for w in weights
            ]
            tried = [torch.cat([noise, -noise]) * settings.spread for noise in half]
            losses = _losses(chain, tried, pixels, z, u)
            push = shaped(-losses)
            push = push[: settings.pairs] - push[settings.pairs :]
            for weight, noise in zip(weights, half, strict=True):
                step = torch.einsum("pt,ptij->tij", push, noise)
                weight.add_(step, alpha=settings.rate / settings.pairs)
    return chain


def shaped(fitness: Float[Tensor, "members T"]) -> Float[Tensor, "members T"]:
    """Ranks among the members, spread evenly from -1/2 to 1/2, so that outliers count no more."""
    ranks = fitness.argsort(0).argsort(0)
    return ranks.float() / max(len(fitness) - 1, 1) - 0.5


def _losses(
    chain: TwoLayerChain, tried: list[Tensor], pixels: Tensor, z: Tensor, u: Tensor
) -> Tensor:
    """Cross-entropies of the perturbed blocks, [members, T]."""
    members = len(tried[0])
    hidden, readout = (
        (weight + change).flatten(0, 1)
        for weight, change in zip((chain.hidden, chain.readout), tried, strict=True)
    )
    population = TwoLayerChain(hidden, readout, chain.mean_std, chain.settings)
    estimate = population.activity(pixels, z.repeat(members, 1, 1)).estimate
    right = (estimate * u).sum(2).clamp_min(1e-9)
    return -right.log().mean(1).view(members, -1)
