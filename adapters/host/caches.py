"""What is kept on a key-value cache, and goes wherever its rows go."""

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor, nn

from oneshot.errors import OneshotError

CACHES = ("cache", "past_key_values")  # what a model calls its key-value cache: newer, older name
KEPT = "_oneshot_running"  # the attribute of a cache that holds its sequences' state


@runtime_checkable
class Rows(Protocol):
    """The state of a batch."""

    def __len__(self) -> int:
        """How many sequences it has."""

    def select(self, index: Int[Tensor, " chosen"]) -> "Rows":
        """The state after the batch was reordered, repeated or cut."""


def cache_name(model: nn.Module) -> str:
    """What a model calls its cache."""
    arguments = inspect.signature(model.forward).parameters
    return next((name for name in CACHES if name in arguments), CACHES[-1])


def keep(cache: Any, rows: Rows) -> None:
    """Keep a state on a cache, whose methods take it along."""
    vars(cache)[KEPT] = rows
    vars(cache).update({name: MethodType(f, cache) for name, f in FOLLOWING.items()})


def kept(cache: Any) -> Any:
    """What is kept on a cache, or None."""
    return getattr(cache, KEPT, None)


def drop(cache: Any) -> None:
    """Take off what was kept."""
    for name in (KEPT, *FOLLOWING):
        vars(cache).pop(name, None)


def _selecting(name: str) -> Callable[[Any, Tensor], None]:
    def method(cache: Any, index: Tensor) -> None:
        getattr(type(cache), name)(cache, index)
        _select(cache, index.cpu())

    return method


def _repeat(cache: Any, repeats: int) -> None:
    type(cache).batch_repeat_interleave(cache, repeats)
    rows = torch.arange(len(kept(cache)))
    _select(cache, rows.repeat_interleave(repeats))


def _select(cache: Any, rows: Tensor) -> None:
    vars(cache)[KEPT] = kept(cache).select(rows)


def _reset(cache: Any) -> None:
    type(cache).reset(cache)
    drop(cache)


def _crop(_cache: Any, *_args: object) -> None:
    raise OneshotError(
        "an attached adapter cannot follow a cache that is cut short (assisted decoding); "
        "generate without an assistant"
    )


FOLLOWING: dict[str, Callable[..., None]] = {
    "reorder_cache": _selecting("reorder_cache"),
    "batch_select_indices": _selecting("batch_select_indices"),
    "batch_repeat_interleave": _repeat,
    "reset": _reset,
    "crop": _crop,
}
"""A cache's methods while an adapter is attached: the state goes wherever the rows go. As bound
methods of the cache they go with its copies too."""
