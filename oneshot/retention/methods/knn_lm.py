"""kNN-LM: next tokens remembered by state (Khandelwal et al. 2020, arXiv 1911.00172)."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import faiss
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from adapters.host.sites import find_sites
from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.locate import ROWS, watched
from oneshot.retention.methods.examples import IGNORED, examples_of
from oneshot.retention.methods.interface import Method, Request
from oneshot.retention.methods.passages import passages


@dataclass(frozen=True)
class KnnLmSettings:
    """The neighbours' share, their number, and the temperature in units of a key's mean square.

    `tokens` of the host's own text stand in the datastore too, as in the paper.
    Defaults were chosen by the record retention-tune.
    """

    share: float = 0.5
    neighbours: int = 32
    temperature: float = 0.02
    tokens: int = 20_000


class KnnLm(Method):
    """Keys are the states that enter the head, before each token of an answer."""

    name = "kNN-LM"

    def __init__(self, host: Host, settings: KnnLmSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or KnnLmSettings()
        sites = find_sites(host.model)
        self._head, self._index = sites.head, faiss.IndexFlatL2(sites.width)
        self._tokens = torch.zeros(0, dtype=torch.long)
        self._square = 0.0
        for ids in passages(host, self.settings.tokens):
            states = self._states({"input_ids": ids})[:, :-1]
            self._remember(states.flatten(0, 1), ids[:, 1:].flatten())

    def write(self, requests: Sequence[Request]) -> None:
        """Remember each token of the answers under the state that should say it."""
        examples = examples_of(self.host, requests)
        for rows in torch.arange(len(requests)).split(ROWS):
            part = examples.take(rows)
            asked = part.labels[:, 1:] != IGNORED
            states = self._states(part.inputs)[:, :-1]
            self._remember(states[asked], part.labels[:, 1:][asked])

    def _states(self, inputs: dict[str, Tensor]) -> Float[Tensor, "rows seq width"]:
        with torch.no_grad(), watched([self._head]) as passed:
            self.host.model(**inputs, use_cache=False)
        return passed[self._head].input

    def _remember(self, states: Tensor, tokens: Int[Tensor, " keys"]) -> None:
        keys = states.detach().float().cpu()
        count = len(self._tokens)
        self._square = (self._square * count + float(keys.square().sum())) / (count + len(keys))
        self._index.add(keys.numpy())
        self._tokens = torch.cat([self._tokens, tokens.cpu()])

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The host's model with the neighbours' tokens mixed into its head's output."""
        if not len(self._tokens):
            yield self.host.model
            return
        handle = self._head.register_forward_hook(self._mixed)
        try:
            yield self.host.model
        finally:
            handle.remove()

    def _mixed(self, _module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        """Logits of (1 - share) p + share p_kNN: equation 3; of p itself where share is 0."""
        own = output.float().log_softmax(-1)
        near = self.neighbours(inputs[0].flatten(0, -2), own.shape[-1]).view_as(own).log()
        share = self.settings.share
        mixed = torch.logaddexp(_log(1 - share) + own, _log(share) + near)
        return output + (mixed - own).to(output.dtype)

    def neighbours(
        self, states: Float[Tensor, "states width"], vocabulary: int
    ) -> Float[Tensor, "states vocabulary"]:
        """p_kNN: the nearest keys' tokens, weighted by exp(-distance^2 / temperature)."""
        count = min(self.settings.neighbours, len(self._tokens))
        squares, found = self._index.search(states.detach().float().cpu().numpy(), count)
        scaled = torch.from_numpy(squares) / (self.settings.temperature * self._square)
        weights = (-scaled).softmax(-1).to(states.device)
        tokens = self._tokens[torch.from_numpy(found)].to(states.device)
        return weights.new_zeros(len(states), vocabulary).scatter_add(1, tokens, weights)

    def stored_bytes(self) -> int:
        """Bytes of keys and tokens."""
        return len(self._tokens) * (4 * self._index.d + 8)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
