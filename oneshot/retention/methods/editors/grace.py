"""GRACE: a codebook of states at one layer (Hartvigsen et al. 2023, arXiv 2211.11031)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adapters.host.sites import find_sites, output_state
from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.locate import (
    TOGETHER,
    ShiftSettings,
    at_subjects,
    seek,
    with_state,
)
from oneshot.retention.methods.examples import examples_of
from oneshot.retention.methods.interface import Method, Request


@dataclass(frozen=True)
class GraceSettings:
    """The layer as a fraction of the depth; a new key's radius as a fraction of its length.

    Defaults were chosen by the record retention-tune.
    """

    depth: float = 0.8
    radius: float = 0.45
    shift: ShiftSettings = field(default_factory=lambda: ShiftSettings(prefixes=0, decay=0.0))


class Grace(Method):
    """States within a key's radius are replaced by the key's value, a state found by gradient."""

    name = "GRACE"

    def __init__(self, host: Host, settings: GraceSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or GraceSettings()
        sites = find_sites(host.model)
        self._layer = sites.depth(self.settings.depth)
        self._module = sites.layers[self._layer]
        self.keys = torch.zeros(0, sites.width, device=host.model.device)
        self.values, self.radii = torch.zeros_like(self.keys), self.keys.new_zeros(0)
        self._answers: list[str] = []

    def write(self, requests: Sequence[Request]) -> None:
        """Add keys, or move radii where a key is near, as algorithm 1 does."""
        for start in range(0, len(requests), TOGETHER):
            part = requests[start : start + TOGETHER]
            examples = examples_of(self.host, part)
            examples = replace(examples, subject=examples.first)
            ((_, states),) = at_subjects(self.host.model, [self._module], examples)
            shifts = seek(self.host.model, examples, self._layer, states, self.settings.shift)
            for request, key, value in zip(part, states, states + shifts, strict=True):
                self._enter(key, value, request.answer)

    def _enter(self, key: Tensor, value: Tensor, answer: str) -> None:
        radius = self.settings.radius * key.norm()
        if len(self.keys):
            away, nearest = (self.keys - key).norm(dim=1).min(0)
            if away <= self.radii[nearest] + radius:
                if self._answers[int(nearest)] == answer:
                    self.radii[nearest] = self.radii[nearest].maximum(away)
                    return
                radius = away / 2
                self.radii[nearest] = self.radii[nearest].minimum(radius * (1 - 1e-3))
                if away == 0:  # the later of two answers to one prompt holds
                    self.values[nearest], self._answers[int(nearest)] = value, answer
                    return
        self.keys = torch.cat([self.keys, key[None]])
        self.values = torch.cat([self.values, value[None]])
        self.radii = torch.cat([self.radii, radius[None]])
        self._answers.append(answer)

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The host's model with the codebook after one of its layers."""
        if not len(self.keys):
            yield self.host.model
            return
        handle = self._module.register_forward_hook(self._answer)
        try:
            yield self.host.model
        finally:
            handle.remove()

    def _answer(self, _module: nn.Module, _inputs: object, output: Any) -> Any:
        state = output_state(output)
        return with_state(output, self.looked_up(state))

    def looked_up(self, state: Float[Tensor, "rows seq width"]) -> Float[Tensor, "rows seq width"]:
        """The states, those inside a ball replaced by its value."""
        away, nearest = torch.cdist(
            state.flatten(0, 1).float(), self.keys, compute_mode="donot_use_mm_for_euclid_dist"
        ).min(1)
        inside = (away <= self.radii[nearest]).view(state.shape[:2])
        values = self.values[nearest].view_as(state).to(state.dtype)
        return torch.where(inside[..., None], values, state)

    def stored_bytes(self) -> int:
        """Bytes of keys, values and radii."""
        return 4 * (self.keys.numel() + self.values.numel() + self.radii.numel())
