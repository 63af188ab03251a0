"""Fine-tuning on the facts to write: of all weights, or of the last layers' only."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.func import functional_call

from adapters.host.sites import find_sites
from oneshot.hosts.load import Host
from oneshot.retention.methods.examples import answer_loss, examples_of, shuffled
from oneshot.retention.methods.interface import Request
from oneshot.retention.methods.weights import WeightEditor


@dataclass(frozen=True)
class FineTuneSettings:
    """`last_layers` None trains all weights; each write runs over its facts `epochs` times.

    Defaults were chosen by the record retention-tune.
    """

    learning_rate: float = 1e-4
    epochs: int = 10
    batch: int = 16
    last_layers: int | None = None


@dataclass(frozen=True)
class LastLayersSettings(FineTuneSettings):
    """The defaults for the last layers alone, by the same record."""

    learning_rate: float = 1e-3
    last_layers: int | None = 2


class FineTune(WeightEditor):
    """AdamW on the answers' tokens of the facts of each write, from where the last write ended."""

    def __init__(self, host: Host, settings: FineTuneSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or FineTuneSettings()
        last = self.settings.last_layers
        self.name = "fine-tuning" if last is None else f"fine-tuning, last {last} layers"
        self.generator = torch.Generator().manual_seed(0)
        self._names = _trained(host.model, last)

    def write(self, requests: Sequence[Request]) -> None:
        """Train on these facts alone."""
        model, settings = self.host.model, self.settings
        weights = {
            name: (self.weights.get(name, model.get_parameter(name)).detach().clone())
            for name in self._names
        }
        for weight in weights.values():
            weight.requires_grad_()
        optimizer = torch.optim.AdamW(weights.values(), settings.learning_rate, weight_decay=0.0)
        run = partial(_run, model, weights)
        examples = examples_of(self.host, requests)
        for batch in shuffled(examples, settings.batch, settings.epochs, self.generator):
            optimizer.zero_grad()
            answer_loss(run, batch).backward()
            optimizer.step()
        self.weights = {name: weight.detach() for name, weight in weights.items()}


def _run(model: nn.Module, weights: dict[str, torch.Tensor], **inputs: object) -> object:
    return functional_call(model, weights, kwargs=inputs)


def _trained(model: nn.Module, last: int | None) -> list[str]:
    """The names of the trained parameters; a tied one is named once."""
    if last is None:
        return [name for name, _ in model.named_parameters()]
    chosen = {id(p) for layer in find_sites(model).layers[-last:] for p in layer.parameters()}
    return [name for name, p in model.named_parameters() if id(p) in chosen]


class FineTuneLast(FineTune):
    """The same for the weights of the last layers."""

    def __init__(self, host: Host, settings: FineTuneSettings | None = None) -> None:
        super().__init__(host, settings or LastLayersSettings())
