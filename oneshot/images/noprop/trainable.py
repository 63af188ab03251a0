"""Stacked parameters with one fused optimiser, which is the same as one optimiser a block."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rates:
    """The optimiser's settings; `decoupled` weight decay is AdamW, else it is Adam's own."""

    learning_rate: float
    weight_decay: float
    decoupled: bool = True


class Trainable:
    """Tensors of which some are trained, with one optimiser call for all.

    `statistics` are tensors that training changes otherwise (running means). Where the tensors are
    `stacked`, the optimiser is given each block's part as a tensor of its own: the last bits of its
    arithmetic depend on a tensor's size, and a block is to come out the same alone and with others.
    """

    def __init__(
        self,
        parameters: dict[str, Tensor],
        statistics: dict[str, Tensor],
        rates: Rates,
        *,
        stacked: bool,
    ) -> None:
        self.values = parameters | statistics
        self._parameters = parameters
        self._moments: dict[str, Tensor] = {}
        parts: dict[Tensor, dict[str, Tensor]] = {}
        for name, parameter in parameters.items():
            parameter.grad = torch.zeros_like(parameter)
            # Made now, not by the first step, so that a checkpoint can be copied into them.
            moments = {
                "step": torch.zeros(len(parameter) if stacked else 1, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
            self._moments |= {f"{name}.{key}": moment for key, moment in moments.items()}
            for index in range(len(parameter)) if stacked else [...]:
                part = parameter[index]
                part.grad = parameter.grad[index]
                state = {key: moment[index] for key, moment in moments.items()}
                parts[part] = state | {"step": moments["step"][index if stacked else 0]}
        make = torch.optim.AdamW if rates.decoupled else torch.optim.Adam
        self._optimiser = make(
            list(parts), lr=rates.learning_rate, weight_decay=rates.weight_decay, fused=True
        )
        self._optimiser.state.update(parts)

    def lend(self, members: slice) -> dict[str, Tensor]:
        """Views of some blocks; the gradients of a loss of theirs go to these blocks alone."""
        lent = {}
        for name, value in self.values.items():
            lent[name] = value[members].detach()
            if name in self._parameters:
                lent[name].requires_grad_()
                gradient = value.grad
                lent[name].grad = None if gradient is None else gradient[members]
        return lent

    def update(self) -> None:
        """One optimiser step with the gradients that have come in, which are then cleared."""
        self._optimiser.step()
        for parameter in self._parameters.values():
            if parameter.grad is not None:
                parameter.grad.zero_()

    def set_learning_rate(self, rate: float) -> None:
        """Change the rate of the steps to come."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate

    def tensors(self, prefix: str) -> dict[str, Tensor]:
        """All that has to be saved, as live tensors."""
        values = self.values | self._moments
        return {f"{prefix}.{name}": value for name, value in values.items()}


def is_moment(name: str) -> bool:
    """Whether a saved tensor is the optimiser's, and no weight."""
    return name.endswith((".step", ".exp_avg", ".exp_avg_sq", ".momentum_buffer"))


def split_state(
    state: Mapping[str, Tensor], device: torch.device
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The trained tensors of a block's state, and its running statistics, on a device."""
    parameters: dict[str, Tensor] = {}
    statistics: dict[str, Tensor] = {}
    for name, value in state.items():
        (statistics if ".running_" in name else parameters)[name] = value.to(device)
    return parameters, statistics
