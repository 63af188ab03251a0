"""UltraEdit: one backward pass and normalised least squares (Gu et al. 2025, arXiv 2505.14679)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.host.sites import find_sites
from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.locate import memory_at, watched
from oneshot.retention.methods.examples import IGNORED, Examples, answer_loss, examples_of
from oneshot.retention.methods.interface import Request
from oneshot.retention.methods.weights import WeightEditor

TINY = 1e-7  # added to a spread


@dataclass(frozen=True)
class UltraEditSettings:
    """How many of the last layers are edited, and how far along the gradient.

    Defaults were chosen by the record retention-tune.
    """

    layers: int = 3
    rate: float = 3e-3


class Running:
    """Mean and spread of all the rows seen so far, by feature."""

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, torch.zeros(1), torch.zeros(1)

    def normalised(self, rows: Float[Tensor, "rows features"]) -> Float[Tensor, "rows features"]:
        """The rows by the statistics that they are part of."""
        count, mean = len(rows), rows.mean(0)
        total, away = self.count + count, mean - self.mean.to(rows)
        between = away.square() * (self.count * count / total)
        self.squares = self.squares.to(rows) + (rows - mean).square().sum(0) + between
        self.mean = self.mean.to(rows) + away * (count / total)
        self.count = total
        return (rows - self.mean) / ((self.squares / max(1, total - 1)).sqrt() + TINY)


class UltraEdit(WeightEditor):
    """Neither covariance nor subject is needed; normalisation goes on over writes."""

    name = "UltraEdit"

    def __init__(self, host: Host, settings: UltraEditSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or UltraEditSettings()
        count = len(find_sites(host.model).layers)
        first = max(0, count - self.settings.layers)
        self.memories = [memory_at(host.model, layer) for layer in range(first, count)]
        self._running = [(Running(), Running()) for _ in self.memories]

    def write(self, requests: Sequence[Request]) -> None:
        """W' = W + (H'H + I)^-1 H' V, V = -rate |h|^2 g, with normalised states h, gradients g."""
        read = self._read(examples_of(self.host, requests))
        for memory, (of_keys, of_gradients), (keys, gradients) in zip(
            self.memories, self._running, read, strict=True
        ):
            states = of_keys.normalised(keys.double())
            slopes = of_gradients.normalised(gradients.double())
            wanted = -self.settings.rate * states.square().sum(1, keepdim=True) * slopes
            system = states.T @ states
            system.diagonal().add_(1.0)
            memory.add(self.weights, torch.linalg.solve(system, states.T @ wanted).T)

    def _read(self, examples: Examples) -> list[tuple[Tensor, Tensor]]:
        """Inputs, and gradients of the outputs, of each memory where the answers are predicted."""
        asked = examples.labels[:, 1:] != IGNORED
        with self.taught() as model:
            embedded = find_sites(model).embeddings(examples.ids).detach().requires_grad_()

            def run(input_ids: Tensor, **inputs: Any) -> Any:
                return model(inputs_embeds=embedded, **inputs)

            with watched([memory.module for memory in self.memories]) as passed:
                loss = answer_loss(run, examples, "none")
            kept = [passed[memory.module] for memory in self.memories]
            slopes = torch.autograd.grad(loss.sum(), [k.output for k in kept])
        return [
            (k.input.detach()[:, :-1][asked], slope[:, :-1][asked])
            for k, slope in zip(kept, slopes, strict=True)
        ]
