"""AlphaEdit: MEMIT in the null space of kept keys (Fang et al. 2025, arXiv 2410.02355)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.layers import LayerEditor, LayerSettings


@dataclass(frozen=True)
class AlphaEditSettings(LayerSettings):
    """And which directions are free to write in: those below `threshold` of C's mean eigenvalue."""

    threshold: float = 1.0
    ridge: float = 1.0


class AlphaEdit(LayerEditor):
    """Keeps the keys of earlier writes, so that their values stay too."""

    name = "AlphaEdit"

    def __init__(self, host: Host, settings: AlphaEditSettings | None = None) -> None:
        chosen = settings or AlphaEditSettings()
        super().__init__(host, chosen)
        self.ridge = chosen.ridge
        self.projections = [null_space(moment, chosen.threshold) for moment in self._moments]
        self._written = [torch.zeros_like(moment) for moment in self._moments]

    def solve(
        self, number: int, keys: Float[Tensor, "facts in"], wanted: Float[Tensor, "facts out"]
    ) -> Float[Tensor, "out in"]:
        """R K' P (K_p K_p' P + K K' P + ridge I)^-1, facts in rows: equation 14."""
        free = self.projections[number]
        self._written[number] += keys.T @ keys
        system = free @ self._written[number]
        system.diagonal().add_(self.ridge)
        update: Tensor = torch.linalg.solve(system, free @ (keys.T @ wanted))
        return update.T


def null_space(moment: Float[Tensor, "in in"], threshold: float) -> Float[Tensor, "in in"]:
    """The projection on the directions that kept keys hardly use."""
    values, vectors = torch.linalg.eigh(moment)
    free: Tensor = vectors[:, values < threshold * values.mean()]
    return free @ free.T
