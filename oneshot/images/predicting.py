"""What a trained model says of a picture file, and what had to be done to the picture for that."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from oneshot.core.threads import single_thread
from oneshot.errors import BadInputError
from oneshot.images.pictures.handwriting import WORKING, prepare
from oneshot.images.pictures.reading import Mode, Picture, as_tensor, middle_square, read_picture
from oneshot.images.trained import Trained


@dataclass(frozen=True)
class Prediction:
    """How sure the model is of each class, the likeliest first.

    `prepared` says what was done to the picture; `strange` is whether it is unlike all that the
    model was trained on, None where that was not measured.
    """

    source: str
    ranking: tuple[tuple[int, float], ...]
    prepared: tuple[str, ...]
    strange: bool | None


def predict(trained: Trained, path: Path, device: torch.device, *, as_is: bool) -> Prediction:
    """Look at a file; BadInputError for no picture, or, `as_is`, for one of another size."""
    seen = _seen(trained, path, as_is)
    with single_thread():
        found = trained.probabilities(seen.pixels[None].to(device))[0].cpu()
        known, strange = trained.calibration, None if seen.written else True
        if known is not None and seen.written:
            strange = bool(known.likeness.is_strange(seen.pixels[None])[0])
    shares, order = found.sort(descending=True, stable=True)
    ranking = tuple(zip(order.tolist(), shares.tolist(), strict=True))
    return Prediction(str(path), ranking, seen.remarks, strange)


@dataclass(frozen=True, eq=False)
class _Seen:
    """The pixels as the model wants them, what was done, and whether there is anything to see."""

    pixels: UInt8[Tensor, "c h w"]
    remarks: tuple[str, ...]
    written: bool = True


def _seen(trained: Trained, path: Path, as_is: bool) -> _Seen:
    size, mode = trained.inputs, _mode(trained)
    prepares = trained.digits and not as_is
    enough = 4 * WORKING if prepares else 2 * max(size.height, size.width)
    picture = read_picture(path, mode, ground=trained.ground, enough=enough)
    if as_is:
        return _Seen(_as_is(picture, size.width, size.height, path), picture.remarks)
    if prepares:
        made = prepare(picture.image)
        return _Seen(made.pixels, (*picture.remarks, *made.remarks), made.written)
    if picture.image.size == (size.width, size.height):
        return _Seen(as_tensor(picture.image), picture.remarks)
    said = f"the middle square, scaled to {size.height} pixels"
    return _Seen(middle_square(picture.image, size.height), (*picture.remarks, said))


def _as_is(picture: Picture, width: int, height: int, path: Path) -> Tensor:
    if picture.image.size != (width, height):
        raise BadInputError(
            f"{path} is {picture.image.width} x {picture.image.height} pixels; "
            f"give {width} x {height}, or leave --as-is out"
        )
    return as_tensor(picture.image)


def _mode(trained: Trained) -> Mode:
    return "L" if trained.inputs.channels == 1 else "RGB"
