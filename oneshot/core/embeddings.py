"""Label embeddings: vectors from which a frozen head says a given token."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.errors import BadInputError

_CHUNK = 4096
"""Rows of the head that are held in fp64 at a time."""


@dataclass(frozen=True)
class LabelWhitening:
    """u_y = S^{-1} (w_y - mean w), of norm 1, for rows w_y of a head.

    S is the covariance of the head's rows plus a share of its mean diagonal; the caller scales
    the embeddings to the norm of the states that the head reads.
    """

    mean: Float[Tensor, " dim"]
    inverse: Float[Tensor, "dim dim"]

    @classmethod
    def of(cls, head: Float[Tensor, "vocab dim"], ridge: float = 1e-3) -> "LabelWhitening":
        """Fit to a head; holds one chunk of rows and two dim x dim matrices in fp64.

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
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(covariance))
        return cls(mean.float(), (inverse * variance).float())

    def __call__(self, rows: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
        """The label embeddings of the tokens whose head rows are given, in fp32; a row equal to
        the mean gives zeros.
        """
        mean, inverse = self.mean.to(rows.device), self.inverse.to(rows.device)
        whitened = (rows.float() - mean) @ inverse
        return torch.nn.functional.normalize(whitened, dim=1)


def whitened_label_embeddings(
    head: Float[Tensor, "vocab dim"], ridge: float = 1e-3
) -> Float[Tensor, "vocab dim"]:
    """The label embeddings of every row of a head; see `LabelWhitening`."""
    return LabelWhitening.of(head, ridge)(head)


def _chunks(head: Tensor) -> Iterator[Tensor]:
    return (rows.detach().double() for rows in torch.split(head, _CHUNK))


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
