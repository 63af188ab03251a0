"""What every rule shares: the examples, the fitted block, and sums that are exact."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError

GRID = 2**16
"""Targets enter exact sums as integers in units of 1 / GRID."""

_CHUNK = 4096
"""Rows multiplied at a time; products of 2^12 pairs of 17-bit integers are exact in fp64."""


@dataclass(frozen=True, eq=False)
class Examples:
    """What a block is fitted on: one row per enrolment of a fact.

    `features` are -1 or +1; `targets` are label embeddings of norm 1 (or 0 for "no fact").
    Raises BadInputError for other values.
    """

    features: Num[Tensor, "n m"]
    targets: Float[Tensor, "n d"]

    def __post_init__(self) -> None:
        if not bool((self.features.abs() == 1).all()):
            raise BadInputError("features other than -1 and +1 came; take their signs first")
        if not bool((self.targets.norm(dim=1) <= 1.01).all()):
            raise BadInputError("targets of norm above 1 or not finite came; normalise them first")


@dataclass(frozen=True, eq=False)
class Block:
    """A fitted linear denoiser u_hat_t(z, f) = A_t f + B_t z for t = 1..steps.

    `weights["features"]` holds A [T or 1, d, m] and `weights["state"]`, where there is one,
    B [T, d, d], all fp32; a single A serves every step, and no B means zero.
    """

    weights: dict[str, Tensor]
    steps: int

    def denoise(
        self, features: Num[Tensor, "q m"], z: Float[Tensor, "q d"], t: int
    ) -> Float[Tensor, "q d"]:
        """Estimates of the clean targets from features and z_{t-1}; BadInputError for other t."""
        if not 1 <= t <= self.steps:
            raise BadInputError(f"step t = {t} came; give one from 1 to {self.steps}")
        maps = self.weights["features"]
        read = features.to(maps.dtype) @ maps[t - 1 if len(maps) > 1 else 0].T
        if "state" not in self.weights:
            return read
        return read + z.to(maps.dtype) @ self.weights["state"][t - 1].T


@runtime_checkable
class Rule(Protocol):
    """A local rule: it fits one block on its examples, knowing of no other block."""

    def fit(self, examples: Examples, schedule: Schedule) -> Block:
        """The block for every step of the schedule."""
        ...


Sums = TypeVar("Sums", bound="ExactSums")
"""A kind of exact sums; typing.Self is beyond the checker that the tests run under."""


@dataclass(frozen=True, eq=False)
class ExactSums(ABC):
    """Integer sums over examples: any order of adding and removing ends in the same bits.

    `totals` are int64 and hold for fewer than 2^31 examples.
    """

    count: int
    totals: tuple[Int64[Tensor, "_ _"], ...]

    @classmethod
    @abstractmethod
    def of(cls: type[Sums], examples: Examples) -> Sums:
        """The sums over the examples alone; none at all give zeros."""

    def add(self: Sums, examples: Examples) -> Sums:
        """The sums with the examples taken in."""
        return self + self.of(examples)

    def remove(self: Sums, examples: Examples) -> Sums:
        """The sums as if the examples had never been added; BadInputError if too many."""
        gone = self.of(examples)
        if gone.count > self.count:
            raise BadInputError(
                f"{gone.count} examples were to be removed from sums over {self.count}; "
                "remove only what was added"
            )
        return self + type(self)(-gone.count, tuple(-total for total in gone.totals))

    def __add__(self: Sums, other: Sums) -> Sums:
        pairs = zip(self.totals, other.totals, strict=True)
        return type(self)(self.count + other.count, tuple(a + b for a, b in pairs))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)) or self.count != other.count:
            return False
        return all(torch.equal(a, b) for a, b in zip(self.totals, other.totals, strict=True))

    __hash__ = None  # type: ignore[assignment]


def on_grid(targets: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Targets rounded to whole units of 1 / GRID, as fp64 integers."""
    return (targets.double() * GRID).round()


def exact_product(left: Num[Tensor, "n p"], right: Num[Tensor, "n q"]) -> Int64[Tensor, "p q"]:
    """left^T right for integers up to about GRID in size, exact whatever the order of the rows."""
    shape = (left.shape[1], right.shape[1])
    total = torch.zeros(shape, dtype=torch.int64, device=left.device)
    for a, b in zip(torch.split(left, _CHUNK), torch.split(right, _CHUNK), strict=True):
        total += (a.double().T @ b.double()).long()
    return total
