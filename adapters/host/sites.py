"""Where a causal language model of any architecture keeps its layers, head and embeddings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from oneshot.errors import HostError


@dataclass(frozen=True)
class Sites:
    """The parts of a host that an adapter reads; `layers[i]` makes state i+1 of state i.

    `width` is that of the states that enter the head.
    """

    layers: Sequence[nn.Module]
    head: nn.Module
    embeddings: nn.Module
    width: int

    @property
    def bias(self) -> Float[Tensor, " vocab"] | None:
        """What the head adds to its logits, in the few architectures that have it."""
        bias: Tensor | None = getattr(self.head, "bias", None)
        return bias

    def depth(self, fraction: float) -> int:
        """The layer at a fraction of the depth, at least 1 and never after the last but one."""
        return max(1, min(len(self.layers) - 1, round(fraction * len(self.layers))))


def find_sites(model: nn.Module) -> Sites:
    """Find the parts from the module tree alone; raises HostError where one is missing."""
    head = _call(model, "get_output_embeddings")
    embeddings = _call(model, "get_input_embeddings")
    if head is None or embeddings is None or not hasattr(head, "weight"):
        raise HostError(
            f"{type(model).__name__} has no language-model head with token embeddings; "
            "give a causal language model"
        )
    width = int(head.get_parameter("weight").shape[1])
    layers = _layers_beside(embeddings, model)
    if layers is None or len(layers) < 2:
        raise HostError(f"{type(model).__name__} has no list of at least two layers to read")
    return Sites(list(layers), head, embeddings, width)


def _call(model: nn.Module, name: str) -> nn.Module | None:
    method: Callable[[], nn.Module | None] | None = getattr(model, name, None)
    return method() if callable(method) else None


def _layers_beside(embeddings: nn.Module, model: nn.Module) -> nn.ModuleList | None:
    """The largest list in the smallest part that has the embeddings and a list at all.

    So the layers are the language's also where a larger half of the model reads pictures, and the
    lists inside a layer, such as experts, are never taken for the layers that hold them.
    """
    for part in _parts_around(embeddings, model):
        lists = [m for m in part.modules() if isinstance(m, nn.ModuleList) and len(m) > 0]
        if lists:
            return lists[0] if len(lists) == 1 else max(lists, key=_parameters_below)
    return None


def _parts_around(module: nn.Module, model: nn.Module) -> Iterator[nn.Module]:
    """The modules that hold this one, from its own parent up to the whole model."""
    path = next((name for name, other in model.named_modules() if other is module), "")
    while path:
        path = path.rpartition(".")[0]
        yield model.get_submodule(path)


def _parameters_below(modules: nn.ModuleList) -> int:
    """Parameters below the list; a list of layers holds most of the model's."""
    return sum(p.numel() for p in modules.parameters())


def output_state(output: object) -> Tensor:
    """The hidden state in a layer's output, which is a tensor or a tuple that starts with one."""
    state = output[0] if isinstance(output, tuple) else output
    assert isinstance(state, torch.Tensor), "a layer returns its state first"
    return state
