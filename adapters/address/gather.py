"""Batched reading of a host: every text's last states and its words' mean states."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adapters.address.reading import Window
from adapters.host.read import read_states

Progress = Callable[[str, int, int], None]
BATCH = 64


@dataclass(frozen=True)
class Prompt:
    """Token ids of a text and the window that is read of it."""

    ids: tuple[int, ...]
    window: Window


@dataclass(frozen=True)
class Layers:
    """The layers whose states are read: of a window's last token, of its words, and of the last
    token of all, where what a frame around the window makes of it is read.
    """

    last: tuple[int, ...]
    words: tuple[int, ...]
    end: tuple[int, ...] = ()

    @property
    def all(self) -> list[int]:
        """All of them, each once, ascending."""
        return sorted({*self.last, *self.words, *self.end})


def read_prompts(
    model: nn.Module,
    prompts: Sequence[Prompt],
    layers: Layers,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Float[Tensor, "n last_layers width"], Float[Tensor, "n word_layers width"]]:
    """The last states and the words' mean states of every prompt, in the order given.

    Behind a window's last states come those of the last token of all.
    """
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i].ids))
    device = next(model.parameters()).device
    parts: list[tuple[Tensor, Tensor]] = []
    for start in range(0, len(order), BATCH):
        chosen = [prompts[i] for i in order[start : start + BATCH]]
        states = read_states(model, rows_of([p.ids for p in chosen]).to(device), layers.all)
        parts.append(picked(states, chosen, layers))
        progress(len(chosen))
    back = torch.tensor(order).argsort()
    last, words = (torch.cat(part)[back] for part in zip(*parts, strict=True))
    return last, words


def picked(
    states: dict[int, Tensor], prompts: Sequence[Prompt], layers: Layers
) -> tuple[Tensor, Tensor]:
    """Each prompt's last states and words' mean states out of a batch's."""
    rows = torch.arange(len(prompts))
    last = torch.tensor([p.window.last for p in prompts])
    length = next(iter(states.values())).shape[1]
    share = torch.zeros(len(prompts), 1, length)
    for row, prompt in zip(share, prompts, strict=True):
        row[0, list(prompt.window.words)] = 1 / len(prompt.window.words)
    final = torch.tensor([len(p.ids) - 1 for p in prompts])
    ends = [states[n][rows, last].cpu() for n in layers.last]
    ends += [states[n][rows, final].cpu() for n in layers.end]
    means = [(share.to(states[n].device) @ states[n])[:, 0].cpu() for n in layers.words]
    return torch.stack(ends, 1), torch.stack(means, 1)


def rows_of(ids: Sequence[Sequence[int]], length: int | None = None) -> Tensor:
    """Token ids as rows, padded on the right with token 0."""
    longest = length or max(map(len, ids))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids])


def encode_ids(tokenizer: Any, texts: Sequence[str]) -> list[tuple[int, ...]]:
    """The texts' token ids, as the host reads a text."""
    return [tuple(ids) for ids in tokenizer(list(texts))["input_ids"]] if texts else []
