"""One gradient-free rule trained on one set, measured once on its test images: a record.

`python -m experiments.images.rules experiments/configs/images-ridge-mnist.toml` writes
experiments/results/images-ridge-mnist-seed0.json and saves a ridge chain under runs/
after each block, from which a run that was stopped goes on. The config
names the `rule` and the `dataset`; its other values are the rule's settings.
"""

import argparse
import resource
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from experiments.record import run_recorded
from oneshot.images.checkpoint import has_checkpoint
from oneshot.images.data import ImageSet, holdout, load_images
from oneshot.images.model import Classifier, Progress, accuracy
from oneshot.images.rules import evolution, feedback_alignment, hebbian, ridge, three_factor
from oneshot.images.rules.saved import load_chain, save_chain

RUNS = Path("runs")
"""Where chains go."""


class Log:
    """Prints what training reports and keeps the figures."""

    def __init__(self) -> None:
        self.figures: list[dict[str, float]] = []
        self._began = time.perf_counter()

    def __call__(self, progress: Progress) -> None:
        """Take one report."""
        if progress.figures:
            self.figures.append({name: round(value, 5) for name, value in progress.figures.items()})
        if progress.figures or progress.done == progress.total:
            seconds = time.perf_counter() - self._began
            print(f"{progress.what} {progress.done}/{progress.total}, {seconds:.0f} s, ", end="")
            print(dict(progress.figures), flush=True)


def grown(
    images: ImageSet, settings: ridge.RidgeSettings, log: Log, folder: Path | None
) -> ridge.RidgeChain:
    """A ridge chain, saved after each block where a folder is given, or what is missing of it."""
    start: tuple[ridge.RidgeBlock, ...] = ()
    if folder is not None and has_checkpoint(folder):
        saved = load_chain(folder, images.train_images.device)
        if replace(saved.settings, blocks=settings.blocks) != settings:
            raise SystemExit(f"{folder} holds a chain of other settings; move it away")
        start = saved.blocks[: settings.blocks]
    for chain in ridge.grow(images, settings, log, start):
        if folder is not None and len(chain.blocks) > len(start):
            save_chain(folder, chain)
    return chain


def trained(
    rule: str, images: ImageSet, values: dict[str, Any], log: Log, folder: Path | None
) -> Classifier:
    """The classifier of a rule and its settings."""
    match rule:
        case "ridge":
            return grown(images, ridge.RidgeSettings(**values), log, folder)
        case "feedback-alignment":
            settings = feedback_alignment.FeedbackAlignmentSettings(**values)
            return feedback_alignment.train(images, settings, log)
        case "hebbian":
            return hebbian.train(images, hebbian.HebbianSettings(**values), log)
        case "evolution":
            return evolution.train(images, evolution.EvolutionSettings(**values), log)
        case "three-factor":
            return three_factor.train(images, three_factor.ThreeFactorSettings(**values), log)
    raise SystemExit(f"rule {rule!r} is unknown")


def measured(classifier: Classifier, images: ImageSet) -> dict[str, Any]:
    """Accuracy on the test images, for a ridge chain after each block."""
    started = time.perf_counter()
    labels, found = images.test_labels, dict[str, Any]()
    if isinstance(classifier, ridge.RidgeChain):
        states = classifier.trajectory(images.test_images)
        found["test_accuracy_after_blocks"] = [
            round(float((z.argmax(1) == labels).double().mean()), 4) for z in states
        ]
        found["test_accuracy"] = found["test_accuracy_after_blocks"][-1]
    else:
        found["test_accuracy"] = accuracy(classifier, images.test_images, labels)
    seconds = time.perf_counter() - started
    return found | {
        "test_images": len(labels),
        "seconds_per_1000_images": round(seconds / len(labels) * 1000, 2),
    }


def experiment(
    rule: str, images: ImageSet, values: dict[str, Any], folder: Path | None
) -> dict[str, Any]:
    """Train, saving a chain where a folder is given, and measure."""
    log, started = Log(), time.perf_counter()
    classifier = trained(rule, images, values, log, folder)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    return measured(classifier, images) | {
        "train_images": len(images.train_labels),
        "train_seconds": round(seconds, 1),
        # On a shared machine the wall clock says more about the neighbours.
        "train_cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "figures": log.figures,
    }


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--holdout", type=int, default=0, help="for choices: no record, no test")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    values = tomllib.loads(options.config.read_text(encoding="utf-8")) | {"seed": options.seed}
    config, rule, dataset = dict(values), values.pop("rule"), values.pop("dataset")
    images = load_images(dataset, options.data, torch.device("cpu"))
    if options.holdout:
        images = holdout(images, options.holdout, torch.Generator().manual_seed(0))
        print(experiment(rule, images, values, None))
        return
    name = f"{options.config.stem}-seed{options.seed}"
    run = lambda: experiment(rule, images, values, RUNS / name)  # noqa: E731
    print(run_recorded(name, config, [options.config], run))


if __name__ == "__main__":
    main()
