"""Random binary features of an address: entity code x relation code x position in the answer."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from oneshot.errors import BadInputError

STEPS = 18
"""Positions of an answer that can be told apart."""


class BinaryFeatures:
    """f = sign(W e + b) * sign(R r) * s_step, element by element: `size` features of -1 or +1.

    Entries of W and R are standard normal, those of b normal with deviation `width`, the distance
    at which two codes still mean one entity. Two entity codes at an angle theta, seen from a point
    `width` off their space's origin, share a sign with probability 1 - theta / pi; so codes a
    `width` apart agree on most features and unrelated ones on half. The mean product of two
    features is the product of the three parts' similarities: every part has to match.
    Equal arguments give equal features; raises BadInputError for sizes or a width not positive.
    """

    def __init__(
        self, entity_dim: int, relation_dim: int, size: int, seed: int, width: float = 1.0
    ) -> None:
        if min(entity_dim, relation_dim, size) < 1 or not width > 0:
            raise BadInputError(
                f"features of entity_dim {entity_dim}, relation_dim {relation_dim}, size {size}, "
                f"width {width} were asked for; give positive numbers"
            )
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        self._entity_map = draw(entity_dim, size)
        self._offset = width * draw(size)
        self._relation_map = draw(relation_dim, size)
        self._steps = _sign(draw(STEPS, size))

    @property
    def size(self) -> int:
        """The number of features."""
        return len(self._offset)

    def __call__(
        self,
        entity: Float[Tensor, "n entity_dim"],
        relation: Float[Tensor, "n relation_dim"],
        step: Int[Tensor, " n"],
    ) -> Float[Tensor, "n size"]:
        """The features of n addresses in fp32 on the entity codes' device.

        Raises BadInputError for a step outside 0..STEPS-1.
        """
        if len(step) and not 0 <= int(step.min()) <= int(step.max()) < STEPS:
            raise BadInputError(
                f"steps from {int(step.min())} to {int(step.max())} came; give 0 to {STEPS - 1}"
            )
        parts = (self.of_entity(entity), self.of_relation(relation), self._steps[step.cpu()])
        return (parts[0] * parts[1] * parts[2]).to(entity.device)

    def of_entity(self, entity: Float[Tensor, "n entity_dim"]) -> Float[Tensor, "n size"]:
        """The first of the three factors, on the CPU."""
        # fp64 on the CPU: a fact gets the same signs on every device.
        return _sign(entity.cpu().double() @ self._entity_map + self._offset)

    def of_relation(self, relation: Float[Tensor, "n relation_dim"]) -> Float[Tensor, "n size"]:
        """The second of the three factors, on the CPU."""
        return _sign(relation.cpu().double() @ self._relation_map)

    def of_step(self, step: int) -> Float[Tensor, " size"]:
        """The third of the three factors, on the CPU."""
        return self._steps[step]


def _sign(values: Tensor) -> Tensor:
    """Signs as fp32 without a zero."""
    return torch.where(values >= 0, 1.0, -1.0).float()
