"""How often a fact would speak where it should not, at the threshold that gives a fixed recall.

Methods that gate by a score stand at different places of one curve; shares of right answers alone
reward the one that speaks most. Here each is given the threshold at which it answers a set share of
questions about taught facts, and what is wrong is counted there, kind by kind.
"""

import math
from collections.abc import Sequence
from typing import Any

from oneshot.retention.methods.interface import Forgetting, Method, Sure
from oneshot.retention.suites.match import normalise
from oneshot.retention.suites.suite import DELETED, Probe, Suite

RECALLS = (0.5, 0.7)
ASKED = ("question", "paraphrase")  # the told axis that recall is taken from: the first there is


def measure_false_fires(method: Method, suite: Suite) -> dict[str, Any]:
    """By recall: the threshold, and of each kind of question the share at which a fact would speak.

    `per_1000_tokens` is the same over the tokens of those questions. A recall that no threshold
    reaches is None. Empty for methods that have no score.
    """
    asked = next((suite.told[axis] for axis in ASKED if suite.told.get(axis)), [])
    if not isinstance(method, Sure) or not asked:
        return {}
    hits = _right(method, asked)
    kinds = {
        axis: probes
        for axis, probes in (suite.kept | suite.unsaid).items()
        if probes and (axis != DELETED or isinstance(method, Forgetting))
    }
    scores = {axis: _scores(method, probes) for axis, probes in kinds.items()}
    tokens = {axis: _tokens(method, probes) for axis, probes in kinds.items()}
    return {f"{recall:.0%}": _at(threshold(hits, recall), scores, tokens) for recall in RECALLS}


def threshold(hits: Sequence[float], recall: float) -> float | None:
    """The highest score at which this share of the questions is answered rightly; None for none."""
    needed = math.ceil(recall * len(hits))
    score = sorted(hits, reverse=True)[needed - 1]
    return score if score > -math.inf else None


def _at(
    least: float | None, scores: dict[str, list[float]], tokens: dict[str, int]
) -> dict[str, Any] | None:
    if least is None:
        return None
    fired = {axis: sum(score >= least for score in found) for axis, found in scores.items()}
    kinds = {
        axis: {
            "share": round(count / len(scores[axis]), 4),
            "per_1000_tokens": round(1000 * count / tokens[axis], 3),
            "n": len(scores[axis]),
        }
        for axis, count in fired.items()
    }
    whole = 1000 * sum(fired.values()) / max(1, sum(tokens.values()))
    return {"threshold": round(least, 4), "per_1000_tokens": round(whole, 3), "kinds": kinds}


def _right(method: Sure, probes: Sequence[Probe]) -> list[float]:
    """Each question's score where the fact that it is about is the likeliest, else -inf."""
    found = method.sureness([probe.question for probe in probes])
    pairs = zip(found, probes, strict=True)
    return [s if normalise(a) == normalise(p.answer) else -math.inf for (s, a), p in pairs]


def _scores(method: Sure, probes: Sequence[Probe]) -> list[float]:
    return [score for score, _ in method.sureness([probe.question for probe in probes])]


def _tokens(method: Method, probes: Sequence[Probe]) -> int:
    return sum(len(ids) for ids in method.host.tokenizer([p.prompt for p in probes])["input_ids"])
