"""The one reader of picture files: upright, opaque, eight bits a channel, or a reason why not."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from oneshot.errors import BadInputError

FORMATS = "PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"
"""Of Pillow's, those that need no other program."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm"})

LARGEST = 64_000_000
"""Pixels; a file that claims more is not decoded."""

WHITE, BLACK = 255, 0

_VISIBLE = 16
"""Grey levels between the darkest and the lightest pixel of something that can be seen."""

Mode = Literal["L", "RGB"]


@dataclass(frozen=True, eq=False)
class Picture:
    """The first frame of a file in grey (L) or colour (RGB), and what had to be done for that."""

    image: Image.Image
    remarks: tuple[str, ...] = ()


def read_picture(
    path: Path, mode: Mode, *, ground: int = WHITE, enough: int | None = None
) -> Picture:
    """The file as people see it: turned as its EXIF says, transparent parts on the ground.

    Pictures of 16 bits and of floats are scaled to 8. JPEG files much larger than `enough` pixels
    along each side are decoded at a lower resolution. Raises BadInputError, with the reason, for
    what is no picture, damaged, over 64 million pixels, or of numbers that are no brightness.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong is said in one line below
        try:
            with Image.open(path, formats=FORMATS) as file:
                if file.width * file.height > LARGEST:
                    raise _too_large(path, f"{file.width} x {file.height}")
                if enough is not None:
                    file.draft(None, (enough, enough))
                file.load()
                frames = _frames_remark(file)
                seen, scaled = _eight_bits(ImageOps.exif_transpose(file))
            laid, grounded = _opaque(seen, ground)
            return Picture(laid.convert(mode), (*frames, *scaled, *grounded))
        except BadInputError as error:
            raise BadInputError(f"{_short(path)} {error}") from error
        except Image.DecompressionBombError as error:
            raise _too_large(path, "too many") from error
        except Exception as error:  # damaged files make the library raise a dozen kinds
            raise BadInputError(_refusal(path, error)) from error


def as_tensor(image: Image.Image) -> UInt8[Tensor, "c h w"]:
    """The pixels of a picture in grey or colour, on the CPU."""
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def middle_square(image: Image.Image, side: int) -> UInt8[Tensor, "c side side"]:
    """The pixels of the largest square in the middle, `side` pixels high and wide."""
    return as_tensor(ImageOps.fit(image, (side, side), Image.Resampling.BICUBIC))


def _frames_remark(file: Image.Image) -> tuple[str, ...]:
    # A phone's MPO file holds a preview or a depth map beside the photograph.
    if file.format == "MPO" or not getattr(file, "is_animated", False):
        return ()
    return (f"the first of {getattr(file, 'n_frames', 2)} frames or pages is looked at",)


def _eight_bits(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The picture with 8 bits a channel; BadInputError where its numbers are no brightness."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float64)
        grey = Image.fromarray(_rounded(values / 257))
        if "transparency" in image.info:
            hidden = values == image.info["transparency"]
            grey.putalpha(Image.fromarray(_rounded(np.where(hidden, 0.0, 255.0))))
        return grey, ()
    if image.mode not in ("I", "F"):
        return image, ()
    values = np.asarray(image).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    tops = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    fitting = [top for top in tops if high <= top]
    if not fitting or low < 0 or not np.isfinite(values).all():
        raise BadInputError(
            f"holds numbers from {low:.4g} to {high:.4g}, which are no brightness; "
            "save it with 8 bits, or as floats from 0 to 1"
        )
    said = f"its numbers are taken as brightness from 0 to {fitting[0]:.0f}"
    return Image.fromarray(_rounded(values * (255 / fitting[0]))), (said,)


def _rounded(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _opaque(image: Image.Image, ground: int) -> tuple[Image.Image, tuple[str, ...]]:
    """The picture laid on the ground, or on the other one where it could not be seen on that."""
    if not image.has_transparency_data:
        return image, ()
    clear = image.convert("RGBA")
    if _range(clear.getchannel("A"))[0] == 255:
        return clear.convert("RGB"), ()
    laid = _laid(clear, ground)
    if _hidden(laid):
        other = _laid(clear, WHITE - ground)
        laid, ground = (laid, ground) if _hidden(other) else (other, WHITE - ground)
    return laid, (f"transparent parts are put on {'white' if ground else 'black'}",)


def _laid(image: Image.Image, ground: int) -> Image.Image:
    below = Image.new("RGBA", image.size, (ground, ground, ground, 255))
    return Image.alpha_composite(below, image).convert("RGB")


def _hidden(image: Image.Image) -> bool:
    low, high = _range(image.convert("L"))
    return high - low < _VISIBLE


def _range(band: Image.Image) -> tuple[int, int]:
    extrema: Any = band.getextrema()
    return int(extrema[0]), int(extrema[1])


def _too_large(path: Path, size: str) -> BadInputError:
    return BadInputError(
        f"{_short(path)} has {size} pixels; give one of at most {LARGEST // 10**6} million"
    )


def _refusal(path: Path, error: Exception) -> str:
    """Why a file is no picture, and what to do about it."""
    name, end = _short(path), "give a PNG or JPEG file"
    try:
        if not path.exists():
            return f"{name} does not exist; check its path"
        if not path.is_file():
            return f"{name} is no file; {end}"
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as refused:
        return f"{name} cannot be read ({refused.strerror}); check its path and permissions"
    if not head:
        return f"{name} is empty; {end}"
    if b"<svg" in head.lower():
        return f"{name} cannot be read as a picture (an SVG drawing); save it as a PNG file"
    if head[4:8] == b"ftyp":
        return f"{name} cannot be read as a picture (HEIC, AVIF or film); save it as a JPEG file"
    reason = " ".join(str(error).split())[:100]
    if "cannot identify" in reason:
        reason = "of none of the kinds " + ", ".join(FORMATS)
    return f"{name} cannot be read as a picture ({reason}); {end}"


def _short(path: Path) -> str:
    return str(path)[:200]
