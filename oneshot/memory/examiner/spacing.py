"""Spaced repetition: when a fact is to be examined again.

Weights do not fade with time as a pupil's memory does, so the models of forgetting that flash-card
programs fit have nothing to fit here; what is kept of them is their schedule. A fact that has held
for some days is asked again after twice as many, one that failed after a quarter of its interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST, GROWTH, SHRINK, LONGEST = 1.0, 2.0, 4.0, 180.0  # days, but for the two factors


@dataclass(frozen=True)
class Standing:
    """How long a fact may be left alone, in days, until when, and whether it failed last."""

    interval: float
    due: datetime
    failed: bool


def standing(taught: datetime, outcomes: Sequence[tuple[datetime, bool]]) -> Standing:
    """A fact's standing after its examinations, oldest first; without any it is due at once."""
    interval, last, failed = 0.0, taught, False
    for at, right in outcomes:
        held = max(0.0, (at - last) / timedelta(days=1))
        if right:
            # Asked again early, it has shown less than its interval and does not lose it.
            interval = min(LONGEST, max(FIRST, interval, GROWTH * held))
        else:
            interval /= SHRINK
        last, failed = at, not right
    return Standing(interval, last + timedelta(days=interval), failed)
