"""Slopes, weights and middles under which examples whose truth is known are the likeliest."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from oneshot.classes.writers.sharpness import Sharpness

_SLOPES = tuple(1.12**i for i in range(-45, 46))
_WEIGHTS = tuple(0.05 * 1.2**i for i in range(26))
_SHIFTS = torch.linspace(-4, 4, 81, dtype=torch.float64)

_SLOPE_SPREAD, _WEIGHT_SPREAD, _SHIFT_SPREAD = 0.25, 0.4, 2.0
"""How far a folder's values stray from its host's, as deviations of logarithms and log-odds."""

_TELLING = 150.0
"""Examples that count at most: they share their classes, so that more of them tell little more."""


def fitted_slope(
    scores: Float[Tensor, "n classes"], truth: Int64[Tensor, " n"], host: float | None = None
) -> float:
    """The slope under which the right classes are likeliest; near the host's, where that is known.

    Scores of -inf are those of classes that take no part.
    """
    finite = scores[scores.isfinite()]
    around = host or 1 / max(float(finite.std()), 1e-9)
    count = min(len(truth), _TELLING)

    def loss(factor: float) -> float:
        found = count * float(cross_entropy(around * factor * scores, truth))
        away = math.log(factor) / _SLOPE_SPREAD
        return found + (away**2 / 2 if host else 0.0)

    return around * min(_SLOPES, key=loss)


def fitted_none(
    known: Float[Tensor, " n"], strange: Float[Tensor, " m"], host: Sharpness | None = None
) -> tuple[float, float]:
    """The weight and middle under which known examples and strangers are told apart best.

    Both kinds count alike, however many there are; where a host's are given, they are the prior.
    """
    both = torch.cat([known, strange])
    centre, scale = float(both.mean()), max(float(both.std()), 1e-9)
    near, far = (known - centre) / scale, (strange - centre) / scale
    count = min(len(known), _TELLING)
    best = math.inf, 1 / scale, centre
    for weight in _WEIGHTS:
        losses = softplus(-weight * near[:, None] - _SHIFTS).mean(0)
        losses = count * (losses + softplus(weight * far[:, None] + _SHIFTS).mean(0))
        if host is not None:
            losses = losses + (math.log(weight / scale / host.weight) / _WEIGHT_SPREAD) ** 2 / 2
            shift = host.weight * (centre - host.middle)
            losses = losses + ((_SHIFTS - shift) / _SHIFT_SPREAD) ** 2 / 2
        place = int(losses.argmin())
        middle = centre - scale * float(_SHIFTS[place]) / weight
        best = min(best, (float(losses[place]), weight / scale, middle))
    return best[1], best[2]


def lower_edge(values: Float[Tensor, " n"], share: float) -> float:
    """What this share of new values is below, by n values that are alike.

    A new one is as likely to fall into each of the n + 1 gaps between them. Where n is too few for
    the smallest to be the edge, the line through it and the lower quarter goes on.
    """
    ranked = values.sort().values
    place = share * (len(values) + 1) - 1
    if place < 0:
        return float(ranked[0] + place * (ranked[len(values) // 4] - ranked[0]))
    low = int(place)
    return float(ranked[low].lerp(ranked[min(low + 1, len(values) - 1)], place - low))
