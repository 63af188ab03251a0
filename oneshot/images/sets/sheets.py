"""Image sets in files: NumPy archives of encoded sheets, each many images side by side."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.sets.names import plain_name

LARGEST_SIDE = 4096
"""Pixels along one side of a sheet; a file that claims more is not decoded."""

FIELDS = "blob", "off", "y", "shape", "cols"

_DAMAGE = OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, BadInputError


@dataclass(frozen=True)
class _Tiles:
    """The size of one image and the number of images in a row of a sheet."""

    height: int
    width: int
    channels: int
    columns: int

    def cut(self, encoded: bytes) -> NDArray[np.uint8]:
        """The images of one sheet, n x c x h x w; BadInputError where its size cannot be right."""
        with Image.open(io.BytesIO(encoded)) as sheet:
            width, height = sheet.size
            whole = width == self.columns * self.width and height % self.height == 0
            if not whole or height < 1 or max(width, height) > LARGEST_SIDE:
                raise BadInputError(f"a sheet of {width} x {height} pixels is not made of {self}")
            pixels = np.asarray(sheet.convert("RGB"))[..., : self.channels]
        rows = pixels.reshape(-1, self.height, self.columns, self.width, self.channels)
        shape = (-1, self.channels, self.height, self.width)
        return np.ascontiguousarray(rows.transpose(0, 2, 4, 1, 3)).reshape(shape)


def sheet_files(folder: Path, name: str, split: str) -> list[Path]:
    """The files of one split in reading order: `<name>_<split>.npz`, or numbered `_0`, `_1`, ..."""
    whole = folder / f"{name}_{split}.npz"
    return [whole] if whole.is_file() else sorted(folder.glob(f"{name}_{split}_[0-9].npz"))


def read_sheets(paths: list[Path]) -> tuple[UInt8[Tensor, "n c h w"], Int64[Tensor, " n"]]:
    """All images and labels of the files, in order, on the CPU.

    Raises BadInputError for a file that is truncated or not of this format.
    """
    parts = [_read(path) for path in paths]
    shapes = {images.shape[1:] for images, _ in parts}
    if len(shapes) != 1:
        raise BadInputError(f"{paths[0].parent}: image sizes {sorted(shapes)} differ; give one")
    images = np.concatenate([images for images, _ in parts])
    labels = np.concatenate([labels for _, labels in parts])
    return torch.from_numpy(images), torch.from_numpy(labels)


def sheet_classes(path: Path) -> tuple[str, ...]:
    """The names of the classes that a file gives; none where it gives none or is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return tuple(plain_name(str(name)) for name in archive["classes"])
    except _DAMAGE:
        return ()


def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            blob, offsets, labels, shape, columns = (archive[field] for field in FIELDS)
        height, width, channels = (int(side) for side in shape)
        tiles = _Tiles(height, width, channels, int(columns))
        images = np.concatenate([tiles.cut(sheet) for sheet in _slices(blob, offsets)])
    except _DAMAGE as error:
        raise BadInputError(
            f"{path} cannot be read as an image set ({error}); fetch the file again"
        ) from error
    if len(images) != len(labels):
        raise BadInputError(
            f"{path} holds {len(images)} images and {len(labels)} labels; fetch the file again"
        )
    return images, labels.astype(np.int64)


def _slices(blob: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Iterator[bytes]:
    for start, stop in pairwise(offsets):
        yield blob[start:stop].tobytes()
