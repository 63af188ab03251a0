"""How sure a share of right answers is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from oneshot.core.shares import wilson

RESAMPLES = 1000


def interval(hits: Sequence[bool] | Sequence[float], seed: int = 0) -> dict[str, Any]:
    """Mean, 95 % interval and count; not for none.

    The interval is Wilson's for answers that are right or wrong, and for shares the bootstrap's
    (percentiles of 1,000 resamples).
    """
    values = np.asarray(hits, dtype=float)
    if np.isin(values, (0, 1)).all():
        low, high = wilson(values.mean().item(), len(values))
    else:
        draws = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values))).mean(1)
        low, high = np.quantile(draws, [0.025, 0.975]).tolist()
    return {
        "mean": values.mean().round(5).item(),
        "low": round(low, 5),
        "high": round(high, 5),
        "n": len(values),
    }
