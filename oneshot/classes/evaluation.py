"""Examinations of classes: on examples left out of them, or on others."""

from collections import Counter
from collections.abc import Sequence

from torch import Tensor

from oneshot.classes.calibration import Sharpness
from oneshot.classes.held_out import hold_out
from oneshot.classes.tallied import TalliedWriter
from oneshot.classes.types import ClassScore, Evaluation


def by_folds(writer: TalliedWriter, sharpness: Sharpness) -> Evaluation:
    """Judge each example by classes taught without it and up to a twentieth of its class.

    A class of one example cannot be guessed without it: it counts as a stranger.
    """
    names, found = writer.names, hold_out(writer)
    places = sharpness.probabilities(found.scores, found.none).argmax(1)
    known = [(n, places[(found.truth == i) & ~found.single]) for i, n in enumerate(names)]
    judged = [(name, part) for name, part in known if len(part)]
    return evaluation("each example left out in turn", names, judged, places[found.single])


def evaluation(
    method: str, names: Sequence[str], judged: Sequence[tuple[str, Tensor]], strangers: Tensor
) -> Evaluation:
    """What was judged, as places in `names` (its length for none), put together."""
    scores = [_score(name, found, names) for name, found in judged]
    n, right = sum(s.n for s in scores), sum(s.right for s in scores)
    if len(strangers):
        scores.append(_score(None, strangers, names))
    rejected = float((strangers == len(names)).double().mean()) if len(strangers) else None
    accuracy = right / n if n else 0.0
    return Evaluation(method, n, accuracy, len(strangers), rejected, tuple(scores))


def _score(name: str | None, found: Tensor, names: Sequence[str]) -> ClassScore:
    counts = Counter(found.tolist())
    none = counts.pop(len(names), 0)
    own = names.index(name) if name in names else -1
    right = counts.pop(own, 0) if name is not None else none
    wrong = counts.most_common(1)
    taken_for = names[wrong[0][0]] if wrong else None
    return ClassScore(name, len(found), right, none, taken_for)
