"""How sure a share of right answers is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

RESAMPLES = 1000


def interval(hits: Sequence[bool] | Sequence[float], seed: int = 0) -> dict[str, Any]:
    """Mean, bootstrap 95 % interval (percentiles of 1,000 resamples) and count; not for none."""
    values = np.asarray(hits, dtype=float)
    draws = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values))).mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {
        "mean": values.mean().round(5).item(),
        "low": round(low.item(), 5),
        "high": round(high.item(), 5),
        "n": len(values),
    }
