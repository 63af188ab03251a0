"""Tiny images that a block can learn in a few steps."""

import torch
from torch import Tensor

SIDE, CLASSES = 14, 4


def pixels(n: int = 24) -> tuple[Tensor, Tensor]:
    """Images whose bright quarter is their class."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % CLASSES
    images = torch.randint(60, (n, 1, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    for row, label in enumerate(labels.tolist()):
        y, x = divmod(label, 2)
        images[row, 0, 7 * y : 7 * y + 7, 7 * x : 7 * x + 7] += 150
    return images, labels
