"""Random numbers that depend on (seed, block, purpose, step) alone, so nothing needs saving.

A block draws the same numbers whether it is trained alone or beside others, before or after an
interruption, in one process or in many.
"""

import hashlib

import torch
from jaxtyping import Bool
from torch import Tensor

from oneshot.images.noprop.block import KEPT, BlockShape


def block_generator(
    seed: int, block: int, purpose: str, step: int, device: torch.device
) -> torch.Generator:
    """A generator for one purpose of one block at one step."""
    key = f"{seed}/{block}/{purpose}/{step}".encode()
    number = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1
    return torch.Generator(device).manual_seed(number)


def mask_shapes(shape: BlockShape, *, cropped: bool) -> list[tuple[int, int, int]]:
    """Channels, height and width after each convolution, where dropout acts.

    `cropped` leaves out the rows and columns that the next layers would drop.
    """
    sides = [
        shape.sides(shape.used(side) if cropped else side) for side in (shape.height, shape.width)
    ]
    shapes = list(zip(shape.filters, *sides, strict=True))
    return shapes * (2 if shape.image_labels else 1)


def dropout_masks(
    shape: BlockShape, images: int, generator: torch.Generator, *, cropped: bool = True
) -> list[Bool[Tensor, "n _ _ _"]]:
    """Dropout masks of one block for `images` images; each is true with probability KEPT.

    In channels-last memory, as the convolutions have their results.
    """
    masks = []
    for channels, height, width in mask_shapes(shape, cropped=cropped):
        count = images * height * width * channels
        limit = int(KEPT * 256)
        # 1 below the limit, 0 from it on: ten times as fast as a comparison, whose loop is scalar.
        kept = _random_bytes(count, generator).clamp_(limit - 1, limit).neg_().add_(limit)
        kept = kept.view(torch.bool)
        masks.append(kept.view(images, height, width, channels).permute(0, 3, 1, 2))
    return masks


def _random_bytes(count: int, generator: torch.Generator) -> Tensor:
    """Eight bytes a draw: dropout would else take as long as a convolution."""
    words = torch.empty(-(-count // 8), dtype=torch.int64, device=generator.device)
    return words.random_(-(2**63), None, generator=generator).view(torch.uint8)[:count]
