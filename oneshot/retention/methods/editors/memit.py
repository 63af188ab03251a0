"""MEMIT: many facts in the memories of several layers (Meng et al. 2023, arXiv 2210.07229)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.layers import LayerEditor, LayerSettings


@dataclass(frozen=True)
class MemitSettings(LayerSettings):
    """And the weight of C, the second moment of kept keys."""

    preserve: float = 10.0


class Memit(LayerEditor):
    """Keeps what other keys say by their second moment."""

    name = "MEMIT"

    def __init__(self, host: Host, settings: MemitSettings | None = None) -> None:
        chosen = settings or MemitSettings()
        super().__init__(host, chosen)
        self.preserve = chosen.preserve

    def solve(
        self, number: int, keys: Float[Tensor, "facts in"], wanted: Float[Tensor, "facts out"]
    ) -> Float[Tensor, "out in"]:
        """R K' (weight C + K K')^-1, facts in rows: equation 14."""
        system = self.preserve * self._moments[number] + keys.T @ keys
        update: Tensor = torch.linalg.solve(system, keys.T @ wanted)
        return update.T
