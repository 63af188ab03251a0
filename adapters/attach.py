"""Attach an adapter to a frozen model: hooks on when the context opens, off when it closes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from adapters.decide import Change, Pass, decide
from adapters.denoiser import Denoiser
from adapters.running import Running
from adapters.sites import find_sites, output_state
from oneshot.errors import OneshotError

SELECTIONS = ("reorder_cache", "batch_select_indices")  # methods of a cache that take row numbers


class Attachment:
    """One denoiser on one model; `changes` lists what the last forward pass changed."""

    def __init__(self, model: nn.Module, denoiser: Denoiser) -> None:
        self.denoiser, self.sites = denoiser, find_sites(model)
        self.changes: list[Change] = []
        self._kept: WeakKeyDictionary[Any, Running] = WeakKeyDictionary()
        self._states: dict[int, Tensor] = {}
        self._call: dict[str, Any] = {}
        self._running: Running | None = None
        layers = {denoiser.calibration.entity_layer, *denoiser.calibration.relation_layers}
        self.handles: list[RemovableHandle] = [
            model.register_forward_pre_hook(self._begin, with_kwargs=True),
            self.sites.head.register_forward_pre_hook(self._read_out),
            model.register_forward_hook(self._finish, with_kwargs=True),
        ]
        for layer in sorted(layers):
            self.handles.append(self.sites.layers[layer - 1].register_forward_hook(self._keep(layer)))

    def detach(self) -> None:
        """Take every hook off the model and off the caches that it made."""
        for handle in self.handles:
            handle.remove()
        for cache in list(self._kept):
            for name in (*SELECTIONS, "batch_repeat_interleave", "crop"):
                vars(cache).pop(name, None)

    def _begin(self, _model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        ids = kwargs.get("input_ids", args[0] if args else None)
        embeds = kwargs.get("inputs_embeds")
        if ids is None and embeds is not None:
            ids = _nearest_tokens(embeds, self.sites.embeddings)
        self._call = {**kwargs, "input_ids": ids}
        self._states.clear()
        self._running = None
        self.changes = []

    def _keep(self, layer: int) -> Any:
        def hook(_module: nn.Module, _args: object, output: object) -> None:
            self._states[layer] = output_state(output)

        return hook

    @torch.inference_mode()
    def _decided(self) -> list[Change]:
        calibration = self.denoiser.calibration
        entity = self._states[calibration.entity_layer].float()
        ids = self._call["input_ids"]
        running = self._kept.get(self._call.get("past_key_values"), None) if self._call.get(
            "past_key_values"
        ) is not None else None
        running = running if running is not None else Running.start(entity)
        if len(running.sequences) != len(ids):
            raise OneshotError(
                f"a batch of {len(ids)} continues a cache of {len(running.sequences)} sequences; "
                "reorder the cache by its own methods"
            )
        relation = [self._states[layer].float() for layer in calibration.relation_layers]
        changes, self._running = decide(
            self.denoiser, running, Pass(ids, self._real(ids), entity, relation)
        )
        return changes

    def _real(self, ids: Tensor) -> Tensor:
        mask = self._call.get("attention_mask")
        if not isinstance(mask, Tensor) or mask.ndim != 2:
            return torch.ones_like(ids, dtype=torch.bool)
        return mask[:, -ids.shape[1] :].bool()

    def _read_out(self, _head: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        self.changes = self._decided()
        columns = self._columns(args[0].shape[1])
        shown = [(c, columns[c.position]) for c in self.changes if c.position in columns]
        if not shown:
            return None
        states = args[0].clone()
        scale = self.denoiser.calibration.scale.to(states.device)
        for change, column in shown:
            states[change.row, column] = (change.vector * scale).to(states)
        return (states, *args[1:])

    def _columns(self, width: int) -> dict[int, int]:
        """Position in this pass -> column of the states that reach the head."""
        length = self._call["input_ids"].shape[1]
        keep = self._call.get("logits_to_keep")
        if isinstance(keep, Tensor):
            return {int(p) % length: i for i, p in enumerate(keep.tolist())}
        return {length - width + i: i for i in range(width)}

    def _finish(
        self, _model: nn.Module, _args: object, _kwargs: object, output: Any
    ) -> None:
        cache = getattr(output, "past_key_values", None)
        if cache is not None and self._running is not None:
            self._follow(cache)
            self._kept[cache] = self._running
        self._states.clear()
        self._call = {}

    def _follow(self, cache: Any) -> None:
        """Let the state go with the cache wherever its rows go."""
        if "crop" in vars(cache):
            return

        def select(name: str) -> Any:
            original = getattr(cache, name)

            def method(index: Tensor) -> None:
                original(index)
                self._kept[cache] = self._kept[cache].select(index.cpu())

            return method

        for name in SELECTIONS:
            vars(cache)[name] = select(name)
        repeat = cache.batch_repeat_interleave

        def repeated(repeats: int) -> None:
            repeat(repeats)
            rows = torch.arange(len(self._kept[cache].sequences)).repeat_interleave(repeats)
            self._kept[cache] = self._kept[cache].select(rows)

        def crop(*_args: object) -> None:
            raise OneshotError(
                "an attached adapter cannot follow a cache that is cut short (assisted decoding); "
                "generate without an assistant"
            )

        vars(cache).update(batch_repeat_interleave=repeated, crop=crop)


@contextmanager
def attach(model: nn.Module, denoiser: Denoiser) -> Iterator[Attachment]:
    """Let the adapter answer inside the context; the model is as before afterwards.

    Works with batches, padding on either side, a key-value cache, beams and sampling. Where no
    fact speaks, the logits are those of the bare model bit for bit.
    """
    attachment = Attachment(model, denoiser)
    try:
        yield attachment
    finally:
        attachment.detach()


def _nearest_tokens(embeds: Tensor, embeddings: nn.Module) -> Tensor:
    """The tokens whose embeddings were given instead of ids."""
    table: Tensor = embeddings.weight  # type: ignore[assignment]
    return (embeds.to(table) @ table.T - table.square().sum(1) / 2).argmax(-1)
