"""Tiny images that a block can learn in a few steps."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

SIDE, CLASSES = 14, 4


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other are slow on a busy machine, and these products small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pixels(n: int = 24) -> tuple[Tensor, Tensor]:
    """Images whose bright quarter is their class."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % CLASSES
    images = torch.randint(60, (n, 1, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    for row, label in enumerate(labels.tolist()):
        y, x = divmod(label, 2)
        images[row, 0, 7 * y : 7 * y + 7, 7 * x : 7 * x + 7] += 150
    return images, labels


def write_set(folder: Path, name: str = "cifar10", side: int = 14) -> None:
    """A set in files: 48 training and 24 test images of one of four classes, in colour."""
    for split, n in (("train", 48), ("test", 24)):
        images, labels = pixels(n)
        colour = images.repeat(1, 3, 1, 1).permute(0, 2, 3, 1).numpy()
        padded = np.pad(colour, ((0, 0), (0, side - SIDE), (0, side - SIDE), (0, 0)))
        write_sheet(folder / f"{name}_{split}.npz", padded, labels.numpy())


def write_sheet(path: Path, images: NDArray[np.uint8], labels: Any, columns: int = 2) -> None:
    """A file of n x h x w x 3 images, all in one lossless sheet."""
    n, h, w, c = images.shape
    rows = images.reshape(n // columns, columns, h, w, c).swapaxes(1, 2)
    sheet = Image.fromarray(rows.reshape(n // columns * h, columns * w, c))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", lossless=True)
    blob = np.frombuffer(buffer.getvalue(), dtype=np.uint8)
    np.savez(
        path,
        blob=blob,
        off=np.array([0, len(blob)]),
        y=np.asarray(labels, dtype=np.uint8),
        shape=np.array([h, w, c]),
        cols=np.array(columns),
    )
