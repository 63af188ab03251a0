"""What is known of a host before anything is taught: its metric, and how sure its scores are."""

import json
import math
from collections.abc import Iterator
from dataclasses import astuple, dataclass

import torch
from jaxtyping import Float, Int64
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.nn.functional import pad

from oneshot.classes.writers.fitting import fitted_none, fitted_slope
from oneshot.classes.writers.metric import WIDTH, Metric, fit_metric
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter
from oneshot.classes.writers.sharpness import Evidence, Sharpness
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.errors import BadInputError, BrainError

FORMAT = 2

POSTERIOR, RIDGE, RESIDUAL = "posterior", "ridge", "residual"
WRITERS: dict[str, type[TalliedWriter]] = {
    POSTERIOR: PosteriorWriter,
    RIDGE: RidgeWriter,
    RESIDUAL: ResidualWriter,
}

_FOLDS = 4
_SHOTS, _WAYS = (1, 3, 10), (2, 5, 10)
_EPISODES, _ASKED = 2, 6
_SHARED = 0.7
"""The share of a feature's variance that lies inside classes, where no class is known."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A host's metric and the sharpness of each writer."""

    metric: Metric
    sharpness: dict[str, Sharpness]

    @classmethod
    def unjudged(cls, metric: Metric) -> "Calibration":
        """With scores taken as they are."""
        return cls(metric, dict.fromkeys(WRITERS, Sharpness(1.0, 1.0, 0.0)))

    def writer(self, rule: str) -> TalliedWriter:
        """An empty writer; BadInputError for one that is not offered."""
        if rule not in WRITERS:
            raise BadInputError(f"rule {rule!r} came; give one of {', '.join(WRITERS)}")
        return WRITERS[rule](self.metric)


def calibrate(
    features: Float[Tensor, "n raw"], labels: Int64[Tensor, " n"], width: int = WIDTH
) -> Calibration:
    """A calibration on base classes, in at most `width` coordinates.

    The probabilities are those under which classes left out of a metric, some taught and some
    not, are the most likely: 1 to 10 examples each of 2 to 10 classes, and strangers. With fewer
    than eight base classes they stay as they are. Raises BadInputError as `fit_metric` does.
    """
    metric = fit_metric(features, labels, width)
    classes = labels.unique()
    if len(classes) < 2 * _FOLDS:
        return Calibration.unjudged(metric)
    generator = torch.Generator().manual_seed(0)
    fold = torch.randperm(len(classes), generator=generator) % _FOLDS
    fold = fold[torch.searchsorted(classes, labels)]
    episodes = dict[str, list[_Episode]]({rule: [] for rule in WRITERS})
    for f in range(_FOLDS):
        held = fold == f
        left_out = fit_metric(features[~held], labels[~held], metric.width)
        for name, found in _episodes(left_out, features[held], labels[held], generator):
            episodes[name].append(found)
    return Calibration(metric, {rule: _sharpest(found) for rule, found in episodes.items()})


def judged_calibration(
    metric: Metric, features: Float[Tensor, "n raw"], labels: Int64[Tensor, " n"]
) -> Calibration:
    """A calibration with a metric that knows of no class, its probabilities from base classes."""
    generator = torch.Generator().manual_seed(0)
    found = dict[str, list[_Episode]]({rule: [] for rule in WRITERS})
    for name, episode in _episodes(metric, features, labels, generator):
        found[name].append(episode)
    return Calibration(metric, {rule: _sharpest(episodes) for rule, episodes in found.items()})


def plain_metric(raw: int) -> Metric:
    """The metric of a host without base classes: every feature counts alike."""
    within = torch.full((raw,), 0.5, dtype=torch.float64)
    return Metric(torch.zeros(raw), torch.eye(raw), within)


def standard_metric(features: Float[Tensor, "n raw"]) -> Metric:
    """A metric from examples of any sort: every feature over its deviation."""
    scale = 1 / features.std(0).clamp_min(1e-6)
    within = torch.full((features.shape[1],), _SHARED, dtype=torch.float64)
    return Metric(features.mean(0), torch.diag(scale), within)


def save_calibration(calibration: Calibration) -> bytes:
    """The content of a file: a safetensors file, its largest matrix in fp16."""
    numbers = {rule: list(astuple(s)) for rule, s in calibration.sharpness.items()}
    metadata = {"format": str(FORMAT), "sharpness": json.dumps(numbers)}
    tensors = calibration.metric.tensors()
    scale = tensors["transform"].abs().amax(0).clamp_min(1e-30)
    halves = (tensors["transform"] / scale).half()
    return save(tensors | {"transform": halves, "scale": scale}, metadata)


def load_calibration(data: bytes) -> Calibration:
    """The calibration in a file's content; BrainError for any other content."""
    try:
        size = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + size])["__metadata__"]
        numbers = json.loads(metadata["sharpness"])
        if int(metadata["format"]) > FORMAT:
            raise BrainError(f"a calibration of format {metadata['format']} came; upgrade oneshot")
        ridge = numbers[RIDGE]  # of a calibration older than the rule that is wanted
        sharpness = {rule: _sharpness(*numbers.get(rule, ridge)) for rule in WRITERS}
        tensors = load(data)
        if (scale := tensors.pop("scale", None)) is not None:
            tensors["transform"] = tensors["transform"].float() * scale
        return Calibration(Metric(**tensors), sharpness)
    except (ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        raise BrainError(
            "the calibration of classes is damaged; restore it from an export, or calibrate again"
        ) from error


def _sharpness(slope: float, weight: float, middle: float | None = None) -> Sharpness:
    """From a file; format 1 had a slope, and an offset in the place of weight and middle."""
    return (
        Sharpness(slope, slope, weight / slope)
        if middle is None
        else (Sharpness(slope, weight, middle))
    )


@dataclass(frozen=True, eq=False)
class _Episode:
    """Evidence of what was asked, and the truth: places of classes, -1 for strangers."""

    evidence: Evidence
    truth: Int64[Tensor, " n"]


def _episodes(
    metric: Metric, features: Tensor, labels: Tensor, generator: torch.Generator
) -> Iterator[tuple[str, _Episode]]:
    """For each writer episodes of few examples of few classes, and of as many others."""
    classes = labels.unique()
    plans = [(shots, ways) for shots in _SHOTS for ways in _WAYS if 2 * ways <= len(classes)]
    plans = plans or [(shots, len(classes) // 2) for shots in _SHOTS]
    for shots, ways in plans * _EPISODES:
        chosen = classes[torch.randperm(len(classes), generator=generator)[: 2 * ways]]
        rows = [torch.where(labels == c)[0] for c in chosen]
        rows = [r[torch.randperm(len(r), generator=generator)] for r in rows]
        asked = [r[shots:][:_ASKED] for r in rows]
        truth = [torch.full((len(r),), i if i < ways else -1) for i, r in enumerate(asked)]
        x = metric.coordinates(features[torch.cat(asked)])
        if any(len(r) <= shots for r in rows[:ways]):
            continue
        for name, kind in WRITERS.items():
            writer = kind(metric)
            for i, r in enumerate(rows[:ways]):
                writer.add(f"{i:03}", features[r[:shots]])
            yield name, _Episode(writer.evidence(x), torch.cat(truth))


def _sharpest(episodes: list[_Episode]) -> Sharpness:
    """What is likeliest in all episodes together."""
    widest = max(e.evidence.scores.shape[1] for e in episodes)
    known = [e.truth >= 0 for e in episodes]
    scores = [
        pad(e.evidence.scores[k], (0, widest - e.evidence.scores.shape[1]), value=-math.inf)
        for e, k in zip(episodes, known, strict=True)
    ]
    truth = torch.cat([e.truth[k] for e, k in zip(episodes, known, strict=True)])
    ratios = torch.cat([e.evidence.known for e in episodes])
    none = fitted_none(ratios[torch.cat(known)], ratios[~torch.cat(known)])
    return Sharpness(fitted_slope(torch.cat(scores), truth), *none)
