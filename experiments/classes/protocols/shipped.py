"""Classes as `oneshot class guess` answers them: forced and with "none of these".

    python -m experiments.classes.protocols.shipped experiments/configs/classes-shipped-few.toml

Some classes of an image set are taught to the packaged image host with its packaged calibration,
each rule in turn; test images of them and of the others, the strangers, are asked.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from experiments.classes.answered import Answered, figures
from experiments.classes.hosts.calibrate import packaged_calibration
from experiments.classes.hosts.features import FeatureSet, cached_features
from experiments.classes.protocols.splits import asked_classes
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.classes.writers.calibration import Calibration
from oneshot.classes.writers.held_out import judge
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.images.features.integers import LEVELS

NEW = "cifar100-new"
"""The classes of CIFAR-100 that neither the packaged host nor its calibration ever saw."""

TUNING = 20
"""Others that the host never saw, which the calibration was judged on."""


@dataclass(frozen=True)
class Plan:
    """Sets, how many of their classes are taught, how many examples, and how often it is drawn.

    `asked` images at most of a class are asked in a draw.
    """

    sets: tuple[str, ...]
    taught: tuple[int, ...]
    shots: tuple[int, ...]
    draws: int
    rules: tuple[str, ...]
    asked: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        # TOML has lists only.
        for name in ("sets", "taught", "shots", "rules"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True, eq=False)
class Draw:
    """Rows of the examples of each class, of what is asked of them, and of strangers."""

    taught: list[Tensor]
    known: Int64[Tensor, " n"]
    truth: Int64[Tensor, " n"]
    strangers: Int64[Tensor, " m"]


def read_set(name: str, tuning: bool) -> FeatureSet:
    """Features of an image set on the packaged host; `tuning` leaves the test images alone."""
    found = cached_features("chain", "cifar100" if name == NEW else name)
    found = found.of(asked_classes(100, 50, TUNING)) if name == NEW else found
    return found.tuning() if tuning else found


def draws(features: FeatureSet, ways: int, shots: int, plan: Plan) -> Iterator[Draw]:
    """Which classes are taught, from which images, and what is asked."""
    classes = features.train_labels.unique()
    for number in range(plan.draws):
        generator = torch.Generator().manual_seed(plan.seed + number)

        def some(labels: Tensor, label: int, count: int, g: torch.Generator = generator) -> Tensor:
            rows = torch.where(labels == label)[0]
            return rows[torch.randperm(len(rows), generator=g)[:count]]

        order = classes[torch.randperm(len(classes), generator=generator)].tolist()
        asked = [some(features.test_labels, label, plan.asked) for label in order]
        yield Draw(
            [some(features.train_labels, label, shots) for label in order[:ways]],
            torch.cat(asked[:ways]),
            torch.cat([torch.full((len(rows),), i) for i, rows in enumerate(asked[:ways])]),
            torch.cat([*asked[ways:], torch.zeros(0, dtype=torch.int64)]),
        )


def answered(
    calibration: Calibration,
    rule: str,
    codes: Tensor,
    coordinates: Float[Tensor, "n width"],
    draw: Draw,
) -> Answered:
    """What a folder of these classes answers."""
    writer = calibration.writer(rule)
    for number, rows in enumerate(draw.taught):
        writer.add_codes(f"{number:03}", codes[rows])
    sharpness = judge(calibration.sharpness[rule], writer).sharpness
    x = coordinates[torch.cat([draw.known, draw.strangers])]
    evidence = writer.evidence(x)
    return Answered(
        sharpness.probabilities(evidence),
        sharpness.forced(evidence),
        -distances(writer, x).amin(1),
        draw.truth,
    )


def distances(writer: TalliedWriter, x: Float[Tensor, "n width"]) -> Float[Tensor, "n classes"]:
    """From each class's mean, in the metric's deviations inside classes."""
    deviation = writer.metric.within.sqrt()
    means = writer.totals.double() / LEVELS / writer.counts[:, None]
    return torch.cdist(x / deviation, means / deviation)


def experiment(plan: Plan, tuning: bool) -> dict[str, Any]:
    """Every set, number of examples and rule; seconds are those of fitting, judging and asking."""
    calibration = packaged_calibration()
    found: dict[str, Any] = {"width": calibration.metric.width}
    for name, ways in zip(plan.sets, plan.taught, strict=True):
        features = read_set(name, tuning)
        codes = calibration.metric.codes(features.train)
        coordinates = calibration.metric.coordinates(features.test)
        for shots in plan.shots:
            for rule in plan.rules:
                began = time.process_time()
                parts = [
                    answered(calibration, rule, codes, coordinates, draw)
                    for draw in draws(features, ways, shots, plan)
                ]
                spent = (time.process_time() - began) / plan.draws
                entry = {"classes": ways, "shots": shots, "rule": rule} | figures(parts)
                entry["cpu_seconds"] = round(spent, 2)
                found.setdefault(name, []).append(entry)
                print(name, entry, flush=True)
    return found


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--tuning", action="store_true", help="on training images, no record")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plan = read_plan(options.config, Plan)
    if options.tuning:
        experiment(plan, tuning=True)
        return
    run = lambda: experiment(plan, tuning=False)  # noqa: E731
    print(run_recorded(options.config.stem, asdict(plan), [options.config], run))


if __name__ == "__main__":
    main()
