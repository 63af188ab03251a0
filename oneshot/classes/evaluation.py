"""Examinations of classes: on examples left out of them, or on others."""

from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from oneshot.classes.types import ClassScore, Evaluation
from oneshot.classes.writers.calibration import Sharpness
from oneshot.classes.writers.held_out import hold_out
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.core.threads import single_thread


def by_folds(writer: TalliedWriter, sharpness: Sharpness) -> Evaluation:
    """Judge each example by classes taught without it and up to a twentieth of its class.

    A class of one example cannot be guessed without it: it counts as a stranger.
    """
    with single_thread():
        found = hold_out(writer)
    truth = torch.where(found.single, -1, found.truth)
    judged = sharpness.probabilities(found.scores, found.none)
    return evaluation("each example left out in turn", writer.names, judged, truth)


def evaluation(
    method: str,
    names: Sequence[str],
    probabilities: Float[Tensor, "n classes_and_none"],
    truth: Int64[Tensor, " n"],
) -> Evaluation:
    """What was judged, put together; `truth` holds places in `names`, -1 for strangers."""
    places, forced = probabilities.argmax(1), probabilities[:, :-1].argmax(1)
    known, strange = truth >= 0, places[truth < 0]
    scores = [_score(i, places[truth == i], names) for i in truth[known].unique().tolist()]
    if len(strange):
        scores.append(_score(-1, strange, names))
    rejected = float((strange == len(names)).double().mean()) if len(strange) else None
    n = int(known.sum())
    right, likeliest = ((found == truth)[known].sum() / max(n, 1) for found in (places, forced))
    return Evaluation(
        method, n, float(right), float(likeliest), len(strange), rejected, tuple(scores)
    )


def _score(place: int, found: Tensor, names: Sequence[str]) -> ClassScore:
    """Where the examples of one class went; place -1 stands for strangers."""
    counts = Counter(found.tolist())
    none = counts.pop(len(names), 0)
    right = none if place < 0 else counts.pop(place, 0)
    wrong = counts.most_common(1)
    taken_for = names[wrong[0][0]] if wrong else None
    return ClassScore(None if place < 0 else names[place], len(found), right, none, taken_for)
