"""Classes that come one after another, every image once, with no features learned beforehand.

    python -m experiments.classes.protocols.stream experiments/configs/classes-stream-cifar10.toml

is RanDumb's question (Prabhu and others 2024, "Random Representations Outperform Online Continually
Learned Representations"). Ours has features of patches whose filters come from pixels of another
set, without labels: the host's from runs/classes (see features.py), and a wider one's, which are
made as the images come. Writes a record; `--tuning` judges on a fifth of the training images
instead and writes none.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from experiments.classes.hosts.features import CPU, held_out
from experiments.classes.hosts.patches import fit_patch_codes
from experiments.classes.learning.learners import Arrivals, closed_forms, heads, writers
from experiments.classes.learning.rivals import Descent, Learner, NearestMean
from experiments.classes.learning.streams import Discriminant, Fourier, OnCodes, OnPixels
from experiments.classes.learning.written import Written
from experiments.classes.measures import places
from experiments.classes.protocols.incremental import (
    Prepared,
    Protocol,
    label_free_metric,
    prepare,
    same_bits,
)
from experiments.classes.protocols.splits import arrival
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.classes.writers.ridge import RidgeWriter
from oneshot.images.data import ImageSet, channel_statistics
from oneshot.images.sets.loading import load_images

STRENGTH = 3000.0
"""The ridge on all responses, chosen on 12,000 training images of CIFAR-10 and 3,000 others."""


@dataclass(frozen=True)
class Stream:
    """What comes, and the set whose pixels, without labels, patches are fitted on: another one.

    Rivals on pixels get `fourier` random features and, where `mirrored`, mirror images as well; all
    responses of patches are then means over both. The answers of sums do not depend on the order,
    so that the first of the `seeds` is enough for them.
    """

    dataset: str
    fitted_on: str
    fourier: int = 10_000
    mirrored: bool = True
    rate: float = 0.02
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        # TOML has lists only.
        object.__setattr__(self, "seeds", tuple(self.seeds))
        if self.fitted_on == self.dataset:
            raise SystemExit(f"patches of {self.dataset} know of the stream; fit on another set")

    @property
    def host(self) -> str:
        """The name of the features."""
        return {"cifar10": "patches", "cifar100": "patches-cifar100"}[self.fitted_on]


def read_stream(plan: Stream, data: Path | None, tuning: bool) -> ImageSet:
    """The images; for tuning, training images alone, a fifth of them in the place of the test's."""
    images = load_images(plan.dataset, data, CPU)
    if not tuning:
        return images
    pixels, labels = images.train_images, images.train_labels
    held = held_out(labels)
    return replace(
        images,
        train_images=pixels[~held],
        train_labels=labels[~held],
        test_images=pixels[held],
        test_labels=labels[held],
    )


def on_pixels(plan: Stream, images: ImageSet) -> dict[str, OnPixels]:
    """What sums make of pixels, and of random features of them; scaled as RanDumb scales them."""
    width, mean_std = images.train_images[0].numel(), channel_statistics(images.train_images)
    lifted = Fourier(Discriminant(plan.fourier), width, plan.fourier, plan.seeds[0])
    learners: dict[str, Learner] = {
        "nearest mean": NearestMean(cosine=False),
        "streaming LDA": Discriminant(width),
        "random Fourier features, streaming LDA": lifted,
    }
    return {
        name: OnPixels(learner, mean_std, mirrored=plan.mirrored)
        for name, learner in learners.items()
    }


def on_codes(plan: Stream, data: Path | None) -> dict[str, OnCodes]:
    """The package's writer of sums on all of a wider host's responses."""
    pixels = load_images(plan.fitted_on, data, CPU).train_images
    codes = fit_patch_codes(pixels, torch.Generator().manual_seed(0), mirror=plan.mirrored)
    metric = label_free_metric(len(codes.centre))
    return {"ridge": OnCodes(codes, RidgeWriter(metric, STRENGTH))}


def on_patches(prepared: Prepared) -> dict[str, Learner]:
    """What sums make of the host's features; `residual` also goes back to the codes it keeps."""
    discriminant = Discriminant(prepared.heads.train.shape[1])
    return {**closed_forms(prepared.metric), "streaming LDA": discriminant}


def once(
    learner: Learner | OnPixels | OnCodes, given: Tensor, asked: Tensor, train: Tensor, test: Tensor
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


def of_images(
    learners: Mapping[str, OnPixels | OnCodes], images: ImageSet, arrivals: Arrivals
) -> dict[str, dict[str, Any]]:
    """The figures of what learns from images."""
    found, (given, asked) = {}, (images.train_images, images.test_images)
    for name, learner in learners.items():
        found[name] = once(learner, given, asked, arrivals.train_places, arrivals.test_places)
        print(type(learner).__name__, name, found[name], flush=True)
    return found


def of_features(
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


def all_figures(
    plan: Stream, prepared: Prepared, images: ImageSet, codes: Mapping[str, OnCodes]
) -> dict[str, dict[str, list[Any]]]:
    """All learners in the first order; in the others those alone whose answers hang on it."""
    found: dict[str, dict[str, list[Any]]] = {"pixels": {}, "codes": {}, "features": {}}

    def add(kind: str, figures: dict[str, dict[str, Any]]) -> None:
        for name, one in figures.items():
            found[kind].setdefault(name, []).append(one)

    for seed in plan.seeds:
        arrivals = arrivals_in(arrival(torch.arange(images.classes), seed), prepared)
        width, descent = arrivals.train.shape[1], Descent(epochs=1, rate=plan.rate)
        learners = heads(width, images.classes, descent, seed)
        if seed == plan.seeds[0]:
            learners = on_patches(prepared) | learners
            add("pixels", of_images(on_pixels(plan, images), images, arrivals))
            add("codes", of_images(codes, images, arrivals))
        add("features", of_features(learners, prepared, arrivals))
    return found


def experiment(plan: Stream, data: Path | None, tuning: bool) -> dict[str, Any]:
    """All orders."""
    prepared = prepare(Protocol(plan.host, plan.dataset, 0, ()), tuning)
    images, codes = read_stream(plan, data, tuning), on_codes(plan, data)
    return {
        "train_images": len(images.train_images),
        "test_images": len(images.test_images),
        "width": prepared.metric.width,
        "width_of_codes": codes["ridge"].written.writer.metric.width,
        "learners": all_figures(plan, prepared, images, codes),
    }


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--tuning", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plan = read_plan(options.config, Stream)
    if options.tuning:
        print(experiment(plan, options.data, tuning=True))
        return
    run = lambda: experiment(plan, options.data, tuning=False)  # noqa: E731
    print(run_recorded(options.config.stem, asdict(plan), [options.config], run))


if __name__ == "__main__":
    main()
