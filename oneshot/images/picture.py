"""One picture file as a batch of one image."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.sheets import LARGEST_SIDE


def read_picture(
    path: Path, channels: int, height: int, width: int, *, resize: bool = False
) -> UInt8[Tensor, "1 c h w"]:
    """The file's pixels, in grey or colour as wanted, on the CPU.

    Raises BadInputError for a file that is no picture, is over 4,096 pixels along a side, or has
    another size and is not to be resized.
    """
    try:
        with Image.open(path) as file:
            if max(file.size) > LARGEST_SIDE:
                raise BadInputError(
                    f"{path} is {file.size[0]} x {file.size[1]}; give a smaller one"
                )
            picture = file.convert("L" if channels == 1 else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInputError(f"{path} cannot be read as a picture ({error}); give a PNG") from error
    if resize:
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    if picture.size != (width, height):
        raise BadInputError(
            f"{path} is {picture.size[0]} x {picture.size[1]} pixels; "
            f"give {width} x {height}, or add --resize"
        )
    pixels = np.asarray(picture).reshape(height, width, channels).transpose(2, 0, 1)
    return torch.from_numpy(pixels.copy())[None]
