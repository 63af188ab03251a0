"""Examinations of classes: on examples left out of them, or on others."""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from oneshot.classes.base import Report
from oneshot.classes.calibration import Sharpness
from oneshot.classes.tallied import TalliedWriter
from oneshot.classes.types import ClassScore, Evaluation
from oneshot.images.integers import LEVELS

FOLDS = 20
"""Parts that the examples of each class are dealt into; up to 20 examples are left out singly."""


def by_folds(writer: TalliedWriter, sharpness: Sharpness, report: Report) -> Evaluation:
    """Judge each example by classes taught without it and up to a twentieth of its class.

    The writer is as before afterwards. A class of one example cannot be guessed without it: it
    counts as a stranger.
    """
    names, codes = writer.names, {name: writer.codes(name) for name in writer.names}
    judged = {name: torch.zeros(len(codes[name]), dtype=torch.int64) for name in names}
    folds = {name: torch.arange(len(codes[name])) % FOLDS for name in names}
    for fold in range(FOLDS):
        held = {name: folds[name] == fold for name in names if bool((folds[name] == fold).any())}
        for name, rows in held.items():
            writer.remove_codes(name, codes[name][rows])
        for name, rows in held.items():
            judged[name][rows] = _judge(writer, sharpness, codes[name][rows], names)
        for name, rows in held.items():
            writer.add_codes(name, codes[name][rows])
        report("examining", fold + 1, FOLDS)
    single = [name for name in names if len(codes[name]) == 1]
    pairs = [(name, judged[name]) for name in names if name not in single]
    strangers = [judged[name] for name in single]
    rejected = torch.cat(strangers) if strangers else torch.zeros(0, dtype=torch.int64)
    return evaluation("each example left out in turn", names, pairs, rejected)


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


def _judge(
    writer: TalliedWriter, sharpness: Sharpness, codes: Tensor, names: Sequence[str]
) -> Tensor:
    """Places in `names` of the likeliest classes; the number of names for none."""
    here = torch.tensor([names.index(name) for name in writer.names] + [len(names)])
    if len(here) == 1:
        return here.expand(len(codes))
    found = sharpness.probabilities(*writer.evidence(codes.double() / LEVELS))
    return here[found.argmax(1)]


def _score(name: str | None, found: Tensor, names: Sequence[str]) -> ClassScore:
    counts = Counter(found.tolist())
    none = counts.pop(len(names), 0)
    own = names.index(name) if name in names else -1
    right = counts.pop(own, 0) if name is not None else none
    wrong = counts.most_common(1)
    taken_for = names[wrong[0][0]] if wrong else None
    return ClassScore(name, len(found), right, none, taken_for)
