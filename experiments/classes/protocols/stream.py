"""Classes that come one after another, every image once, with no features learned beforehand.

    python -m experiments.classes.protocols.stream experiments/configs/classes-stream-cifar10.toml

is RanDumb's question (Prabhu and others 2024, "Random Representations Outperform Online Continually
Learned Representations"). Ours reads features of patches from runs/classes (see features.py) whose
filters come from pixels of another set, without labels. Writes a record; `--tuning` judges on a
fifth of the training images instead and writes none.
"""

import argparse
import time
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from experiments.classes.hosts.features import CPU, FeatureSet
from experiments.classes.learning.learners import Arrivals, closed_forms, heads, writers
from experiments.classes.learning.rivals import Descent, Learner, NearestMean
from experiments.classes.learning.streams import Discriminant, Fourier, Mirrored
from experiments.classes.learning.written import Written
from experiments.classes.measures import places
from experiments.classes.protocols.incremental import Prepared, Protocol, prepare, same_bits
from experiments.classes.protocols.splits import arrival
from experiments.record import run_recorded
from oneshot.images.data import channel_statistics, normalise
from oneshot.images.sets.loading import load_images


@dataclass(frozen=True)
class Stream:
    """What comes; `host` must have been fitted on another set.

    Rivals on pixels get `fourier` random features and, where `mirrored`, mirror images as well. The
    answers of sums do not depend on the order, so that the first of the `seeds` is enough for them.
    """

    host: str
    dataset: str
    fourier: int = 10_000
    mirrored: bool = True
    rate: float = 0.02
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        # TOML has lists only.
        object.__setattr__(self, "seeds", tuple(self.seeds))


@dataclass(frozen=True, eq=False)
class Pixels:
    """Standardised pixels as features, and the shape of an image."""

    features: FeatureSet
    shape: tuple[int, int, int]


def read_pixels(dataset: str, data: Path | None, tuning: bool) -> Pixels:
    """Channels less their mean in the set, over their deviation, as RanDumb has them."""
    images = load_images(dataset, data, CPU)
    statistics = channel_statistics(images.train_images)
    train, test = (
        normalise(part, statistics).flatten(1) for part in (images.train_images, images.test_images)
    )
    features = FeatureSet(train, images.train_labels, test, images.test_labels)
    channels, height, width = images.train_images.shape[1:]
    return Pixels(features.tuning() if tuning else features, (channels, height, width))


def on_pixels(plan: Stream, shape: tuple[int, int, int], seed: int) -> dict[str, Learner]:
    """What sums make of pixels, and of random features of them."""
    width = shape[0] * shape[1] * shape[2]
    lifted = Fourier(Discriminant(plan.fourier), width, plan.fourier, seed)
    found: dict[str, Learner] = {
        "nearest mean": NearestMean(cosine=False),
        "streaming LDA": Discriminant(width),
        "random Fourier features, streaming LDA": lifted,
    }
    if not plan.mirrored:
        return found
    return {name: Mirrored(learner, shape) for name, learner in found.items()}


def on_patches(prepared: Prepared) -> dict[str, Learner]:
    """What sums make of the host's features; `residual` also goes back to the codes it keeps."""
    discriminant = Discriminant(prepared.heads.train.shape[1])
    return {**closed_forms(prepared.metric), "streaming LDA": discriminant}


def once(
    learner: Learner, given: Tensor, asked: Tensor, train: Tensor, test: Tensor
) -> dict[str, Any]:
    """One pass, class by class in the order of their places, and the answers at its end."""
    began = time.process_time()
    for place in range(int(train.max()) + 1):
        rows = train == place
        learner.learn(given[rows], train[rows])
    learned = time.process_time()
    share = float((learner.predict(asked) == test).double().mean())
    return {
        "accuracy": round(100 * share, 2),
        "interval": round(196 * (share * (1 - share) / len(test)) ** 0.5, 2),
        "cpu_seconds_of_learning": round(learned - began, 2),
        "cpu_seconds_of_answers": round(time.process_time() - learned, 2),
    }


def arrivals_in(order: Tensor, prepared: Prepared) -> Arrivals:
    """The host's features with each example's place in the order of classes."""
    labels = prepared.features.train_labels, prepared.features.test_labels
    train, test = (places(part, order) for part in labels)
    taught, asked = prepared.heads.train, prepared.heads.test
    return Arrivals(taught, asked, prepared.codes, prepared.coordinates, train, test)


def of_pixels(plan: Stream, pixels: Pixels, arrivals: Arrivals) -> dict[str, dict[str, Any]]:
    """The figures of what learns from pixels."""
    found, features = {}, pixels.features
    train, test = arrivals.train_places, arrivals.test_places
    for name, learner in on_pixels(plan, pixels.shape, plan.seeds[0]).items():
        found[name] = once(learner, features.train, features.test, train, test)
        print("pixels", name, found[name], flush=True)
    return found


def of_patches(
    learners: dict[str, Learner], prepared: Prepared, arrivals: Arrivals
) -> dict[str, dict[str, Any]]:
    """The figures of what learns from the host's features."""
    found = dict[str, dict[str, Any]]()
    train, test = arrivals.train_places, arrivals.test_places
    for name, learner in learners.items():
        if isinstance(learner, Written):
            found[name] = once(learner, arrivals.codes, arrivals.coordinates, train, test)
            fresh = writers(prepared.metric)[name]
            found[name]["same_bits_as_all_at_once"] = same_bits(learner, fresh, arrivals)
        else:
            found[name] = once(learner, arrivals.train, arrivals.test, train, test)
        print("patches", name, found[name], flush=True)
    return found


def one_order(plan: Stream, prepared: Prepared, pixels: Pixels, seed: int) -> dict[str, Any]:
    """All learners; after the first seed those alone whose answers hang on the order."""
    classes = int(prepared.features.train_labels.max()) + 1
    arrivals = arrivals_in(arrival(torch.arange(classes), seed), prepared)
    descent = Descent(epochs=1, rate=plan.rate)
    learners = heads(arrivals.train.shape[1], classes, descent, seed)
    if seed != plan.seeds[0]:
        return {"patches": of_patches(learners, prepared, arrivals)}
    learners = on_patches(prepared) | learners
    return {
        "pixels": of_pixels(plan, pixels, arrivals),
        "patches": of_patches(learners, prepared, arrivals),
    }


def experiment(plan: Stream, data: Path | None, tuning: bool) -> dict[str, Any]:
    """All orders."""
    prepared = prepare(Protocol(plan.host, plan.dataset, 0, ()), tuning)
    pixels = read_pixels(plan.dataset, data, tuning)
    orders = {str(seed): one_order(plan, prepared, pixels, seed) for seed in plan.seeds}
    return {
        "train_images": len(prepared.codes),
        "test_images": len(prepared.coordinates),
        "width": prepared.metric.width,
        "orders": orders,
    }


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--tuning", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plan = Stream(**tomllib.loads(options.config.read_text("utf-8")))
    if options.tuning:
        print(experiment(plan, options.data, tuning=True))
        return
    run = lambda: experiment(plan, options.data, tuning=False)  # noqa: E731
    print(run_recorded(options.config.stem, asdict(plan), [options.config], run))


if __name__ == "__main__":
    main()
