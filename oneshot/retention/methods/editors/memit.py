"""MEMIT: many facts in the memories of several layers (Meng et al. 2023, arXiv 2210.07229)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.host.sites import find_sites
from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.locate import (
    Memory,
    ShiftSettings,
    at_subjects,
    find_shifts,
    memory_at,
    second_moment,
)
from oneshot.retention.methods.examples import Examples, examples_of
from oneshot.retention.methods.interface import Request
from oneshot.retention.methods.passages import prefixes
from oneshot.retention.methods.weights import WeightEditor


@dataclass(frozen=True)
class MemitSettings:
    """The last edited layer as a fraction of the depth, how many layers, and the weight of C.

    Defaults were chosen by the record retention-tune.
    """

    depth: float = 0.34
    layers: int = 3
    preserve: float = 10.0
    shift: ShiftSettings = field(default_factory=ShiftSettings)
    tokens: int = 20_000


class Memit(WeightEditor):
    """Least squares over the facts of a write; writes follow one another."""

    name = "MEMIT"

    def __init__(self, host: Host, settings: MemitSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or MemitSettings()
        last = find_sites(host.model).depth(self.settings.depth)
        layers = tuple(range(max(0, last - self.settings.layers + 1), last + 1))
        self.memories = [memory_at(host.model, layer) for layer in layers]
        self._moments = second_moment(host, layers, self.settings.tokens)

    def write(self, requests: Sequence[Request]) -> None:
        """Find each subject's state after the last layer, and reach it layer by layer."""
        examples = examples_of(self.host, requests, prefixes(self.settings.shift.prefixes))
        last, count = self.memories[-1], len(requests)
        with self.taught():
            _, states = self._read(examples, last, count)
            shifts = find_shifts(self.host, requests, last.index, states, self.settings.shift)
        wanted = states + shifts
        for number, memory in enumerate(self.memories):
            with self.taught():
                keys, states = self._read(examples, memory, count)
            share = (wanted - states) / (len(self.memories) - number)
            self._add(memory, self.solve(number, keys.double(), share.double()))

    def solve(
        self, number: int, keys: Float[Tensor, "facts in"], wanted: Float[Tensor, "facts out"]
    ) -> Float[Tensor, "out in"]:
        """R K' (weight C + K K')^-1, facts in rows: equation 14."""
        system = self.settings.preserve * self._moments[number] + keys.T @ keys
        update: Tensor = torch.linalg.solve(system, keys.T @ wanted)
        return update.T

    def _read(self, examples: Examples, memory: Memory, count: int) -> tuple[Tensor, Tensor]:
        """Each fact's key, averaged over prefixes, and its state after the last edited layer."""
        modules = [memory.module, self.memories[-1].layer]
        (inputs, _), (_, states) = at_subjects(self.host.model, modules, examples)
        keys, states = (x.view(count, -1, x.shape[1]) for x in (inputs, states))
        return keys.mean(1), states[:, 0]

    def _add(self, memory: Memory, update: Float[Tensor, "out in"]) -> None:
        weight = self.weights.get(memory.name, memory.module.get_parameter("weight")).detach()
        changed = memory.matrix(weight.double()) + update
        self.weights[memory.name] = memory.matrix(changed).to(weight.dtype).contiguous()
