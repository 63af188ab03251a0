"""ROME: a rank-one change of one memory for each fact (Meng et al. 2022, arXiv 2202.05262)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.host.sites import find_sites
from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.locate import (
    ShiftSettings,
    at_subjects,
    find_shifts,
    memory_at,
    second_moment,
)
from oneshot.retention.methods.examples import examples_of
from oneshot.retention.methods.interface import Request
from oneshot.retention.methods.passages import prefixes
from oneshot.retention.methods.weights import WeightEditor

RIDGE = 1e-4  # of the mean square of a key's feature, so that C can be solved with


@dataclass(frozen=True)
class RomeSettings:
    """The edited layer as a fraction of the depth, and how values are sought.

    Defaults were chosen by the record retention-tune.
    """

    depth: float = 0.34
    shift: ShiftSettings = field(default_factory=lambda: ShiftSettings(decay=0.5))
    tokens: int = 20_000


class Rome(WeightEditor):
    """Facts of one write have their values sought together; their updates follow one another."""

    name = "ROME"

    def __init__(self, host: Host, settings: RomeSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or RomeSettings()
        layer = find_sites(host.model).depth(self.settings.depth)
        self.memory = memory_at(host.model, layer)
        (moment,) = second_moment(host, (layer,), self.settings.tokens)
        ridge = RIDGE * moment.diagonal().mean()
        self._factor = torch.linalg.cholesky(moment + ridge * torch.eye(len(moment)).to(moment))

    def write(self, requests: Sequence[Request]) -> None:
        """W <- W + L (C^-1 k)', L = (v* - W k) / ((C^-1 k)' k): equation 2."""
        keys, values = self.keys_and_values(requests)
        weight = self.weights.get(self.memory.name, self.memory.module.get_parameter("weight"))
        matrix = self.memory.matrix(weight.detach().double())
        for key, value in zip(keys.double(), values.double(), strict=True):
            direction = torch.cholesky_solve(key[:, None], self._factor)[:, 0]
            matrix = matrix + torch.outer((value - matrix @ key) / (direction @ key), direction)
        self.weights[self.memory.name] = self.memory.matrix(matrix).to(weight.dtype).contiguous()

    def keys_and_values(
        self, requests: Sequence[Request]
    ) -> tuple[Float[Tensor, "facts in"], Float[Tensor, "facts out"]]:
        """Each fact's k, averaged over prefixes, and the v* that W k should become."""
        module, settings = self.memory.module, self.settings.shift
        examples = examples_of(self.host, requests, prefixes(settings.prefixes))
        with self.taught() as model:
            read = at_subjects(model, [module, self.memory.layer], examples)
            keys, outputs, states = (
                x.view(len(requests), -1, x.shape[1]) for x in (*read[0], read[1][1])
            )
            shifts = find_shifts(self.host, requests, self.memory.index, states[:, 0], settings)
            bias = getattr(module, "bias", None)
            values = outputs.mean(1) if bias is None else outputs.mean(1) - bias
        return keys.mean(1), values + shifts
