"""What suits this machine: the precision, how long a run takes, how many epochs ten minutes are."""

import time
from statistics import median

import torch

from oneshot.core.precision import has_half_products
from oneshot.images.build import new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Precision
from oneshot.images.settings import TrainSettings

PATIENCE = 600.0
"""Seconds that a run takes about where no epochs are asked for."""

MOST_EPOCHS = 100
"""The paper's."""

_TIMED = 3


def quick_precision(device: torch.device) -> Precision:
    """bfloat16 where the device has products for it, else float32, which is then far quicker."""
    return Precision.BF16 if has_half_products(device.type) else Precision.FP32


def affordable_epochs(settings: TrainSettings, images: ImageSet) -> int:
    """The epochs that this machine trains in PATIENCE; at least one, at most the paper's."""
    per_epoch = len(images.train_labels) // _batch(settings, images)
    each = seconds_per_step(settings, images) * max(per_epoch, 1)
    return min(max(int(PATIENCE / each), 1), MOST_EPOCHS)


def seconds_per_step(settings: TrainSettings, images: ImageSet) -> float:
    """The median of a few steps of a model that is made for that and dropped."""
    trainee, taken = new_trainee(settings, images), list[float]()
    batch = _batch(settings, images)
    part = images.train_images[:batch], images.train_labels[:batch]
    for number in range(_TIMED + 1):
        began = time.perf_counter()
        trainee.step(*part, number).sum().item()
        taken.append(time.perf_counter() - began)
    return median(taken[1:])  # the first one also prepares


def _batch(settings: TrainSettings, images: ImageSet) -> int:
    return max(min(settings.batch, len(images.train_labels)), 1)
