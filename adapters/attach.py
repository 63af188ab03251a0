"""Attach an adapter to a frozen model: hooks on when the context opens, off when it closes."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakSet

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from adapters.host.caches import CACHES, cache_name, drop, keep, kept
from adapters.host.sites import Sites, find_sites, output_state
from adapters.query.decide import Change, Pass, decide
from adapters.query.denoise import Denoiser
from adapters.query.reader import Reader
from adapters.query.running import Running
from oneshot.errors import HostError, OneshotError


class Attachment:
    """One denoiser on one model; `changes` lists what the last forward pass changed.

    A pass of several tokens, or the first, is taken for what was given; the host answers behind
    it. Set `ends` to say otherwise: of each row of the next pass, the column behind which it is to
    answer (to score answers that were given along).
    """

    def __init__(self, model: nn.Module, denoiser: Denoiser) -> None:
        self.model, self.denoiser, self.sites = model, denoiser, find_sites(model)
        self.changes: list[Change] = []
        self.ends: list[int] | None = None
        self._aside = False  # whether a pass of our own is under way
        self._caches: WeakSet[Any] = WeakSet()
        self._states: dict[int, Tensor] = {}
        self._call: dict[str, Any] = {}
        self._running: Running | None = None
        self._last: tuple[Tensor, Running] | None = None
        self._arguments = tuple(inspect.signature(model.forward).parameters)
        self._cache_name = cache_name(model)
        calibration = denoiser.calibration
        layers = calibration.layers.all
        _check_fits(self.sites, calibration.deepest, len(calibration.labels.mean))
        self._layers = layers
        self.reader = Reader(model, denoiser.tokenizer, calibration, self._own_pass)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hooks are on the model inside; what its caches know stays until `detach`.

        So batches with caches of their own can take turns. Raises OneshotError for a model that
        has an adapter attached.
        """
        hooks = self.model._forward_hooks.values()
        if any(isinstance(getattr(hook, "__self__", None), Attachment) for hook in hooks):
            raise OneshotError("the model has an adapter attached already; leave its context first")
        handles = self._hooked()
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hooked(self) -> list[RemovableHandle]:
        layers = [
            self.sites.layers[layer - 1].register_forward_hook(self._keep(layer))
            for layer in self._layers
        ]
        return [
            self.model.register_forward_pre_hook(self._begin, with_kwargs=True),
            self.sites.head.register_forward_pre_hook(self._read_out),
            self.model.register_forward_hook(self._finish),
            *layers,
        ]

    def detach(self) -> None:
        """Take what was kept off the caches."""
        for cache in list(self._caches):
            drop(cache)

    def _begin(self, _model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._aside:
            return
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
            if not self._aside:
                self._states[layer] = output_state(output)

        return hook

    @torch.inference_mode()
    def _decided(self, read_out: Bool[Tensor, "batch seq"]) -> list[Change]:
        ids, traces = self._call["input_ids"], self.reader.traces(self._states)
        running = kept(self._given_cache())
        if running is None:
            running, seen = self._gone_on(ids, traces)
            ids, traces, read_out = (x[:, seen:] for x in (ids, traces, read_out))
        else:
            seen = 0
        if len(running.sequences) != len(ids):
            raise OneshotError(
                f"a batch of {len(ids)} continues a cache of {len(running.sequences)} sequences; "
                "reorder the cache by its own methods"
            )
        new = Pass(ids, self._real(ids), traces, read_out, self.ends, self.reader.alone)
        changes, self._running = decide(self.denoiser, running, new)
        self.ends = None
        self._last = self._call["input_ids"], self._running
        return [replace(c, position=c.position + seen) for c in changes]

    @contextmanager
    def _own_pass(self) -> Iterator[None]:
        """A pass inside is none that is listened to."""
        self._aside = True
        try:
            yield
        finally:
            self._aside = False

    def _gone_on(self, ids: Tensor, traces: Tensor) -> tuple[Running, int]:
        """Without a cache: the state before the newest token where the rest was just read."""
        if self._last is not None:
            before, running = self._last
            same = before.shape == ids[:, :-1].shape and torch.equal(before, ids[:, :-1])
            if same:
                return running, before.shape[1]
        return Running.start(len(ids), traces), 0

    def _given_cache(self) -> Any:
        """The call's cache; models take it under its older name too."""
        return next((c for c in map(self._call.get, CACHES) if c is not None), None)

    def _real(self, ids: Tensor) -> Tensor:
        mask = self._call.get("attention_mask")
        if not isinstance(mask, Tensor) or mask.ndim != 2:
            return torch.ones(ids.shape, dtype=torch.bool)
        return mask[:, -ids.shape[1] :].bool().cpu()

    def _read_out(self, _head: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        places, length = self._places(args[0]), self._call["input_ids"].shape[1]
        read_out = torch.zeros(self._call["input_ids"].numel(), dtype=torch.bool)
        read_out[places.flatten().cpu()] = True
        changes = self._decided(read_out.view(self._call["input_ids"].shape))
        if not changes:
            return None
        states, scale = args[0].clone(), self.denoiser.calibration.scale
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
            keep(cache, self._running)
        self._states.clear()
        self._call = {}


@contextmanager
def attach(model: nn.Module, denoiser: Denoiser) -> Iterator[Attachment]:
    """Let the adapter answer inside the context; the model is as before afterwards.

    Works with batches, padding on either side, a key-value cache, beams and sampling. Where no
    fact speaks, the logits are those of the bare model bit for bit. Raises HostError for an adapter
    of another host, OneshotError for a model that has one attached.
    """
    attachment = Attachment(model, denoiser)
    try:
        with attachment.working():
            yield attachment
    finally:
        attachment.detach()


def _check_fits(sites: Sites, highest: int, width: int) -> None:
    if width != sites.width or highest > len(sites.layers):
        raise HostError(
            f"the adapter is for a model of width {width} with at least {highest} layers, this "
            f"one has {sites.width} and {len(sites.layers)}; give the model that it was made for"
        )


def _nearest_tokens(embeds: Tensor, embeddings: nn.Module) -> Tensor:
    """The tokens whose embeddings were given instead of ids."""
    table = embeddings.get_parameter("weight").float()
    return (embeds.float() @ table.T - table.square().sum(1) / 2).argmax(-1)
