"""Label embeddings of image classes: what the chain of blocks denoises towards."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from oneshot.errors import BadInputError

_CHUNK = 1000


def random_embedding(
    classes: int, size: int, generator: torch.Generator
) -> Float[Tensor, "classes size"]:
    """Rows of norm 1, orthogonal where there are no more classes than numbers, else random."""
    draw = torch.randn(classes, size, generator=generator)
    if classes <= size:
        basis: Tensor = torch.linalg.qr(draw.T).Q
        return basis.T.contiguous()
    return torch.nn.functional.normalize(draw, dim=1)


def prototypes(
    images: Float[Tensor, "n d"], labels: Int64[Tensor, " n"], classes: int
) -> Float[Tensor, "classes d"]:
    """Per class its image of the smallest median distance to the images of the class.

    Holds a thousand rows of distances at a time. Raises BadInputError for a class with no image.
    """
    rows = []
    for label in range(classes):
        members = images[labels == label]
        if not len(members):
            raise BadInputError(f"class {label} has no image; give each class at least one")
        medians = [
            torch.cdist(members[start : start + _CHUNK], members).median(1).values
            for start in range(0, len(members), _CHUNK)
        ]
        rows.append(members[torch.cat(medians).argmin()])
    return torch.stack(rows)
