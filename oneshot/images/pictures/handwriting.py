"""A person's own digits as MNIST's were made: light on dark, cropped, scaled, centred by mass."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from PIL import Image
from torch import Tensor
from torch.nn.functional import max_pool2d

from oneshot.images.pictures.reading import as_tensor

SIDE, BOX = 28, 20
"""Pixels along a side of a picture of MNIST, and along the longer side of the digit in it."""

WORKING = 140
"""Pixels along the longer side in which the digit is looked for."""

_STROKE = 2.2
"""Pixels that a thin pen's stroke is widened to; MNIST's are two to four wide."""

_FAINT, _FULL = 0.3, 0.9
"""Shares of the ink's usual contrast that become black and white."""

_EDGE = 0.5
"""Share of the strongest contrast that is ink; a shadow's edge has less."""

_LEAST = 0.06
"""Contrast below which nothing was written."""

_SPECK = 0.08
"""Share of the largest connected stroke below which another one is dirt."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture as MNIST's are, and what was done; nothing where it already was like one."""

    pixels: UInt8[Tensor, "1 28 28"]
    remarks: tuple[str, ...] = ()
    written: bool = True
    """Whether anything is written on it."""


def prepare(image: Image.Image) -> Prepared:
    """A picture of one digit, in grey, as the digits of MNIST were made."""
    if _is_ready(image):
        return Prepared(as_tensor(image))
    small = _working(image)
    shades = torch.from_numpy(np.asarray(small).astype(np.float32) / 255)
    ink, dark = _ink(shades)
    mask = _strokes(ink)
    if not bool(mask.any()):
        plain = image.resize((SIDE, SIDE), Image.Resampling.BOX)
        return Prepared(as_tensor(plain), ("no writing was found in it",), False)
    rows, columns = (_span(mask.any(axis)) for axis in (1, 0))
    usual = float(ink[mask].quantile(0.75))
    light = ((ink / usual - _FAINT) / (_FULL - _FAINT)).clamp(0, 1) * _grown(mask, 1)
    digit = _widened(light[rows, columns], mask[rows, columns])
    said = ["dark on light turned into light on dark"] if dark else []
    said += [f"cropped to {_part(columns, small.width)} x {_part(rows, small.height)} of it"]
    said += [f"scaled to {BOX} pixels", "centred by mass"]
    return Prepared(_placed(digit), tuple(said))


def _is_ready(image: Image.Image) -> bool:
    """Whether it has MNIST's size, a black edge, and its middle where MNIST has it."""
    if image.size != (SIDE, SIDE):
        return False
    shades = torch.from_numpy(np.asarray(image).astype(np.float32))
    edge = torch.cat([shades[[0, -1]].flatten(), shades[:, [0, -1]].flatten()])
    bright = shades > 64
    if float(edge.max()) > 32 or not bool(bright.any()):
        return False
    spans = [_span(bright.any(axis)) for axis in (1, 0)]
    if max(span.stop - span.start for span in spans) < BOX - 2:
        return False
    return all(abs(centre - (SIDE - 1) / 2) < 1.5 for centre in _centre(shades))


def _working(image: Image.Image) -> Image.Image:
    """The picture scaled to the size that all widths below are meant for."""
    scale = WORKING / max(image.size)
    size = [max(round(side * scale), 8) for side in image.size]
    return image.resize((size[0], size[1]), Image.Resampling.BICUBIC)


def _ink(shades: Float[Tensor, "h w"]) -> tuple[Float[Tensor, "h w"], bool]:
    """How much each pixel stands out from the ground beside it, and whether ink is the darker.

    The ground is what a closing (or opening) with a window wider than strokes leaves, so that
    neither a lamp on one side nor a shadow counts as ink.
    """
    smooth = _blurred(shades, 1)
    dark = _is_dark(smooth)
    shown = 1 - smooth if dark else smooth  # from here on, ink is light
    window = max(shades.shape) // 6
    ground = _blurred(_grown(_shrunk(shown, window), window), window // 2)
    # Light falls on ink and paper alike, so that their ratio counts and not their difference.
    return ((shown - ground) / (1 - ground).clamp_min(0.05)).clamp(0, 1), dark


def _is_dark(shades: Float[Tensor, "h w"]) -> bool:
    """Whether what is written is darker than what it is written on.

    Ink covers less than half of a picture, so shades are skewed towards it, once light that
    changes smoothly from side to side is taken out.
    """
    h, w = shades.shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    terms = torch.stack([torch.ones_like(x), x, y, x * x, x * y, y * y]).flatten(1).T.double()
    values = shades.flatten().double()[:, None]
    rest = values - terms @ torch.linalg.lstsq(terms, values).solution
    return bool(rest.pow(3).sum() < 0)


def _strokes(ink: Float[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """Where the ink is, without dirt; nothing where the contrast is only noise."""
    high = float(ink.flatten().topk(max(8, ink.numel() // 200)).values.mean())
    if high < _LEAST:
        return torch.zeros_like(ink, dtype=torch.bool)
    mask = ink > _EDGE * high
    parts = _components(mask)
    sizes = torch.bincount(parts.flatten())
    sizes[0] = 0
    inside = sizes.clone()
    inside[torch.cat([parts[[0, -1]].flatten(), parts[:, [0, -1]].flatten()])] = 0
    if int(inside.max()) > _SPECK * int(sizes.max()):  # else the digit itself is cut off
        sizes = inside
    return (sizes > _SPECK * int(sizes.max()))[parts]


def _components(mask: Bool[Tensor, "h w"]) -> Tensor:
    """A number for each connected part, 0 outside; gaps of a pixel do not part strokes."""
    numbers = torch.arange(1.0, mask.numel() + 1).view(mask.shape) * mask
    while not torch.equal(spread := _grown(numbers, 2) * mask, numbers):
        numbers = spread
    known, places = torch.unique(numbers, return_inverse=True)
    counted: Tensor = places + int(known[0] > 0)
    return counted


def _widened(light: Float[Tensor, "h w"], mask: Bool[Tensor, "h w"]) -> Float[Tensor, "_ _"]:
    """The digit with thin strokes made as wide as a pen's in MNIST, once it is scaled."""
    scale = max(light.shape) / BOX
    edge = mask & ~(_shrunk(mask.float(), 1) > 0)
    width = 2 * int(mask.sum()) / max(int(edge.sum()), 1)
    lacking = round((_STROKE * scale - width) / 2)
    if lacking < 1:
        return light
    return _grown(torch.nn.functional.pad(light, (lacking,) * 4), lacking)


def _placed(digit: Float[Tensor, "h w"]) -> UInt8[Tensor, "1 28 28"]:
    """The digit in MNIST's box, its mass in the middle of the picture."""
    h, w = digit.shape
    size = [max(1, round(BOX * side / max(h, w))) for side in (h, w)]
    image = Image.fromarray((digit * 255).round().to(torch.uint8).numpy())
    image = image.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    small = torch.from_numpy(np.asarray(image).copy())
    placed = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
    corner = [
        min(max(round((SIDE - 1) / 2 - centre), 0), SIDE - side)
        for centre, side in zip(_centre(small.float()), size, strict=True)
    ]
    placed[0, corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = small
    return placed


def _centre(shades: Float[Tensor, "h w"]) -> tuple[float, float]:
    """Row and column of the centre of mass."""
    total = float(shades.sum())
    rows = torch.arange(shades.shape[0], dtype=shades.dtype)
    columns = torch.arange(shades.shape[1], dtype=shades.dtype)
    return float((shades.sum(1) @ rows) / total), float((shades.sum(0) @ columns) / total)


def _span(occupied: Bool[Tensor, " n"]) -> slice:
    places = occupied.nonzero().flatten()
    return slice(int(places[0]), int(places[-1]) + 1)


def _part(span: slice, whole: int) -> str:
    return f"{(span.stop - span.start) / whole:.0%}"


def _grown(values: Tensor, by: int) -> Tensor:
    """The greatest value within `by` pixels."""
    padded = values.float()[None, None]
    rows = max_pool2d(padded, (2 * by + 1, 1), 1, (by, 0))
    grown: Tensor = max_pool2d(rows, (1, 2 * by + 1), 1, (0, by))[0, 0]
    return grown


def _shrunk(values: Tensor, by: int) -> Tensor:
    """The least value within `by` pixels; outside the picture nothing is less."""
    return -_grown(-values.float(), by)


def _blurred(values: Tensor, by: int) -> Tensor:
    """Means over squares of 2 by + 1 pixels, the picture's edge repeated."""
    padded = torch.nn.functional.pad(values.float()[None, None], (by,) * 4, "replicate")
    blurred: Tensor = torch.nn.functional.avg_pool2d(padded, 2 * by + 1, 1)[0, 0]
    return blurred
