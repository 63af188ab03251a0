"""When an answer counts as right, and how sure a share of right answers is."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

RESAMPLES = 1000
_ARTICLES = frozenset(("a", "an", "the"))
_MARKS = ".,;:!?\"'()[]\u201c\u201d\u2018\u2019"


def normalise(answer: str) -> str:
    """An answer without case, articles, marks at its words' ends and differences of spacing."""
    words = unicodedata.normalize("NFKC", answer).casefold().split()
    bare = [word.strip(_MARKS) for word in words]
    return " ".join(word for word in bare if word and word not in _ARTICLES)


def is_match(said: str, answer: str, aliases: Iterable[str] = ()) -> bool:
    """Whether an answer, whole, is the wanted one or one of its other names."""
    return normalise(said) in {normalise(name) for name in (answer, *aliases)}


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
