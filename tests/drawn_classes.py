"""Classes of drawn features, and writers that were taught them; shared by tests of classes."""

from functools import cache

import torch
from torch import Tensor

from oneshot.classes.writers.calibration import (
    POSTERIOR,
    RESIDUAL,
    RIDGE,
    Calibration,
    calibrate,
)
from oneshot.classes.writers.metric import Metric, fit_metric
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter
from oneshot.classes.writers.tallied import TalliedWriter

RAW, CLASSES = 24, 30
RULES = {PosteriorWriter: POSTERIOR, RidgeWriter: RIDGE, ResidualWriter: RESIDUAL}
WRITERS = tuple(RULES)


def draw(classes: int, each: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features of classes whose means spread over some directions more than over others."""
    generator = torch.Generator().manual_seed(seed)
    spread = torch.linspace(0.1, 2.0, RAW)
    means = torch.randn(classes, RAW, generator=generator) * spread
    labels = torch.arange(classes).repeat_interleave(each)
    return means[labels] + torch.randn(len(labels), RAW, generator=generator), labels


METRIC: Metric = fit_metric(*draw(CLASSES, 20, 0))
FEATURES, LABELS = draw(6, 8, 1)
EXAMPLES = {f"class {c}": FEATURES[c == LABELS] for c in range(6)}


@cache
def calibrated() -> Calibration:
    return calibrate(*draw(CLASSES, 20, 0))


def taught(kind: type[TalliedWriter], names: list[str]) -> TalliedWriter:
    writer = kind(METRIC)
    for name in names:
        writer.add(name, EXAMPLES[name])
    return writer
