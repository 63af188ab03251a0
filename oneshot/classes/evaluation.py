"""Examinations of classes: on examples left out of them, or on others."""

from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from oneshot.classes.reliability import calibration_error, error_by_chance, reliability, weighed
from oneshot.classes.types import ClassScore, Evaluation
from oneshot.classes.writers.held_out import hold_out
from oneshot.classes.writers.sharpness import Sharpness
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.core.threads import single_thread

SURE_NONE = 0.5
"""None of the classes is said above this: when it is likelier than all of them together."""


def places_of(probabilities: Float[Tensor, "n classes_and_none"]) -> Int64[Tensor, " n"]:
    """What is answered: the place of the likeliest class, or of none of them behind the last."""
    none = probabilities[:, -1] > SURE_NONE
    return probabilities[:, :-1].argmax(1).where(~none, probabilities.shape[1] - 1)


def by_folds(writer: TalliedWriter, sharpness: Sharpness, strangers: float) -> Evaluation:
    """Judge each example by classes taught without it and up to a tenth of its class.

    Then each is judged as a stranger, by the other classes alone; so is, but once, an example that
    is the only one of its class.
    """
    with single_thread():
        found = hold_out(writer)
    plural = found.plural()
    parts = [sharpness.probabilities(plural.evidence, strangers)]
    if len(writer.names) > 1:
        alone = found.evidence.without(found.truth)
        some = alone.ratios.isfinite().any(1)
        parts.append(sharpness.probabilities(alone.rows(some), strangers))
    judged = torch.cat(parts)
    others = torch.full((len(judged) - len(plural.truth),), -1)
    truth = torch.cat([plural.truth, others])
    return evaluation("each example left out in turn", writer.names, judged, truth, strangers)


def evaluation(
    method: str,
    names: Sequence[str],
    probabilities: Float[Tensor, "n classes_and_none"],
    truth: Int64[Tensor, " n"],
    expected: float,
) -> Evaluation:
    """What was judged, put together; `truth` holds places in `names`, -1 for strangers.

    `expected` is the share of strangers that the probabilities suppose.
    """
    places, forced = places_of(probabilities), probabilities[:, :-1].argmax(1)
    known, strange = truth >= 0, places[truth < 0]
    scores = [_score(i, places[truth == i], names) for i in truth[known].unique().tolist()]
    if len(strange):
        scores.append(_score(-1, strange, names))
    sure = torch.where(places == len(names), probabilities[:, -1], probabilities[:, :-1].amax(1))
    right = places == torch.where(known, truth, len(names))
    bins = reliability(sure, right, weighed(known, expected))
    return Evaluation(
        method,
        int(known.sum()),
        _share(right[known]) or 0.0,
        _share((forced == truth)[known]) or 0.0,
        _share(places[known] == len(names)) or 0.0,
        len(strange),
        _share(strange == len(names)),
        expected,
        calibration_error(bins),
        error_by_chance(bins),
        bins,
        tuple(scores),
    )


def _share(found: Tensor) -> float | None:
    return float(found.double().mean()) if len(found) else None


def _score(place: int, found: Tensor, names: Sequence[str]) -> ClassScore:
    """Where the examples of one class went; place -1 stands for strangers."""
    counts = Counter(found.tolist())
    none = counts.pop(len(names), 0)
    right = none if place < 0 else counts.pop(place, 0)
    wrong = counts.most_common(1)
    taken_for = names[wrong[0][0]] if wrong else None
    return ClassScore(None if place < 0 else names[place], len(found), right, none, taken_for)
