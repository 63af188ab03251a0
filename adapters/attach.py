"""Attach an adapter to a frozen model: hooks on when the context opens, off when it closes."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any
from weakref import WeakSet

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from adapters.host.sites import Sites, find_sites, output_state
from adapters.query.decide import Change, Pass, decide
from adapters.query.denoise import Denoiser
from adapters.query.running import Running
from oneshot.errors import HostError, OneshotError

RUNNING = "_oneshot_running"  # the attribute of a cache that holds its sequences' state
CACHES = ("cache", "past_key_values")  # what a model calls its key-value cache: newer, older name


class Attachment:
    """One denoiser on one model; `changes` lists what the last forward pass changed.

    Set `answering` once the host has begun to answer: a fact then breaks in on strong evidence.
    """

    def __init__(self, model: nn.Module, denoiser: Denoiser) -> None:
        self.denoiser, self.sites = denoiser, find_sites(model)
        self.changes: list[Change] = []
        self.answering = False
        self._caches: WeakSet[Any] = WeakSet()
        self._states: dict[int, Tensor] = {}
        self._call: dict[str, Any] = {}
        self._running: Running | None = None
        self._arguments = tuple(inspect.signature(model.forward).parameters)
        self._cache_name = next((name for name in CACHES if name in self._arguments), CACHES[-1])
        calibration = denoiser.calibration
        layers = sorted({calibration.entity_layer, *calibration.relation_layers})
        _check_fits(self.sites, layers, len(calibration.labels.mean))
        self.handles: list[RemovableHandle] = [
            model.register_forward_pre_hook(self._begin, with_kwargs=True),
            self.sites.head.register_forward_pre_hook(self._read_out),
            model.register_forward_hook(self._finish),
        ]
        for layer in layers:
            module = self.sites.layers[layer - 1]
            self.handles.append(module.register_forward_hook(self._keep(layer)))

    def detach(self) -> None:
        """Take every hook off the model and off the caches that it made."""
        for handle in self.handles:
            handle.remove()
        for cache in list(self._caches):
            for name in (RUNNING, *FOLLOWING):
                vars(cache).pop(name, None)

    def _begin(self, _model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        call = dict(zip(self._arguments, args, strict=False)) | kwargs
        ids, embeds = call.get("input_ids"), call.get("inputs_embeds")
        if ids is None and embeds is not None:
            ids = _nearest_tokens(embeds, self.sites.embeddings)
        self._call = {**call, "input_ids": ids}
        self._states.clear()
        self._running = None
        self.changes = []

    def _keep(self, layer: int) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _args: object, output: object) -> None:
            self._states[layer] = output_state(output)

        return hook

    @torch.inference_mode()
    def _decided(self) -> list[Change]:
        calibration = self.denoiser.calibration
        entity = self._states[calibration.entity_layer].float()
        ids = self._call["input_ids"]
        running = getattr(self._given_cache(), RUNNING, None)
        running = Running.start(entity) if running is None else running
        if len(running.sequences) != len(ids):
            raise OneshotError(
                f"a batch of {len(ids)} continues a cache of {len(running.sequences)} sequences; "
                "reorder the cache by its own methods"
            )
        relation = [self._states[layer].float() for layer in calibration.relation_layers]
        new = Pass(ids, self._real(ids), entity, relation)
        changes, self._running = decide(self.denoiser, running, new, self.answering)
        return changes

    def _given_cache(self) -> Any:
        """The call's cache; models take it under its older name too."""
        return next((c for c in map(self._call.get, CACHES) if c is not None), None)

    def _real(self, ids: Tensor) -> Tensor:
        mask = self._call.get("attention_mask")
        if not isinstance(mask, Tensor) or mask.ndim != 2:
            return torch.ones_like(ids, dtype=torch.bool)
        return mask[:, -ids.shape[1] :].bool()

    def _read_out(self, _head: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        changes = self._decided()
        if not changes:
            return None
        places, length = self._places(args[0]), self._call["input_ids"].shape[1]
        states, scale = args[0].clone(), self.denoiser.calibration.scale.to(args[0].device)
        for change in changes:
            here = places == change.row * length + change.position
            if bool(here.any()):
                states[here] = (change.vector * scale).to(states)
                self.changes.append(change)
        return (states, *args[1:]) if self.changes else None

    def _places(self, states: Tensor) -> Int[Tensor, "*places"]:
        """Of each state that reaches the head: its row times the pass's length + its position."""
        ids, keep = self._call["input_ids"], self._call.get("logits_to_keep")
        every = torch.arange(ids.numel(), device=states.device).view(ids.shape)
        if not isinstance(keep, Tensor):
            return every[:, ids.shape[1] - states.shape[1] :]
        if keep.ndim == 1:
            return every[:, keep]
        return every[keep] if keep.dtype == torch.bool else every.gather(1, keep)

    def _finish(self, _model: nn.Module, _args: object, output: object) -> None:
        cache = getattr(output, self._cache_name, None)
        cache = self._given_cache() if cache is None else cache  # a tuple names no parts
        if cache is not None and self._running is not None:
            self._caches.add(cache)
            vars(cache)[RUNNING] = self._running
            vars(cache).update({name: MethodType(f, cache) for name, f in FOLLOWING.items()})
        self._states.clear()
        self._call = {}


@contextmanager
def attach(model: nn.Module, denoiser: Denoiser) -> Iterator[Attachment]:
    """Let the adapter answer inside the context; the model is as before afterwards.

    Works with batches, padding on either side, a key-value cache, beams and sampling. Where no
    fact speaks, the logits are those of the bare model bit for bit. Raises HostError for an adapter
    of another host, OneshotError for a model that has one attached.
    """
    hooks = model._forward_hooks.values()
    if any(isinstance(getattr(hook, "__self__", None), Attachment) for hook in hooks):
        raise OneshotError("the model has an adapter attached already; leave its context first")
    attachment = Attachment(model, denoiser)
    try:
        yield attachment
    finally:
        attachment.detach()


def _check_fits(sites: Sites, layers: list[int], width: int) -> None:
    if width != sites.width or layers[-1] > len(sites.layers):
        raise HostError(
            f"the adapter is for a model of width {width} with at least {layers[-1]} layers, this "
            f"one has {sites.width} and {len(sites.layers)}; give the model that it was made for"
        )


def _nearest_tokens(embeds: Tensor, embeddings: nn.Module) -> Tensor:
    """The tokens whose embeddings were given instead of ids."""
    table = embeddings.get_parameter("weight").float()
    return (embeds.float() @ table.T - table.square().sum(1) / 2).argmax(-1)


def _selecting(name: str) -> Callable[[Any, Tensor], None]:
    def method(cache: Any, index: Tensor) -> None:
        getattr(type(cache), name)(cache, index)
        _select(cache, index.cpu())

    return method


def _repeat(cache: Any, repeats: int) -> None:
    type(cache).batch_repeat_interleave(cache, repeats)
    rows = torch.arange(len(getattr(cache, RUNNING).sequences))
    _select(cache, rows.repeat_interleave(repeats))


def _select(cache: Any, rows: Tensor) -> None:
    vars(cache)[RUNNING] = getattr(cache, RUNNING).select(rows)


def _reset(cache: Any) -> None:
    type(cache).reset(cache)
    for name in (RUNNING, *FOLLOWING):
        vars(cache).pop(name, None)


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
