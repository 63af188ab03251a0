"""What ROME, MEMIT and AlphaEdit share: keys at the subject's last token, and shifts found there.

Meng et al. 2022 (arXiv 2202.05262), section 3.1: the last linear map of a layer's MLP is read as a
memory from keys (its inputs) to values (its outputs).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from adapters.address.prompts import encode_prompts
from adapters.host.sites import find_sites, output_state
from oneshot.hosts.load import Host
from oneshot.retention.methods.examples import Examples, answer_loss, examples_of, left_padded
from oneshot.retention.methods.interface import Request
from oneshot.retention.methods.passages import passages, prefixes

ESSENCE = "{} is a"  # the prompt whose next-token distribution a shift should keep
TOGETHER = 50  # facts whose shifts are sought in one batch
ROWS = 64  # rows of a pass that only reads


@dataclass(frozen=True)
class Memory:
    """The last linear map of a layer, by name; `flipped` where it keeps inputs in rows."""

    index: int
    layer: nn.Module
    module: nn.Module
    name: str
    flipped: bool

    def matrix(self, weight: Tensor) -> Float[Tensor, "out in"]:
        """The map's matrix from the host's way of keeping it; its own inverse."""
        return weight.T if self.flipped else weight

    def add(self, weights: dict[str, Tensor], update: Float[Tensor, "out in"]) -> None:
        """Change the map in `weights`, which has changed weights of the host by name."""
        weight = weights.get(self.name, self.module.get_parameter("weight")).detach()
        changed = self.matrix(weight.double()) + update
        weights[self.name] = self.matrix(changed).to(weight.dtype).contiguous()


def memory_at(model: nn.Module, layer: int) -> Memory:
    """The memory of layer 0, 1, ... of a causal language model."""
    from transformers.pytorch_utils import Conv1D

    found = find_sites(model).layers[layer]
    *_, module = (m for m in found.modules() if isinstance(m, nn.Linear | Conv1D))
    name = next(name for name, m in model.named_modules() if m is module)
    return Memory(layer, found, module, f"{name}.weight", isinstance(module, Conv1D))


@dataclass(frozen=True)
class ShiftSettings:
    """How a shift is sought: Adam's steps and rate, penalties, and the bound on its length.

    Rate, decay and bound are in units of the shifted state's own length; `prefixes` texts stand
    before the prompt in further rows.
    """

    steps: int = 10
    rate: float = 0.15
    keep: float = 0.0625
    decay: float = 0.1
    bound: float = 1.5
    prefixes: int = 1


@cache
def second_moment(host: Host, layers: tuple[int, ...], tokens: int) -> list[Float[Tensor, "in in"]]:
    """C = mean of k k' over the host's text, half of it prose, half facts; fp64, by layer."""
    memories = [memory_at(host.model, layer) for layer in layers]
    sums: list[Any] = [0.0] * len(memories)
    seen = 0
    for ids in passages(host, tokens):
        seen += ids.numel()
        with torch.no_grad(), watched([m.module for m in memories]) as passed:
            host.model(input_ids=ids, use_cache=False, logits_to_keep=1)
        for i, memory in enumerate(memories):
            keys = passed[memory.module].input.flatten(0, 1).double()
            sums[i] = sums[i] + keys.T @ keys
    return [total / seen for total in sums]


@dataclass
class Passed:
    """What went into a module and came out of it in the last pass."""

    input: Tensor
    whole: Any

    @property
    def output(self) -> Tensor:
        """The state that came out."""
        return output_state(self.whole)


@contextmanager
def watched(modules: Sequence[nn.Module]) -> Iterator[dict[nn.Module, Passed]]:
    """Keep what passes through modules inside."""
    passed: dict[nn.Module, Passed] = {}

    def hook(module: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        passed[module] = Passed(inputs[0], output)

    handles = [module.register_forward_hook(hook) for module in modules]
    try:
        yield passed
    finally:
        for handle in handles:
            handle.remove()


def at_subjects(
    model: nn.Module, modules: Sequence[nn.Module], examples: Examples
) -> list[tuple[Tensor, Tensor]]:
    """What enters and leaves each module at the rows' subjects' last tokens."""
    found: list[list[tuple[Tensor, Tensor]]] = [[] for _ in modules]
    for rows in torch.arange(len(examples.ids), device=examples.ids.device).split(ROWS):
        part = examples.take(rows)
        with torch.no_grad(), watched(modules) as passed:
            model(**part.inputs, use_cache=False, logits_to_keep=1)
        for i, module in enumerate(modules):
            kept = passed[module]
            found[i].append((_at(kept.input, part.subject), _at(kept.output, part.subject)))
    return [(torch.cat([a for a, _ in parts]), torch.cat([b for _, b in parts])) for parts in found]


def _at(states: Tensor, columns: Tensor) -> Tensor:
    return states[torch.arange(len(columns), device=columns.device), columns]


def find_shifts(
    host: Host,
    requests: Sequence[Request],
    layer: int,
    around: Float[Tensor, "facts width"],
    settings: ShiftSettings,
) -> Float[Tensor, "facts width"]:
    """What to add to the state after a layer at each subject so that the model says the answer.

    ROME, equation 4: the answer's negative log-likelihood over prefixes, the divergence from the
    model's own next token after "SUBJECT is a", and a penalty on the shift's length relative to
    `around`, the states that the shifts are measured against.
    """
    found = []
    for start in range(0, len(requests), TOGETHER):
        part = requests[start : start + TOGETHER]
        examples = examples_of(host, part, prefixes(settings.prefixes))
        base, essence = around[start : start + TOGETHER], _essence(host, part)
        found.append(seek(host.model, examples, layer, base, settings, essence))
    return torch.cat(found)


def seek(
    model: nn.Module,
    examples: Examples,
    layer: int,
    around: Float[Tensor, "facts width"],
    settings: ShiftSettings,
    essence: Examples | None = None,
) -> Float[Tensor, "facts width"]:
    """Shifts at the examples' marked columns, all facts at once, each by its own loss."""
    scale = around.square().mean(1, keepdim=True).sqrt()
    steps = torch.zeros_like(around, requires_grad=True)
    optimizer = torch.optim.Adam([steps], settings.rate)
    replay = Replay(model, layer, examples)
    keeper = Keeper(model, layer, essence) if essence else None
    for _ in range(settings.steps):
        optimizer.zero_grad()
        shifts = steps * scale
        with replay.shifted(shifts):
            said = answer_loss(model, examples, "none").view(len(around), -1).mean(1)
        loss = said + settings.decay * steps.square().mean(1)
        if keeper:
            loss = loss + settings.keep * keeper.drift(shifts)
        loss.sum().backward()
        optimizer.step()
        with torch.no_grad():
            length = steps.square().mean(1, keepdim=True).sqrt()
            steps *= (settings.bound / length).clamp_max(1)
    return (steps * scale).detach()


class Replay:
    """The passes of one batch from a layer on: what the layers up to it said is kept.

    Layers of a host that adds each memory's output to its state, as GPT-2 and Llama do, say the
    same whether a shift is added to the memory's output or to the layer's.
    """

    def __init__(self, model: nn.Module, layer: int, examples: Examples) -> None:
        self._layers = find_sites(model).layers[: layer + 1]
        self._columns = examples.subject
        with torch.no_grad(), watched(self._layers) as passed:
            model(**examples.inputs, use_cache=False, logits_to_keep=1)
        self._said = [passed[module].whole for module in self._layers]

    @contextmanager
    def shifted(self, shifts: Float[Tensor, "facts width"]) -> Iterator[None]:
        """Inside, the layer's state has a fact's shift at the subject of each of its rows."""
        rows = torch.arange(len(self._columns), device=shifts.device)
        each = shifts.repeat_interleave(len(rows) // len(shifts), 0)
        state = output_state(self._said[-1])
        state = state.index_put((rows, self._columns), each.to(state.dtype), accumulate=True)
        said = [*self._said[:-1], with_state(self._said[-1], state)]
        try:
            for module, kept in zip(self._layers, said, strict=True):
                module.forward = partial(_say, kept)
            yield
        finally:
            for module in self._layers:
                module.__dict__.pop("forward", None)


def _say(kept: object, *_: object, **__: object) -> object:
    return kept


def with_state(output: Any, state: Tensor) -> Any:
    """A layer's output with another state in it."""
    return (state, *output[1:]) if isinstance(output, tuple) else state


class Keeper:
    """How far shifts move the next token after the prompts of a batch, KL(shifted, before)."""

    def __init__(self, model: nn.Module, layer: int, examples: Examples) -> None:
        self._model, self._examples = model, examples
        self._replay = Replay(model, layer, examples)
        with torch.no_grad():
            self._before = _next_token(model, examples)

    def drift(self, shifts: Float[Tensor, "facts width"]) -> Float[Tensor, " facts"]:
        """The divergence of each fact's prompt [nats]."""
        with self._replay.shifted(shifts):
            after = _next_token(self._model, self._examples)
        return (after.exp() * (after - self._before)).sum(1)


def _essence(host: Host, requests: Sequence[Request]) -> Examples:
    pairs = [(ESSENCE.format(r.subject), r.subject) for r in requests]
    rows = [(prompt, ()) for prompt in encode_prompts(host.tokenizer, pairs)]
    return left_padded(rows, host.model.device)


def _next_token(model: nn.Module, examples: Examples) -> Float[Tensor, "rows vocabulary"]:
    logits = model(**examples.inputs, use_cache=False, logits_to_keep=1).logits[:, -1]
    return log_softmax(logits.float(), dim=-1)
