"""The two optimisers of these blocks as one: Muon for filters, momentum for everything else."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from oneshot.images.air.muon import Muon
from oneshot.images.air.network import Bank, Head
from oneshot.images.air.shapes import ModernBlock
from oneshot.images.air.transformer import VitHead

MUON_STEPS, MUON_MOMENTUM, MOMENTUM = 3, 0.6, 0.85

HEAD_RATE, OFFSET_RATE = 5.6, 0.44
"""Rates of the heads, and of offsets and labels' matrices, over that of the filters."""


class Optimiser:
    """Steps of all blocks; no step of a block depends on another one.

    A filter bank is scaled to one unit of norm a filter before each step, which is then an
    orthogonal matrix times the rate: the rate is the share of a filter that a step may change.
    """

    def __init__(self, blocks: Mapping[int, ModernBlock], learning_rate: float) -> None:
        modules = [module for block in blocks.values() for module in block.modules()]
        self._filters = [m.weight for m in modules if isinstance(m, Bank)]
        heads = [m.weight for m in modules if isinstance(m, Head | VitHead)]
        taken = {id(p) for p in (*self._filters, *heads)}
        others = [p for b in blocks.values() for p in b.parameters() if id(p) not in taken]
        muon = Muon(self._filters, learning_rate, MUON_MOMENTUM, MUON_STEPS)
        groups = [{"params": heads, "rate": HEAD_RATE}, {"params": others, "rate": OFFSET_RATE}]
        momentum = torch.optim.SGD(
            groups, lr=learning_rate, momentum=MOMENTUM, nesterov=True, fused=True
        )
        self._optimisers: tuple[torch.optim.Optimizer, ...] = (muon, momentum)
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                for parameter in group["params"]:
                    # Made now, not by the first step, so that a checkpoint can be copied into it.
                    buffer = torch.zeros_like(parameter)
                    optimiser.state[parameter]["momentum_buffer"] = buffer
        self.set_learning_rate(learning_rate)

    def set_learning_rate(self, rate: float) -> None:
        """Change the filters' rate of the steps to come, and the others' with it."""
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * group.get("rate", 1.0)

    @torch.no_grad()
    def step(self) -> None:
        """One step with the gradients that have come in, which are then cleared."""
        for filters in self._filters:
            filters.mul_(len(filters) ** 0.5 / filters.norm())
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad()

    def moment(self, parameter: nn.Parameter) -> Tensor:
        """What is kept of a parameter's earlier gradients."""
        for optimiser in self._optimisers:
            if parameter in optimiser.state:
                kept: Tensor = optimiser.state[parameter]["momentum_buffer"]
                return kept
        raise KeyError(parameter.shape)
