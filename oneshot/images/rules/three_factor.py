"""Three-factor learning: a synapse's eligibility is local, one reward a block is broadcast."""

from dataclasses import dataclass

import torch

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
class ThreeFactorSettings(LocalSettings):
    """LocalSettings and the standard deviation of the hidden units' `jitter`.

    Raises BadInputError unless it is positive.
    """

    rate: float = 0.15
    jitter: float = 0.3
    hidden_rate: float = 0.003

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.jitter > 0 or not self.hidden_rate > 0:
            raise BadInputError(f"settings {self} came; give a positive jitter and hidden_rate")


def train(images: ImageSet, settings: ThreeFactorSettings, report: Report) -> TwoLayerChain:
    """The chain trained on the set's training images.

    A block names one class, drawn from its estimate, and learns only whether that was right.
    Eligibility is presynaptic activity times what was random at the unit: the draw at an output,
    the jitter at a hidden unit. The reward less the batch's mean reward gates both (Williams 1992).
    """
    device = images.train_images.device
    generator = torch.Generator(device).manual_seed(settings.seed)
    with torch.no_grad():
        chain = new_chain(images, settings, generator)
        for pixels, z, u in noised_examples(chain, images, generator, report):
            size = (*z.shape[:2], settings.hidden)
            jitter = torch.randn(size, generator=generator, device=device)
            activity = chain.activity(pixels, z, settings.jitter * jitter)
            estimate = activity.estimate
            named = torch.multinomial(estimate.flatten(0, 1), 1, generator=generator)
            drawn = torch.zeros_like(estimate.flatten(0, 1)).scatter_(1, named, 1.0)
            drawn = drawn.view_as(estimate)
            reward = (drawn * u).sum(2, keepdim=True)
            gate = (reward - reward.mean(1, keepdim=True)) / len(u)
            at_readout = activity.outputs.mT @ (gate * (drawn - estimate))
            chain.readout.add_(at_readout, alpha=settings.rate)
            at_hidden = activity.inputs.mT @ (gate * jitter)
            chain.hidden.add_(at_hidden, alpha=settings.hidden_rate)
    return chain
