"""What modern blocks keep for their backward passes, and what a step costs: block-local or not.

`python -m experiments.images.locality` writes experiments/results/images-locality.json. Gradient
accumulation is backpropagation with the batch in parts, as many as make it fit in the memory that
block-local training needs.
"""

import time
from functools import partial
from statistics import median
from typing import Any

import torch

from experiments.record import run_recorded
from oneshot.images.build import make_air
from oneshot.images.data import Inputs
from oneshot.images.kinds import BlockKind, Dataset, Method
from oneshot.images.settings import TrainSettings
from oneshot.images.training.allocation import keep_freed_memory
from oneshot.images.training.memory import activation_bytes

BATCH, STEPS = 480, 3
ROWS = (
    ("three networks, block-local", BlockKind.AIR, Method.DT, 1),
    ("three networks, backpropagation", BlockKind.AIR, Method.BACKPROP, 1),
    ("three networks, backpropagation, batch in 3 parts", BlockKind.AIR, Method.BACKPROP, 3),
    ("three stages, block-local", BlockKind.AIR_SPLIT, Method.DT, 1),
    ("three stages, backpropagation", BlockKind.AIR_SPLIT, Method.BACKPROP, 1),
    ("three stages, backpropagation, batch in 2 parts", BlockKind.AIR_SPLIT, Method.BACKPROP, 2),
)
"""What is trained, its block and method, and into how many parts a batch is cut."""


def experiment() -> dict[str, Any]:
    """Every row on the same random pictures of CIFAR-10's size."""
    keep_freed_memory()
    return {"batch": BATCH, "steps": STEPS, "rows": [_row(*row) for row in ROWS]}


def _row(title: str, block: BlockKind, method: Method, parts: int) -> dict[str, Any]:
    settings = TrainSettings.from_mapping(
        {"dataset": Dataset.CIFAR10, "block": block, "method": method, "T": 3}
    )
    inputs = Inputs(*Dataset.CIFAR10.size)
    generator = torch.Generator().manual_seed(0)
    filters = torch.randn(24, 3, 2, 2, generator=generator)
    chain = make_air(settings, inputs, torch.tensor([[0.5] * 3, [0.25] * 3]), filters)
    size = (BATCH // parts, 3, 32, 32)
    images = torch.randint(256, size, dtype=torch.uint8, generator=generator)
    labels = torch.randint(10, (len(images),), generator=generator)
    kept, seconds = activation_bytes(partial(chain.step, images, labels, 0)), []
    for number in range(STEPS):
        began = time.process_time()
        chain.step(images, labels, number)
        seconds.append(parts * (time.process_time() - began))
    figures = {"kept_mib": kept / 2**20, "cpu_seconds_per_batch": median(seconds)}
    return {"what": title, **{name: round(value, 3) for name, value in figures.items()}}


if __name__ == "__main__":
    print(run_recorded("images-locality", {"batch": BATCH}, [], experiment))
