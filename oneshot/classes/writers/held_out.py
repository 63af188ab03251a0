"""Each taught example judged by classes taught without it; what that says of the probabilities."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from oneshot.classes.writers.calibration import STRANGERS, Sharpness
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.images.features.integers import LEVELS

FOLDS = 20
"""Parts that the examples of each class are dealt into; up to 20 examples are left out singly."""

_CONSULTED = 600
"""Examples that adapt the probabilities at most."""

_STEPS = tuple(range(-6, 7))
_SLOPE_RATIO, _SLOPE_SPREAD = 1.15, 0.25
_OFFSET_STEP, _OFFSET_SPREAD = 1.0, 2.5


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Evidence of examples by classes without them; -inf for a class that had no other example.

    `truth` holds places in the classes' sorted names.
    """

    scores: Float[Tensor, "n classes"]
    none: Float[Tensor, " n"]
    truth: Int64[Tensor, " n"]

    @property
    def single(self) -> Tensor:
        """Which examples are the only ones of their class."""
        return self.scores.gather(1, self.truth[:, None])[:, 0].isneginf()


def hold_out(writer: TalliedWriter, each: int | None = None) -> HeldOut:
    """Leave out in turn all examples, or the first `each` of every class, a twentieth at a time.

    The writer is the same afterwards.
    """
    names, parts = writer.names, list[HeldOut]()
    codes = {name: writer.codes(name) for name in names}
    for fold in range(FOLDS):
        held = {name: c[:each][fold::FOLDS] for name, c in codes.items() if len(c[:each]) > fold}
        for name, rows in held.items():
            writer.remove_codes(name, rows)
        parts += [_judged(writer, rows, name, names) for name, rows in held.items()]
        for name, rows in held.items():
            writer.add_codes(name, rows)
    return HeldOut(
        torch.cat([p.scores for p in parts]),
        torch.cat([p.none for p in parts]),
        torch.cat([p.truth for p in parts]),
    )


def adapted(sharpness: Sharpness, writer: TalliedWriter) -> Sharpness:
    """The host's slope and offset corrected by the taught examples, where the domain is another.

    The likelihood of examples left out in turn, taken for their class, and with their class left
    out altogether, taken for none (which weigh as STRANGERS says), decides; the host's values are
    its prior. Without a second
    class or a second example of any there is nothing to correct them by.
    """
    if len(writer.names) < 2:
        return sharpness
    found = hold_out(writer, max(2, _CONSULTED // len(writer.names)))
    known = ~found.single
    if not bool(known.any()):
        return sharpness
    scores, none, truth = found.scores[known], found.none[known], found.truth[known]
    stranger = scores.scatter(1, truth[:, None], -math.inf)
    grid = [(i, j) for i in _STEPS for j in _STEPS]

    def loss(step: tuple[int, int]) -> float:
        moved = _moved(sharpness, *step)
        as_known = moved.probabilities(scores, none).gather(1, truth[:, None])[:, 0]
        as_stranger = moved.probabilities(stranger, none)[:, -1]
        likelihood = as_known.clamp_min(1e-12).log().sum()
        likelihood = likelihood + STRANGERS * as_stranger.clamp_min(1e-12).log().sum()
        prior = (step[0] * math.log(_SLOPE_RATIO) / _SLOPE_SPREAD) ** 2
        prior += (step[1] * _OFFSET_STEP / _OFFSET_SPREAD) ** 2
        return prior / 2 - float(likelihood)

    return _moved(sharpness, *min(grid, key=loss))


def _moved(sharpness: Sharpness, slope: int, offset: int) -> Sharpness:
    return Sharpness(
        sharpness.slope * _SLOPE_RATIO**slope, sharpness.offset + _OFFSET_STEP * offset
    )


def _judged(writer: TalliedWriter, codes: Tensor, name: str, names: tuple[str, ...]) -> HeldOut:
    scores = torch.full((len(codes), len(names)), -math.inf, dtype=torch.float64)
    here = [names.index(left) for left in writer.names]
    scores[:, here], none = writer.evidence(codes.double() / LEVELS)
    return HeldOut(scores, none, torch.full((len(codes),), names.index(name)))
