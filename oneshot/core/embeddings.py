"""Label embeddings: vectors from which a frozen head says a given token."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.errors import BadInputError

_CHUNK = 4096
"""Rows of the head that are held in fp64 at a time."""


def whitened_label_embeddings(
    head: Float[Tensor, "vocab dim"], ridge: float = 1e-3
) -> Float[Tensor, "vocab dim"]:
    """Unit-norm u_y = S^{-1} (w_y - mean w) for every row w_y of the head, in fp32.

    S is the covariance of the rows plus `ridge` times its mean diagonal; the caller scales the
    result to the norm of the states that the head reads. A row equal to the mean gives zeros.
    Memory beyond head and result is one chunk of rows and two dim x dim matrices in fp64.
    Raises BadInputError for ridge <= 0 or a head whose rows are all equal or not finite.
    """
    if not ridge > 0:
        raise BadInputError(f"ridge = {ridge} came; give a positive share of the mean variance")
    mean = _mean(head)
    covariance = _covariance(head, mean)
    variance = covariance.diagonal().mean()
    if not 0 < float(variance) < float("inf"):
        raise BadInputError(
            f"a head whose rows have a mean variance of {float(variance)} came; "
            "give finite rows that differ"
        )
    covariance.diagonal().add_(ridge * variance)
    factor = torch.linalg.cholesky(covariance)
    result = torch.empty(head.shape, dtype=torch.float32, device=head.device)
    for rows, out in zip(_chunks(head), result.split(_CHUNK), strict=True):
        whitened = torch.cholesky_solve((rows - mean).T, factor).T
        out.copy_(torch.nn.functional.normalize(whitened, dim=1))
    return result


def _chunks(head: Tensor) -> Iterator[Tensor]:
    return (rows.detach().double() for rows in head.split(_CHUNK))


def _mean(head: Tensor) -> Tensor:
    total = torch.zeros(head.shape[1], dtype=torch.float64, device=head.device)
    for rows in _chunks(head):
        total += rows.sum(0)
    return total / len(head)


def _covariance(head: Tensor, mean: Tensor) -> Tensor:
    width = head.shape[1]
    total = torch.zeros(width, width, dtype=torch.float64, device=head.device)
    for rows in _chunks(head):
        centred = rows - mean
        total.addmm_(centred.T, centred)
    return total / len(head)
