"""Each taught example judged by classes taught without it; what that says of the probabilities."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from oneshot.classes.writers.fitting import fitted_none, fitted_slope, lower_edge
from oneshot.classes.writers.sharpness import STRANGERS, Evidence, Sharpness
from oneshot.classes.writers.tallied import Codes, TalliedWriter, in_order
from oneshot.images.features.integers import LEVELS

FOLDS = 10
"""Parts that the examples of each class are dealt into; up to 10 examples are left out singly."""

_CONSULTED = 600
"""Examples that adapt the probabilities at most."""

_REJECTED = 0.05
"""The share of examples left out that may be called none of these, with the usual strangers."""

_FEW = 12
"""Examples that tell nothing of whether the classes can be told apart at all."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Evidence of examples by classes without them; -inf for a class that had no other example.

    `truth` holds places in the classes' sorted names.
    """

    evidence: Evidence
    truth: Int64[Tensor, " n"]

    @property
    def single(self) -> Tensor:
        """Which examples are the only ones of their class."""
        return self.evidence.scores.gather(1, self.truth[:, None])[:, 0].isneginf()

    def plural(self) -> "HeldOut":
        """Without those."""
        return HeldOut(self.evidence.rows(~self.single), self.truth[~self.single])


@dataclass(frozen=True)
class Judgement:
    """How sure a folder's scores are, and how many of `n` examples left out were told right."""

    sharpness: Sharpness
    right: int = 0
    n: int = 0

    def by_chance(self, classes: int) -> bool:
        """Whether that is no more than what one in so many classes gives by chance.

        That is within one standard deviation; few examples tell nothing.
        """
        expected = self.n / classes
        return self.n >= _FEW and self.right <= expected + math.sqrt(expected * (1 - 1 / classes))


def hold_out(writer: TalliedWriter, each: int | None = None) -> HeldOut:
    """Leave out in turn all examples, or `each` of every class, a tenth at a time.

    Where fewer are a twentieth of their classes, they go in fewer parts. Which they are does not
    depend on when they came. The writer is the same afterwards.
    """
    names, parts = writer.names, list[HeldOut]()
    codes = {name: _some(in_order(writer.codes(name)), each) for name in names}
    folds = _folds(int(writer.counts.min()), each)
    for fold in range(folds):
        held = {name: c[fold::folds] for name, c in codes.items() if len(c) > fold}
        for name, rows in held.items():
            writer.remove_codes(name, rows)
        parts += [_judged(writer, rows, name, names) for name, rows in held.items()]
        for name, rows in held.items():
            writer.add_codes(name, rows)
    return HeldOut(
        Evidence(
            torch.cat([p.evidence.scores for p in parts]),
            torch.cat([p.evidence.ratios for p in parts]),
        ),
        torch.cat([p.truth for p in parts]),
    )


def judge(host: Sharpness, writer: TalliedWriter) -> Judgement:
    """The host's sharpness corrected by the taught examples, where the domain is another.

    Examples left out in turn tell how sure the scores are; taken for their class they are known
    ones, with it left out altogether they are strangers like those that a user has. Where that
    would call more than a twentieth of them none of these, fewer are. Without a second class or a
    second example of any there is nothing to correct by.
    """
    if len(writer.names) < 2:
        return Judgement(host)
    found = hold_out(writer, max(2, _CONSULTED // len(writer.names))).plural()
    if not len(found.truth):
        return Judgement(host)
    strange = found.evidence.without(found.truth)
    there = strange.ratios.isfinite().any(1)
    slope = fitted_slope(found.evidence.scores, found.truth, host.slope)
    weight, middle = fitted_none(found.evidence.known, strange.known[there], host)
    middle = min(
        middle, lower_edge(found.evidence.known, _REJECTED) + math.log(1 / STRANGERS - 1) / weight
    )
    right = int((found.evidence.scores.argmax(1) == found.truth).sum())
    return Judgement(Sharpness(slope, weight, middle), right, len(found.truth))


def _some(codes: Codes, count: int | None) -> Codes:
    """So many rows at most, spread over all."""
    if count is None or len(codes) <= count:
        return codes
    return codes[torch.arange(count) * len(codes) // count]


def _folds(fewest: int, each: int | None) -> int:
    """So many parts that none holds more than a twentieth of a class, but at most FOLDS."""
    taken = min(fewest, each or fewest)
    return min(FOLDS, math.ceil(taken / max(1, fewest // 20))) if each else FOLDS


def _judged(writer: TalliedWriter, codes: Tensor, name: str, names: tuple[str, ...]) -> HeldOut:
    found = writer.evidence(codes.double() / LEVELS)
    here = torch.tensor([names.index(left) for left in writer.names], dtype=torch.int64)
    shape = len(codes), len(names)
    spread = (
        torch.full(shape, -math.inf, dtype=torch.float64).index_copy_(1, here, values)
        for values in (found.scores, found.ratios)
    )
    return HeldOut(Evidence(*spread), torch.full((len(codes),), names.index(name)))
