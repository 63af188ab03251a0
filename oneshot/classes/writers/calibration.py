"""What is known of a host before anything is taught: its metric, and how sure its scores are."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from oneshot.classes.writers.metric import Metric, fit_metric
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.errors import BadInputError, BrainError

FORMAT = 1

WIDTH = 384
"""Coordinates of a host's calibration, a byte each of an example."""

POSTERIOR, RIDGE, RESIDUAL = "posterior", "ridge", "residual"
WRITERS: dict[str, type[TalliedWriter]] = {
    POSTERIOR: PosteriorWriter,
    RIDGE: RidgeWriter,
    RESIDUAL: ResidualWriter,
}

STRANGERS = 1 / 3
"""Examples of none of the classes for one of any of them, beforehand: one in four is a stranger."""

_FOLDS = 4
_SHOTS, _WAYS = (1, 3, 10), (2, 5, 10)
_EPISODES, _ASKED = 4, 6
_SLOPES = tuple(0.1 * 1.3**i for i in range(14))
_OFFSETS = tuple(float(i) for i in range(-4, 13))


@dataclass(frozen=True)
class Sharpness:
    """Turns log-evidence into probabilities: `slope` times it, `offset` added for none of them.

    Beforehand none of the classes is STRANGERS times as likely as all of them together, which are
    alike.
    """

    slope: float
    offset: float

    def probabilities(
        self, scores: Float[Tensor, "n classes"], none: Float[Tensor, " n"]
    ) -> Float[Tensor, "n classes_and_none"]:
        """Probabilities of each class, and in the last column of none of them."""
        above = self.slope * (scores - none[:, None])
        prior = math.log(STRANGERS * max(scores.shape[1], 1))
        rest = torch.full((len(scores), 1), self.offset + prior, dtype=scores.dtype)
        return torch.cat([above, rest], 1).softmax(1)


@dataclass(frozen=True, eq=False)
class Calibration:
    """A host's metric and the sharpness of each writer."""

    metric: Metric
    sharpness: dict[str, Sharpness]

    def writer(self, rule: str) -> TalliedWriter:
        """An empty writer; BadInputError for one that is not offered."""
        if rule not in WRITERS:
            raise BadInputError(f"rule {rule!r} came; give one of {', '.join(WRITERS)}")
        return WRITERS[rule](self.metric)


def calibrate(
    features: Float[Tensor, "n raw"], labels: Int64[Tensor, " n"], width: int = WIDTH
) -> Calibration:
    """A calibration on base classes, in at most `width` coordinates.

    Slopes and offsets are those under which classes left out of a metric, some taught and some
    not, are the most likely: 1 to 10 examples each of 2 to 10 classes, and strangers, which weigh
    as STRANGERS says. With fewer than eight base classes they stay 1 and 0. Raises
    BadInputError as `fit_metric` does.
    """
    metric = fit_metric(features, labels, width)
    classes = labels.unique()
    if len(classes) < 2 * _FOLDS:
        return Calibration(metric, dict.fromkeys(WRITERS, Sharpness(1.0, 0.0)))
    generator = torch.Generator().manual_seed(0)
    fold = torch.randperm(len(classes), generator=generator) % _FOLDS
    fold = fold[torch.searchsorted(classes, labels)]
    episodes = dict[str, list[tuple[Tensor, Tensor]]]({rule: [] for rule in WRITERS})
    for f in range(_FOLDS):
        held = fold == f
        left_out = fit_metric(features[~held], labels[~held], metric.width)
        for name, found in _episodes(left_out, features[held], labels[held], generator):
            episodes[name].append(found)
    return Calibration(metric, {rule: _sharpest(found) for rule, found in episodes.items()})


def plain_metric(raw: int) -> Metric:
    """The metric of a host without base classes: every feature counts alike."""
    half = torch.full((raw,), 0.5, dtype=torch.float64)
    return Metric(torch.zeros(raw), torch.eye(raw), half)


def save_calibration(calibration: Calibration) -> bytes:
    """The content of a file: a safetensors file."""
    numbers = {rule: [s.slope, s.offset] for rule, s in calibration.sharpness.items()}
    metadata = {"format": str(FORMAT), "sharpness": json.dumps(numbers)}
    return save(calibration.metric.tensors(), metadata)


def load_calibration(data: bytes) -> Calibration:
    """The calibration in a file's content; BrainError for any other content."""
    try:
        size = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + size])["__metadata__"]
        numbers = json.loads(metadata["sharpness"])
        if int(metadata["format"]) > FORMAT:
            raise BrainError(f"a calibration of format {metadata['format']} came; upgrade oneshot")
        ridge = numbers[RIDGE]  # of a calibration older than the rule that is wanted
        sharpness = {rule: Sharpness(*numbers.get(rule, ridge)) for rule in WRITERS}
        return Calibration(Metric(**load(data)), sharpness)
    except (ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        raise BrainError(
            "the calibration of classes is damaged; restore it from an export, or calibrate again"
        ) from error


def _episodes(
    metric: Metric, features: Tensor, labels: Tensor, generator: torch.Generator
) -> Iterator[tuple[str, tuple[Tensor, Tensor]]]:
    """For each writer its scores of examples, that of none in the last column, and the truth."""
    classes = labels.unique()
    plans = [(shots, ways) for shots in _SHOTS for ways in _WAYS if 2 * ways <= len(classes)]
    plans = plans or [(shots, len(classes) // 2) for shots in _SHOTS]
    for shots, ways in plans * _EPISODES:
        chosen = classes[torch.randperm(len(classes), generator=generator)[: 2 * ways]]
        rows = [torch.where(labels == c)[0] for c in chosen]
        rows = [r[torch.randperm(len(r), generator=generator)] for r in rows]
        asked = [r[shots:][:_ASKED] for r in rows]
        truth = [torch.full((len(r),), min(i, ways)) for i, r in enumerate(asked)]
        x = features[torch.cat(asked)]
        if any(len(r) <= shots for r in rows[:ways]):
            continue
        for name, kind in WRITERS.items():
            writer = kind(metric)
            for i, r in enumerate(rows[:ways]):
                writer.add(f"{i:03}", features[r[:shots]])
            scores = torch.cat([writer.scores(x), writer.none_scores(x)[:, None]], 1)
            yield name, (scores, torch.cat(truth))


def _sharpest(episodes: list[tuple[Tensor, Tensor]]) -> Sharpness:
    """The slope and offset of the highest likelihood, on a grid."""
    grid = [Sharpness(slope, offset) for slope in _SLOPES for offset in _OFFSETS]
    if not episodes:
        return Sharpness(1.0, 0.0)

    def loss(sharpness: Sharpness) -> float:
        total = 0.0
        for scores, truth in episodes:
            found = sharpness.probabilities(scores[:, :-1], scores[:, -1])
            likelihoods = found.clamp_min(1e-30).log().gather(1, truth[:, None])[:, 0]
            strange = truth == scores.shape[1] - 1
            total -= float(likelihoods[~strange].mean())
            total -= STRANGERS * float(likelihoods[strange].mean())
        return total

    return min(grid, key=loss)
