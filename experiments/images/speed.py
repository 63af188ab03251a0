"""What `oneshot image bench` measures, as a record: run it on a machine that does nothing else.

python -m experiments.images.speed
"""

from dataclasses import asdict
from typing import Any

import torch

from experiments.record import run_recorded
from oneshot.images.analysis.bench import measure_speed
from oneshot.images.build import block_shape, torch_type
from oneshot.images.data import Inputs
from oneshot.images.kinds import Dataset
from oneshot.images.settings import TrainSettings
from oneshot.images.training.allocation import keep_freed_memory

STEPS = 10
BATCHES = (128, 256)


def experiment() -> dict[str, Any]:
    """Ten blocks of DT on the pictures of each size, at each batch."""
    keep_freed_memory()
    rows = [
        _row(dataset, batch) for dataset in (Dataset.MNIST, Dataset.CIFAR10) for batch in BATCHES
    ]
    return {"rows": rows}


def _row(dataset: Dataset, batch: int) -> dict[str, Any]:
    settings = TrainSettings(dataset=dataset, batch=batch)
    shape = block_shape(settings, Inputs(*dataset.size))
    dtype, device = torch_type(settings.precision), torch.device("cpu")
    speed = measure_speed(shape, settings.T, batch, dtype, device, STEPS)
    return {"dataset": str(dataset), "T": settings.T, "batch": batch, **asdict(speed)}


if __name__ == "__main__":
    print(run_recorded("images-speed", {"steps": STEPS}, [], experiment))
