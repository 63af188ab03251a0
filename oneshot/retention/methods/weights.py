"""Methods that change weights of the host: put in place inside `taught`, taken out after it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from oneshot.hosts.load import Host
from oneshot.retention.methods.interface import Method


@contextmanager
def swapped(model: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[nn.Module]:
    """The model with other tensors behind some of its parameters; its own come back after it."""
    kept = {}
    try:
        for name, weight in weights.items():
            parameter = model.get_parameter(name)
            kept[name], parameter.data = parameter.data, weight.detach()
        yield model
    finally:
        for name, weight in kept.items():
            model.get_parameter(name).data = weight


class WeightEditor(Method):
    """Keeps the weights that it changed, by the names of the host's parameters."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.weights: dict[str, Tensor] = {}

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The host's model with the changed weights."""
        with swapped(self.host.model, self.weights) as model:
            yield model

    def stored_bytes(self) -> int:
        """Bytes of the changed weights."""
        return sum(w.numel() * w.element_size() for w in self.weights.values())
