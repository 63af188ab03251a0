"""Photographs of any size as small squares of pixels, and the photographs of a folder."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps
from torch import Tensor

from oneshot.errors import BadInputError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm"})

LARGEST = 100_000_000
"""Pixels; a file that claims more is not decoded."""


def read_photo(path: Path, side: int) -> UInt8[Tensor, "3 side side"]:
    """The middle square of a photograph, upright, in colour, `side` pixels high and wide.

    Raises BadInputError for a file that is missing, no picture, or of over 100 million pixels.
    """
    try:
        with Image.open(path) as file:
            if file.width * file.height > LARGEST:
                raise BadInputError(
                    f"{path} is {file.width} x {file.height} pixels; give a smaller one"
                )
            file.draft("RGB", (2 * side, 2 * side))  # JPEG files are decoded small
            photo = ImageOps.exif_transpose(file).convert("RGB")
    except FileNotFoundError as error:
        raise BadInputError(f"{path} does not exist; check its path") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())[:100]
        raise BadInputError(
            f"{str(path)[:200]} cannot be read as a picture ({reason}); give a PNG or JPEG file"
        ) from error
    square = ImageOps.fit(photo, (side, side), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(square).transpose(2, 0, 1).copy())


def photos_in(path: Path) -> list[Path]:
    """The photographs in a folder and below, sorted; BadInputError for none."""
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise BadInputError(
            f"{path} holds no pictures ({', '.join(sorted(SUFFIXES))}); give another folder"
        )
    return found


def class_folders(tree: Path) -> dict[str, list[Path]]:
    """The photographs of a tree with a folder for each class, by class.

    Raises BadInputError where there is no such folder, or one without pictures.
    """
    folders = sorted(p for p in tree.iterdir() if p.is_dir()) if tree.is_dir() else []
    if not folders:
        raise BadInputError(f"{tree} holds no folders; give one with a folder of pictures a class")
    return {folder.name: photos_in(folder) for folder in folders}
