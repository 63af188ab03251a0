"""How often what is said with a probability is right: bins, their error, and a picture of them."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Answers said with a probability above `low` and up to `high`: how sure, and how often right.

    `weight` is the share of all answers that they stand for. So few of them would lie about
    `chance` apart from what is said if that were exact.
    """

    low: float
    high: float
    n: int
    weight: float
    said: float
    right: float
    chance: float


def reliability(
    sure: Float[Tensor, " n"], right: Bool[Tensor, " n"], weights: Float[Tensor, " n"] | None = None
) -> tuple[Bin, ...]:
    """The bins that hold answers; all count alike where there are no weights."""
    weights = torch.ones(len(sure)) if weights is None else weights
    weights = weights.double() / weights.double().sum()
    place = (sure * BINS).ceil().long().clamp(1, BINS) - 1
    found = list[Bin]()
    for number in place.unique().tolist():
        rows = place == number
        own = weights[rows]
        total = float(own.sum())
        said, true = (float((own * v[rows].double()).sum()) / total for v in (sure, right))
        # The mean distance of a normal variable from its mean is its deviation times this root.
        deviation = float((own.square() * (sure * (1 - sure))[rows].double()).sum()) ** 0.5 / total
        bounds = number / BINS, (number + 1) / BINS
        chance = deviation * math.sqrt(2 / math.pi)
        found.append(Bin(*bounds, int(rows.sum()), total, said, true, chance))
    return tuple(found)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """The mean gap between what is said and how often it is right: the expected calibration error.

    Naeini et al. 2015.
    """
    return sum(b.weight * abs(b.said - b.right) for b in bins)


def error_by_chance(bins: tuple[Bin, ...]) -> float:
    """What the error would be about, from so few answers, if what is said were exact."""
    return sum(b.weight * b.chance for b in bins)


def weighed(known: Bool[Tensor, " n"], strangers: float) -> Float[Tensor, " n"]:
    """Weights under which strangers are the share that is expected, where there are both."""
    count, others = int(known.sum()), int((~known).sum())
    if not count or not others:
        return torch.ones(len(known))
    return torch.where(known, (1 - strangers) / count, strangers / others)


_SIDE, _EDGE = 320, 48


def figure(bins: tuple[Bin, ...]) -> str:
    """A reliability diagram as SVG: what was said across, how often it was right upwards."""
    bottom = _SIDE + _EDGE / 2

    def at(value: float) -> float:
        return _EDGE + value * _SIDE

    parts = [
        f'<rect x="{at(b.low) + 1:.1f}" y="{bottom - b.right * _SIDE:.1f}" '
        f'width="{_SIDE / BINS - 2:.1f}" height="{b.right * _SIDE:.1f}" fill="#4878a8">'
        f"<title>{b.n} answers said with {b.said:.0%} on average, {b.right:.0%} right</title>"
        f'</rect><text x="{at(b.low + 0.05):.1f}" y="{bottom - b.right * _SIDE - 4:.1f}" '
        f'font-size="10" text-anchor="middle">{b.n}</text>'
        for b in bins
    ]
    ticks = [
        f'<text x="{at(t):.1f}" y="{bottom + 16}" text-anchor="middle">{t:.0%}</text>'
        f'<text x="{_EDGE - 6}" y="{bottom - t * _SIDE + 4:.1f}" text-anchor="end">{t:.0%}</text>'
        for t in (0.0, 0.5, 1.0)
    ]
    size = _SIDE + 1.5 * _EDGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size:.0f} {size:.0f}" '
        'font-family="sans-serif" font-size="12" role="img">'
        "<title>How often answers are right, by how sure they are said to be</title>"
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}{"".join(ticks)}'
        f'<path d="M{at(0.0)},{bottom} L{at(1.0)},{bottom - _SIDE}" stroke="#333" '
        'stroke-dasharray="4 3" fill="none"/>'
        f'<text x="{at(0.5):.1f}" y="{bottom + 36}" text-anchor="middle">said</text>'
        f'<text x="12" y="{bottom - _SIDE - 8:.0f}">right</text></svg>\n'
    )
