"""Figures of answers with "none of these": right, rejected, how sure, and how honest that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from experiments.classes.measures import area
from oneshot.classes.reliability import calibration_error, reliability, weighed
from oneshot.classes.writers.sharpness import STRANGERS

REJECTS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of known examples that are rejected, at which strangers' rejection is told."""


@dataclass(frozen=True, eq=False)
class Answered:
    """Answers to known examples, whose classes are `truth`, and then to strangers."""

    probabilities: Float[Tensor, "n classes_and_none"]
    forced: Float[Tensor, "n classes"]
    nearness: Float[Tensor, " n"]
    truth: Int64[Tensor, " known"]

    @property
    def none(self) -> Tensor:
        """Which answers are none of these, as `guess` decides."""
        return self.probabilities[:, -1] > 0.5

    @property
    def right(self) -> Tensor:
        """Which answers are right; those to strangers where they are none of these."""
        known, none = len(self.truth), self.none
        right = (self.probabilities[:known, :-1].argmax(1) == self.truth) & ~none[:known]
        return torch.cat([right, none[known:]])

    @property
    def sure(self) -> Tensor:
        """The probability that each answer says."""
        best = self.probabilities[:, :-1].amax(1)
        return torch.where(self.none, self.probabilities[:, -1], best)


def figures(parts: Sequence[Answered]) -> dict[str, Any]:
    """In per cent with the half of 95 % intervals; areas are means over draws."""
    known = [len(p.truth) for p in parts]
    strange = [len(p.probabilities) - n for p, n in zip(parts, known, strict=True)]
    pairs = list(zip(parts, known, strict=True))
    forced_right = [p.forced[:n].argmax(1) == p.truth for p, n in pairs]
    found: dict[str, Any] = {
        "n": sum(known),
        "forced": share(forced_right),
        "answered": share([p.right[:n] for p, n in pairs]),
        "false_rejects": share([p.none[:n] for p, n in pairs]),
        "error_forced": error(
            torch.cat([p.forced[:n].amax(1) for p, n in pairs]), torch.cat(forced_right), None
        ),
    }
    if not any(strange):
        return found
    signals = {
        "none": [1 - p.probabilities[:, -1] for p in parts],
        "maximum softmax": [p.forced.amax(1) for p in parts],
        "distance": [p.nearness for p in parts],
    }
    asked = [torch.arange(len(p.probabilities)) < n for p, n in pairs]
    weights = torch.cat([weighed(which, STRANGERS) for which in asked])
    return found | {
        "strangers": sum(strange),
        "strangers_rejected": share([p.none[n:] for p, n in pairs]),
        "error": error(
            torch.cat([p.sure for p in parts]), torch.cat([p.right for p in parts]), weights
        ),
        "auroc": {
            name: round(
                sum(area(v[:n], v[n:]) for v, n in zip(values, known, strict=True)) / len(parts), 3
            )
            for name, values in signals.items()
        },
        "strangers_rejected_at": {
            f"{100 * rejects:g}": round(
                100
                * sum(
                    rejected_at(v[:n], v[n:], rejects)
                    for v, n in zip(signals["none"], known, strict=True)
                )
                / len(parts),
                1,
            )
            for rejects in REJECTS
        },
    }


def share(parts: Sequence[Tensor]) -> list[float]:
    """Per cent and half of its interval: over draws where there are several, else binomial."""
    values = torch.stack([part.double().mean() for part in parts])
    if len(parts) > 1:
        half = float(values.std()) / len(parts) ** 0.5
    else:
        half = (float(values[0]) * (1 - float(values[0])) / len(parts[0])) ** 0.5
    return [round(100 * float(values.mean()), 2), round(196 * half, 2)]


def error(sure: Tensor, right: Tensor, weights: Tensor | None) -> float:
    """The expected calibration error, of all draws together."""
    return round(calibration_error(reliability(sure, right, weights)), 4)


def rejected_at(known: Tensor, strangers: Tensor, rejects: float) -> float:
    """The share of strangers below what `rejects` of the known examples are below."""
    return float((strangers < known.double().quantile(rejects)).double().mean())
