"""One gradient-free rule trained on one set, measured once on its test images: a record.

`python -m experiments.images.rules experiments/configs/images-ridge-mnist.toml` writes
experiments/results/images-ridge-mnist-seed0.json and saves the model under runs/, a
ridge chain after each block, from which a run that was stopped goes on. The config
names the `rule` and the `dataset`; its other values are the rule's settings.
"""

import argparse
import resource
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch

from experiments import record
from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet
from oneshot.images.kinds import PICTURES, RuleName
from oneshot.images.model import Classifier, Progress, accuracy
from oneshot.images.rules.by_rule import RuleModel, RuleSettings, rule_settings, train_by_rule
from oneshot.images.rules.ridge import RidgeChain
from oneshot.images.rules.saved import RuleRun, load_model, save_model
from oneshot.images.sets.loading import load_images
from oneshot.images.settings import TrainSettings, read_toml
from oneshot.images.training.checkpoint import has_checkpoint
from oneshot.images.training.train import prepared

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


def trained(
    run: RuleRun, images: ImageSet, settings: RuleSettings, log: Log, folder: Path | None
) -> RuleModel:
    """The model of a rule, saved as it grows where a folder is given; what is there goes on."""
    start = None
    if folder is not None and has_checkpoint(folder):
        start = load_model(folder, images.train_images.device)[1]
    for model in train_by_rule(run.rule, images, settings, log, start):
        if folder is not None:
            save_model(folder, run, model)
    return model


def measured(classifier: Classifier, images: ImageSet) -> dict[str, Any]:
    """Accuracy on the test images, for a ridge chain after each block."""
    started = time.perf_counter()
    labels, found = images.test_labels, dict[str, Any]()
    if isinstance(classifier, RidgeChain):
        states = classifier.block_scores(images.test_images)
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
    run: RuleRun, images: ImageSet, values: dict[str, Any], folder: Path | None
) -> dict[str, Any]:
    """Train, saving the model where a folder is given, and measure."""
    log, started = Log(), time.perf_counter()
    classifier = trained(run, images, rule_settings(run.rule, values), log, folder)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    return measured(classifier, images) | {
        "train_images": len(images.train_labels),
        "train_seconds": round(seconds, 1),
        # On a shared machine the wall clock says more about the neighbours.
        "train_cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "figures": log.figures,
        **record.device_figures(images.train_images.device),
    }


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--holdout", type=int, default=0, help="for choices: no record, no test")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    values = read_toml(options.config) | {"seed": options.seed}
    config, rule = dict(values), RuleName(values.pop("rule"))
    chosen = {name: values.pop(name) for name in PICTURES if name in values}
    pictures = TrainSettings.from_mapping(chosen | {"holdout": options.holdout})
    images = load_images(pictures.dataset, options.data, options.device)
    images = prepared(images, pictures)
    name = f"{options.config.stem}-seed{options.seed}"
    if (record.RESULTS / f"{name}.json").exists() and not options.holdout:
        print(f"{name} has its record")
        return
    folder = None if options.holdout else RUNS / name
    measure = partial(experiment, RuleRun(rule, pictures, images.inputs), images, values, folder)
    print(
        measure()
        if options.holdout
        else record.run_recorded(name, config, [options.config], measure)
    )


if __name__ == "__main__":
    try:
        main()
    except BadInputError as error:
        raise SystemExit(f"error: {error}") from None
