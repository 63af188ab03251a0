"""How much memory training keeps for its backward passes, and how that grows with the blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.images.baselines.backprop import BackpropChain
from oneshot.images.noprop.block import BlockShape, parameters_per_block
from oneshot.images.noprop.chain import Chain, ChainSettings
from oneshot.images.noprop.dt import DiscreteChain
from oneshot.images.noprop.trainable import Rates

FEW, MANY, SAMPLE = 2, 10, 16
"""Blocks that growth is measured between, and the images that it is measured on."""


@dataclass(frozen=True)
class Memory:
    """What is held while T blocks are trained one at a time (NoProp), or end to end (backprop).

    `activation_mib` is the most that autograd keeps at a time for a backward pass; `growth` is that
    of ten blocks over that of two. `state_mib_per_block`, the parameters, gradients and moments of
    the optimiser, come on top, of all blocks that a process trains.
    """

    activation_mib: float
    backprop_activation_mib: float
    growth: float
    backprop_growth: float
    state_mib_per_block: float


def measure_memory(
    shape: BlockShape,
    T: int,
    dtype: torch.dtype,
    images: UInt8[Tensor, "n c h w"],
    labels: Int64[Tensor, " n"],
) -> Memory:
    """Run a training step of each kind with T blocks, and with few and many on some images."""

    def kept(kind: type[Chain], T: int, n: int) -> int:
        chain = fresh_chain(kind, shape, T, dtype, images.device)
        return activation_bytes(partial(chain.step, images[:n], labels[:n], 0))

    whole, growth = [], []
    for kind in (DiscreteChain, BackpropChain):
        whole.append(kept(kind, T, len(images)) / 2**20)
        growth.append(kept(kind, MANY, SAMPLE) / kept(kind, FEW, SAMPLE))
    state = parameters_per_block(shape) * 4 * torch.float32.itemsize / 2**20
    return Memory(whole[0], whole[1], growth[0], growth[1], state)


def fresh_chain(
    kind: type[Chain],
    shape: BlockShape,
    T: int,
    dtype: torch.dtype,
    device: torch.device,
    together: int = 1,
) -> Chain:
    """An untrained chain with one-hot labels."""
    settings = ChainSettings(Schedule.cosine(T), Rates(1e-3, 1e-3), dtype=dtype, together=together)
    mean_std = torch.tensor([[0.5], [0.25]], device=device).repeat(1, shape.channels)
    table = torch.eye(shape.classes, device=device)
    return kind(shape, mean_std, table, settings, learn_table=False)


def activation_bytes(work: Callable[[], object]) -> int:
    """The most bytes that autograd keeps at a time for backward passes while the work is done.

    A tensor that is kept by two operations counts twice, on every device alike.
    """
    live = peak = 0

    class Held:
        def __init__(self, tensor: Tensor) -> None:
            nonlocal live, peak
            # An output would hold the graph that holds it, and nobody would let go of either.
            self.tensor = tensor.detach()
            live += tensor.nbytes
            peak = max(peak, live)

        def __del__(self) -> None:
            nonlocal live
            live -= self.tensor.nbytes

    with torch.autograd.graph.saved_tensors_hooks(Held, lambda held: held.tensor):
        work()
    return peak
