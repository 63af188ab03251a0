"""Read hidden states of a frozen host by forward passes, no further up than needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from adapters.host.sites import find_sites, output_state


def positions(model: nn.Module) -> int | None:
    """The most tokens that a host reads at once, where it says so."""
    limit = getattr(model.config, "max_position_embeddings", None)
    return int(limit) if limit else None


class _Reached(Exception):  # noqa: N818 - a signal, not an error
    """The last layer wanted has spoken; the rest of the forward pass is not needed."""


@contextmanager
def captured(model: nn.Module, layers: Sequence[int], stop: bool) -> Iterator[dict[int, Tensor]]:
    """Capture the states after the given layers (1 = after the first) of the passes inside."""
    sites, states = find_sites(model), dict[int, Tensor]()

    def keep(layer: int) -> object:
        def hook(_module: nn.Module, _args: object, output: object) -> None:
            states[layer] = output_state(output)
            if stop and layer == max(layers):
                raise _Reached

        return sites.layers[layer - 1].register_forward_hook(hook)

    handles = [keep(layer) for layer in sorted(set(layers))]
    try:
        yield states
    except _Reached:
        pass
    finally:
        for handle in handles:
            handle.remove()  # type: ignore[attr-defined]


@torch.inference_mode()
def read_states(
    model: nn.Module, ids: Int[Tensor, "batch seq"], layers: Sequence[int]
) -> dict[int, Float[Tensor, "batch seq width"]]:
    """States after the given layers; padding, if any, is on the right and is never looked at."""
    with captured(model, layers, stop=True) as states:
        model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    return {layer: state.float() for layer, state in states.items()}
