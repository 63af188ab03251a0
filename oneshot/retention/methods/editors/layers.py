"""What MEMIT and AlphaEdit share: facts spread over the memories of several layers."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

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
class LayerSettings:
    """The last edited layer as a fraction of the depth, how many layers, and how shifts are sought.

    Defaults of these and of each editor's own were chosen by the record retention-tune.
    """

    depth: float = 0.34
    layers: int = 3
    shift: ShiftSettings = field(default_factory=ShiftSettings)
    tokens: int = 20_000


class LayerEditor(WeightEditor):
    """Least squares over the facts of a write, layer by layer; writes follow one another."""

    def __init__(self, host: Host, settings: LayerSettings) -> None:
        super().__init__(host)
        self.shift = settings.shift
        last = find_sites(host.model).depth(settings.depth)
        layers = tuple(range(max(0, last - settings.layers + 1), last + 1))
        self.memories = [memory_at(host.model, layer) for layer in layers]
        self._moments = second_moment(host, layers, settings.tokens)

    @abstractmethod
    def solve(
        self, number: int, keys: Float[Tensor, "facts in"], wanted: Float[Tensor, "facts out"]
    ) -> Float[Tensor, "out in"]:
        """The change of memory `number` under which the keys give what is wanted in addition."""

    def write(self, requests: Sequence[Request]) -> None:
        """Find each subject's state after the last layer, and reach it layer by layer."""
        examples = examples_of(self.host, requests, prefixes(self.shift.prefixes))
        last, count = self.memories[-1], len(requests)
        with self.taught():
            _, states = self._read(examples, last, count)
            shifts = find_shifts(self.host, requests, last.index, states, self.shift)
        wanted = states + shifts
        for number, memory in enumerate(self.memories):
            with self.taught():
                keys, states = self._read(examples, memory, count)
            share = (wanted - states) / (len(self.memories) - number)
            memory.add(self.weights, self.solve(number, keys.double(), share.double()))

    def _read(self, examples: Examples, memory: Memory, count: int) -> tuple[Tensor, Tensor]:
        """Each fact's key, averaged over prefixes, and its state after the last edited layer."""
        modules = [memory.module, self.memories[-1].layer]
        (inputs, _), (_, states) = at_subjects(self.host.model, modules, examples)
        keys, states = (x.view(count, -1, x.shape[1]) for x in (inputs, states))
        return keys.mean(1), states[:, 0]
