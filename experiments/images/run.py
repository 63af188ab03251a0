"""Training runs of configs, each measured once on the test images: a record and a checkpoint.

`python -m experiments.images.run experiments/configs/images-mnist-dt.toml` writes
experiments/results/images-mnist-dt-seed0.json; `--seed 0 1 2` makes three of them. A config that
has its record is left out; a run that was stopped goes on with `--resume`.
"""

import argparse
import time
from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch

from experiments import record
from experiments.images.measures import measured
from oneshot.images.build import new_trainee, parameters_of
from oneshot.images.model import Progress
from oneshot.images.planning import quick_precision
from oneshot.images.sets.loading import load_images
from oneshot.images.settings import TrainSettings, read_toml
from oneshot.images.training.allocation import keep_freed_memory
from oneshot.images.training.beginning import Place
from oneshot.images.training.checkpoint import has_checkpoint
from oneshot.images.training.train import Run, prepared

RUNS = Path("runs")
"""Where checkpoints go."""


class Log:
    """Prints progress and keeps the mean losses of each epoch."""

    def __init__(self, steps_per_epoch: int) -> None:
        self._steps_per_epoch = steps_per_epoch
        self._epoch: list[list[float]] = []
        self.epochs: list[list[float]] = []
        self._began = time.perf_counter()

    def __call__(self, progress: Progress) -> None:
        """Take one report."""
        losses = [value for name, value in progress.figures.items() if name.startswith("loss")]
        self._epoch.append(losses)
        if progress.done // self._steps_per_epoch > len(self.epochs):
            columns = zip(*self._epoch, strict=True)
            self.epochs.append([round(sum(column) / len(column), 5) for column in columns])
            self._epoch = []
            minutes = (time.perf_counter() - self._began) / 60
            print(f"epoch {len(self.epochs)}, {minutes:.1f} min, {self.epochs[-1]}", flush=True)


def experiment(
    settings: TrainSettings, data: Path | None, folder: Path, device: torch.device, *, resume: bool
) -> dict[str, Any]:
    """Train as the settings say and measure."""
    images = prepared(load_images(settings.dataset, data, device), settings)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)  # one run's, where a process has several
    trainee = new_trainee(settings, images)
    run = Run(trainee, images, settings, Place(folder, resume and has_checkpoint(folder)))
    log, first = Log(run.steps_per_epoch), run.done
    started, worked = time.perf_counter(), time.process_time()
    run.train(log)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    return measured(trainee, images) | {
        "parameters_per_block": parameters_of(settings, images.inputs)[0],
        "steps": run.steps,
        "steps_of_this_process": run.steps - first,
        "train_seconds": round(seconds, 1),
        # On a shared machine the wall clock says more about the neighbours.
        "train_cpu_seconds": round(worked, 1),
        "images_per_second": round((run.steps - first) * run.batch / seconds, 1),
        "loss_per_epoch_and_block": log.epochs,
        **record.device_figures(device),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the configs that have no record yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    for config, seed in product(options.configs, options.seed):
        name = f"{config.stem}-seed{seed}"
        if (record.RESULTS / f"{name}.json").exists():
            print(f"{name} has its record")
            continue
        quick = {"precision": quick_precision(options.device)}
        settings = TrainSettings.from_mapping(quick | read_toml(config) | {"seed": seed})
        run = partial(
            experiment,
            settings,
            options.data,
            RUNS / name,
            options.device,
            resume=options.resume,
        )
        print(record.run_recorded(name, settings.plain(), [config], run), flush=True)


if __name__ == "__main__":
    main()
