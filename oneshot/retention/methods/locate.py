"""What ROME, MEMIT and AlphaEdit share: keys at the subject's last token, and shifts found there.

Meng et al. 2022 (arXiv 2202.05262), section 3.1: the last linear map of a layer's MLP is read as a
memory from keys (its inputs) to values (its outputs).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from adapters.address.prompts import encode_prompts
from adapters.sites import find_sites, output_state
from oneshot.hosts.corpus import background_text, corpus_facts, corpus_wordings
from oneshot.hosts.load import Host
from oneshot.retention.method import Request
from oneshot.retention.methods.examples import Examples, answer_loss, examples_of, left_padded

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

    steps: int = 15
    rate: float = 0.1
    keep: float = 0.0625
    decay: float = 0.1
    bound: float = 1.5
    prefixes: int = 1


def prefixes(count: int) -> list[str]:
    """Openings of running text, each to stand before a prompt."""
    return [" ".join(text.split()[:5]) + "." for text in background_text()[:count]]


def second_moment(
    host: Host, memories: Sequence[Memory], tokens: int
) -> list[Float[Tensor, "in in"]]:
    """C = mean of k k' over the host's text, half of it prose, half facts; fp64, by memory."""
    sums: list[Any] = [0.0] * len(memories)
    seen = 0
    for ids in _passages(host, tokens):
        seen += ids.numel()
        with torch.no_grad(), watched([m.module for m in memories]) as passed:
            host.model(input_ids=ids, use_cache=False, logits_to_keep=1)
        for i, memory in enumerate(memories):
            keys = passed[memory.module].input.flatten(0, 1).double()
            sums[i] = sums[i] + keys.T @ keys
    return [total / seen for total in sums]


def _passages(host: Host, tokens: int, length: int = 96, rows: int = 16) -> Iterator[Tensor]:
    wordings = corpus_wordings()
    facts = [f for f in corpus_facts() if f.split == "known"]
    said = [
        f"{wordings[f.relation].main[i % len(wordings[f.relation].main)]} {f.object}.".replace(
            "{}", f.subject
        )
        for i, f in enumerate(facts)
    ]
    for texts in (background_text(), said):
        ids: list[int] = []
        for text in texts:
            if len(ids) >= tokens // 2:
                break
            ids += host.tokenizer(" " + text)["input_ids"]
        whole = torch.tensor(ids[: len(ids) // length * length], device=host.model.device)
        yield from whole.view(-1, length).split(rows)


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

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
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
    parts = [
        _find_together(host, requests[i : i + TOGETHER], layer, around[i : i + TOGETHER], settings)
        for i in range(0, len(requests), TOGETHER)
    ]
    return torch.cat(parts)


def _find_together(
    host: Host,
    requests: Sequence[Request],
    layer: int,
    around: Float[Tensor, "facts width"],
    settings: ShiftSettings,
) -> Float[Tensor, "facts width"]:
    examples = examples_of(host, requests, prefixes(settings.prefixes))
    essence = _essence(host, requests)
    with torch.no_grad():
        before = _next_token(host.model, essence)
    scale = around.square().mean(1, keepdim=True).sqrt()
    steps = torch.zeros_like(around, requires_grad=True)
    optimizer = torch.optim.Adam([steps], settings.rate)
    replays = [Replay(host.model, layer, part) for part in (examples, essence)]
    for _ in range(settings.steps):
        optimizer.zero_grad()
        with replays[0].shifted(steps * scale):
            said = answer_loss(host.model, examples, "none").view(len(requests), -1).mean(1)
        with replays[1].shifted(steps * scale):
            after = _next_token(host.model, essence)
        drift = (after.exp() * (after - before)).sum(1)
        length = steps.square().mean(1)
        (said + settings.keep * drift + settings.decay * length).sum().backward()
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


def _essence(host: Host, requests: Sequence[Request]) -> Examples:
    pairs = [(ESSENCE.format(r.subject), r.subject) for r in requests]
    rows = [(prompt, ()) for prompt in encode_prompts(host.tokenizer, pairs)]
    return left_padded(rows, host.model.device)


def _next_token(model: nn.Module, examples: Examples) -> Float[Tensor, "rows vocabulary"]:
    logits = model(**examples.inputs, use_cache=False, logits_to_keep=1).logits[:, -1]
    return log_softmax(logits.float(), dim=-1)
