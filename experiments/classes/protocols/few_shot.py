"""Few examples of classes that the host never saw: the posterior writer beside nearest means.

    python -m experiments.classes.protocols.few_shot experiments/configs/classes-episodes.toml

Episodes of five classes, 15 asked images each; two more classes are strangers, for the area under
the ROC of "none of these". All learners get the same episodes.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from experiments.classes.hosts.calibrate import packaged_calibration
from experiments.classes.hosts.features import cached_features
from experiments.classes.measures import area
from experiments.classes.protocols.splits import new_classes
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.tallied import TalliedWriter


@dataclass(frozen=True)
class Episodes:
    """How episodes are drawn."""

    shots: tuple[int, ...] = (1, 5)
    ways: int = 5
    asked: int = 15
    strangers: int = 2
    episodes: int = 600
    seed: int = 0

    def __post_init__(self) -> None:
        # TOML has lists only.
        object.__setattr__(self, "shots", tuple(self.shots))


@dataclass(frozen=True, eq=False)
class Episode:
    """Rows of the examples of each class, of what is asked, and of strangers."""

    taught: list[Tensor]
    asked: Tensor
    truth: Tensor
    strangers: Tensor


Answer = Callable[[Episode], tuple[Tensor, Tensor]]
"""Scores of each class, and how sure it is that it is one of them, of what is asked, then of
strangers."""


def draw(rows: list[Tensor], shots: int, plan: Episodes, generator: torch.Generator) -> Episode:
    """An episode from the rows of each class."""
    chosen = torch.randperm(len(rows), generator=generator)[: plan.ways + plan.strangers]
    drawn = [
        rows[int(c)][torch.randperm(len(rows[int(c)]), generator=generator)[: shots + plan.asked]]
        for c in chosen
    ]
    return Episode(
        [part[:shots] for part in drawn[: plan.ways]],
        torch.cat([part[shots:] for part in drawn[: plan.ways]]),
        torch.arange(plan.ways).repeat_interleave(plan.asked),
        torch.cat([part[shots:] for part in drawn[plan.ways :]]),
    )


def by_writer(make: Callable[[], TalliedWriter], codes: Tensor, coordinates: Tensor) -> Answer:
    """A writer's answers."""

    def answer(episode: Episode) -> tuple[Tensor, Tensor]:
        writer = make()
        for n, rows in enumerate(episode.taught):
            writer.add_codes(f"{n:03}", codes[rows])
        found = writer.evidence(coordinates[torch.cat([episode.asked, episode.strangers])])
        return found.scores, found.known

    return answer


def by_nearest_mean(features: Tensor, *, cosine: bool) -> Answer:
    """The nearest mean's answers."""

    def scaled(rows: Tensor) -> Tensor:
        return torch.nn.functional.normalize(rows, dim=1) if cosine else rows

    features = scaled(features)

    def answer(episode: Episode) -> tuple[Tensor, Tensor]:
        means = scaled(torch.stack([features[rows].mean(0) for rows in episode.taught]))
        asked = features[torch.cat([episode.asked, episode.strangers])]
        scores = -torch.cdist(asked, means)
        return scores, scores.amax(1)

    return answer


def measured(
    features: Float[Tensor, "n width"],
    labels: Int64[Tensor, " n"],
    answers: dict[str, Answer],
    plan: Episodes,
) -> dict[str, Any]:
    """Accuracy in per cent with 95 % intervals, by shots; gains over the cosine are paired."""
    rows = [torch.where(labels == label)[0] for label in labels.unique()]
    found = dict[str, Any]()
    for shots in plan.shots:
        generator = torch.Generator().manual_seed(plan.seed)
        episodes = [draw(rows, shots, plan, generator) for _ in range(plan.episodes)]
        accuracy = dict[str, Tensor]()
        found[str(shots)] = figures = dict[str, Any]()
        for name, answer in answers.items():
            right, areas = [], []
            for episode in episodes:
                scores, known = answer(episode)
                asked = len(episode.asked)
                right.append((scores[:asked].argmax(1) == episode.truth).double().mean())
                areas.append(area(known[:asked], known[asked:]))
            accuracy[name] = 100 * torch.stack(right)
            figures[name] = with_interval(accuracy[name]) | {
                "auroc_of_none": round(sum(areas) / len(areas), 4)
            }
        for name in ("nearest mean", "nearest mean, cosine"):
            gain = with_interval(accuracy["posterior"] - accuracy[name])
            figures[f"posterior less {name}, paired"] = gain
        print(shots, figures, flush=True)
    return found


def with_interval(values: Tensor) -> dict[str, float]:
    """Mean and 95 % interval of one number an episode."""
    interval = 1.96 * float(values.std()) / len(values) ** 0.5
    return {"mean": round(float(values.mean()), 2), "interval": round(interval, 2)}


def answers_on(features: Tensor) -> dict[str, Answer]:
    """All learners; the metric is the packaged one."""
    metric = packaged_calibration().metric
    codes, coordinates = metric.codes(features), metric.coordinates(features)
    return {
        "posterior": by_writer(lambda: PosteriorWriter(metric), codes, coordinates),
        "nearest mean": by_nearest_mean(features, cosine=False),
        "nearest mean, cosine": by_nearest_mean(features, cosine=True),
    }


def experiment(plan: Episodes, tuning: bool) -> dict[str, Any]:
    """Tiny ImageNet's classes, and the classes of CIFAR-100 that the host never saw."""
    images = cached_features("chain", "cifar100")
    new = images.of(new_classes(100, 50))
    if tuning:
        answers = answers_on(new.train)
        return measured(new.train, new.train_labels, answers, plan)
    tiny = cached_features("chain", "tinyimagenet")
    both = torch.cat([tiny.train, tiny.test]), torch.cat([tiny.train_labels, tiny.test_labels])
    found = {}
    for name, (features, labels) in {
        "tiny imagenet, 10 classes": both,
        "cifar-100, 50 new classes": (new.test, new.test_labels),
    }.items():
        answers = answers_on(features)
        found[name] = measured(features, labels, answers, plan) | {"images": len(features)}
    return found


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--tuning", action="store_true", help="on training images, no record")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plan = read_plan(options.config, Episodes)
    if options.tuning:
        experiment(plan, tuning=True)
        return
    run = lambda: experiment(plan, tuning=False)  # noqa: E731
    print(run_recorded(options.config.stem, asdict(plan), [options.config], run))


if __name__ == "__main__":
    main()
