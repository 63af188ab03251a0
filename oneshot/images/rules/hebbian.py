"""Hebbian features, found without labels, and a readout by the delta rule."""

from dataclasses import dataclass

import torch
from torch import Tensor

from oneshot.images.data import ImageSet
from oneshot.images.model import Report
from oneshot.images.rules.oja import oja_step
from oneshot.images.rules.two_layer import (
    LocalSettings,
    TwoLayerChain,
    new_chain,
    noised_examples,
)


@dataclass(frozen=True)
class HebbianSettings(LocalSettings):
    """LocalSettings and the features' own: their `hebbian_rate`, and how they compete.

    `sharpness` is the inverse temperature of the competition on normalised drives; `activity` the
    share of images that a unit is to fire for, held by its threshold.
    """

    rate: float = 4.0
    hebbian_rate: float = 0.005
    sharpness: float = 60.0
    activity: float = 0.15


def train(images: ImageSet, settings: HebbianSettings, report: Report) -> TwoLayerChain:
    """The chain trained on the set's training images.

    A hidden unit moves by Oja's rule in proportion to its share of a soft competition, and its
    threshold follows its activity; the readout moves by error times presynaptic activity, divided
    by the activity's square (arXiv 2107.05747 has the soft competition).
    """
    generator = torch.Generator(images.train_images.device).manual_seed(settings.seed)
    with torch.no_grad():
        chain = new_chain(images, settings, generator)
        size = chain.hidden.shape[1] - images.classes - 1
        features, thresholds = chain.hidden[:, :size], chain.hidden[:, -1]
        chain.hidden[:, size:] = 0
        features.div_(features.norm(dim=1, keepdim=True))
        for pixels, z, u in noised_examples(chain, images, generator, report):
            activity = chain.activity(pixels, z)
            outputs, error = activity.outputs, u - activity.estimate
            power = outputs.square().sum(2).mean(1)[:, None, None]
            chain.readout.add_(settings.rate * (outputs.mT @ error) / (power * len(u)))
            features.add_(_competitive_oja(features, pixels, settings))
            firing = (activity.drive > 0).float().mean(1)
            thresholds.add_(settings.hebbian_rate * (settings.activity - firing))
    return chain


def _competitive_oja(features: Tensor, pixels: Tensor, settings: HebbianSettings) -> Tensor:
    """The step of features [T, p, h] for a batch [n, p], each pixel vector brought to norm 1."""
    unit = pixels / pixels.norm(dim=1, keepdim=True).clamp_min(1e-6)
    share = (settings.sharpness * (unit @ features)).softmax(2)
    won = share.mean(1)[:, None].clamp_min(1 / len(pixels))
    step: Tensor = settings.hebbian_rate * oja_step(features, unit, share) / won
    return step
