"""Feedback alignment inside a block: the error reaches the hidden units by fixed random weights."""

from dataclasses import dataclass

import torch

from oneshot.images.data import ImageSet
from oneshot.images.model import Report
from oneshot.images.rules.two_layer import (
    LocalSettings,
    TwoLayerChain,
    new_chain,
    noised_examples,
)


@dataclass(frozen=True)
class FeedbackAlignmentSettings(LocalSettings):
    """LocalSettings; the feedback's spread is that of the hidden weights' errors."""


def train(images: ImageSet, settings: FeedbackAlignmentSettings, report: Report) -> TwoLayerChain:
    """The chain trained on the set's training images.

    The readout's synapses see their own error; hidden synapses see that error through a matrix
    drawn once, in the place of the readout's transpose (arXiv 1411.0247).
    """
    device = images.train_images.device
    generator = torch.Generator(device).manual_seed(settings.seed)
    with torch.no_grad():
        chain = new_chain(images, settings, generator)
        size = (settings.T, images.classes, settings.hidden)
        feedback = torch.randn(size, generator=generator, device=device) / images.classes**0.5
        for pixels, z, u in noised_examples(chain, images, generator, report):
            activity = chain.activity(pixels, z)
            error = (u - activity.estimate) / len(u)
            chain.readout.add_(activity.outputs.mT @ error, alpha=settings.rate)
            credit = (error @ feedback) * (activity.drive > 0)
            chain.hidden.add_(activity.inputs.mT @ credit, alpha=settings.rate)
    return chain
