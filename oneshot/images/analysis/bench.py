"""How fast blocks train here: against a plain loop over blocks, and against the device's peak."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median, quantiles

import torch
from torch import Tensor, nn

from oneshot.core.schedule import Schedule
from oneshot.images.noprop.block import KERNEL, Block, BlockShape
from oneshot.images.noprop.draws import mask_shapes
from oneshot.images.noprop.dt import DiscreteChain
from oneshot.images.training.memory import Memory, fresh_chain, measure_memory

PEAK_SIDE = 2048
"""Rows of the square matrices whose product is taken as the device's peak."""


@dataclass(frozen=True)
class Speed:
    """Images per second through all T blocks, forward, backward and optimiser.

    Each is the median over `steps` steps that were timed in turn; `quartiles` are theirs.
    `eager` is a loop over plain fp32 modules with an optimiser each, `ratio` that of each round.
    `peak_share` is of the measured rate of one large matrix product in the same precision.
    """

    images_per_second: float
    eager_images_per_second: float
    ratio: float
    gigaflops: float
    peak_gigaflops: float
    peak_share: float
    together: int
    memory: Memory
    steps: int = 0
    quartiles: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def products_per_image(shape: BlockShape) -> int:
    """Multiply-adds of one block's forward pass on one image, unused pixels left out."""
    total, before = 0, shape.channels
    rows, columns = shape.used(shape.height), shape.used(shape.width)
    sides = zip(shape.sides(rows), shape.sides(columns), shape.pooled, shape.filters, strict=True)
    for height, width, pooled, filters in sides:
        area = height * width * (4 if pooled else 1)
        total += area * before * filters * KERNEL**2
        before = filters
    trunks = 2 if shape.image_labels else 1
    with torch.device("meta"):
        dense = [
            module.in_features * module.out_features
            for module in Block(shape).modules()
            if isinstance(module, nn.Linear)
        ]
    return total * trunks + sum(dense)


def measure_speed(
    shape: BlockShape, T: int, batch: int, dtype: torch.dtype, device: torch.device, steps: int = 9
) -> Speed:
    """Time both loops on random images, and a matrix product, in turn and in this process."""
    images = torch.randint(
        256, (batch, shape.channels, shape.height, shape.width), dtype=torch.uint8, device=device
    )
    labels = torch.randint(shape.classes, (batch,), device=device)
    works: dict[int | str, Callable[[int], object]] = {
        "eager": _EagerLoop(shape, T, images, labels),
        "peak": _product(dtype, device),
    }
    for together in {1, T}:
        chain = fresh_chain(DiscreteChain, shape, T, dtype, device, together)
        works[together] = partial(chain.step, images, labels)
    taken = _timed(works, steps, device)
    together = min({1, T}, key=lambda size: median(taken[size]))
    ours, eager = ([batch / s for s in taken[name]] for name in (together, "eager"))
    ratios = [one / other for one, other in zip(ours, eager, strict=True)]
    flops = 6 * products_per_image(shape) * T * median(ours)
    peak = 2 * PEAK_SIDE**3 / median(taken["peak"])
    measured = {"images_per_second": ours, "eager_images_per_second": eager, "ratio": ratios}
    return Speed(
        **{name: median(values) for name, values in measured.items()},
        gigaflops=flops / 1e9,
        peak_gigaflops=peak / 1e9,
        peak_share=flops / peak,
        together=together,
        memory=measure_memory(shape, T, dtype, images, labels),
        steps=steps,
        quartiles={name: _quartiles(values) for name, values in measured.items()},
    )


class _EagerLoop:
    """What a reader of the paper writes first: modules one after another, an AdamW each."""

    def __init__(self, shape: BlockShape, T: int, images: Tensor, labels: Tensor) -> None:
        self._blocks = [Block(shape).to(images.device) for _ in range(T)]
        self._optimisers = [
            torch.optim.AdamW(block.parameters(), lr=1e-3, weight_decay=1e-3)
            for block in self._blocks
        ]
        self._images, self._labels, self._shape = images, labels, shape
        self._schedule = Schedule.cosine(T)

    def __call__(self, number: int) -> None:
        pixels = self._images.float() / 255
        target = torch.eye(self._shape.classes, device=pixels.device)[self._labels]
        pairs = zip(self._blocks, self._optimisers, strict=True)
        for t, (block, optimiser) in enumerate(pairs, start=1):
            z = self._schedule.noised_target(target, t - 1)
            keep = [self._mask(m, len(pixels)) for m in mask_shapes(self._shape, cropped=False)]
            error = (block(pixels, z, keep).softmax(1) - target).square().sum(1).mean()
            optimiser.zero_grad()
            error.backward()
            optimiser.step()

    def _mask(self, size: tuple[int, int, int], n: int) -> Tensor:
        return torch.rand(n, *size, device=self._images.device) < 0.8


def _product(dtype: torch.dtype, device: torch.device) -> Callable[[int], object]:
    a = torch.randn(PEAK_SIDE, PEAK_SIDE, device=device).to(dtype)
    return lambda _: a @ a


def _timed(
    works: Mapping[int | str, Callable[[int], object]], steps: int, device: torch.device
) -> dict[int | str, list[float]]:
    """Seconds of each call, one of each in turn, so that what else goes on hits them alike."""
    taken = {name: list[float]() for name in works}
    for number in range(steps + 1):
        for name, work in works.items():
            _wait(device)
            began = time.perf_counter()
            work(number)
            _wait(device)
            if number:  # the first one also prepares
                taken[name].append(time.perf_counter() - began)
    return taken


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
