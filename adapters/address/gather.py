"""Batched reading of a host's states, each prompt's part returned in the order asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from adapters.address.prompts import encode_prompts, pad
from adapters.host.read import read_states

Progress = Callable[[str, int, int], None]
BATCH = 64


@dataclass(frozen=True)
class Batch:
    """One forward pass: where each subject ends, how long it is, where each prompt ends."""

    ids: Int[Tensor, "batch seq"]
    end: Int[Tensor, " batch"]
    size: Int[Tensor, " batch"]
    last: Int[Tensor, " batch"]
    states: dict[int, Float[Tensor, "batch seq width"]]

    def at(self, layer: int, position: Int[Tensor, " batch"]) -> Float[Tensor, "batch width"]:
        """States of one position of each row."""
        return self.states[layer][torch.arange(len(self.ids)), position]


class Gatherer:
    """Reads prompts through one host and counts what it has done."""

    def __init__(self, model: nn.Module, tokenizer: Any, progress: Progress, total: int) -> None:
        self.model, self.tokenizer, self.progress = model, tokenizer, progress
        self.device = next(model.parameters()).device
        self.done, self.total = 0, total

    def gather(
        self,
        pairs: Sequence[tuple[str, str]],
        layers: Sequence[int],
        pick: Callable[[Batch], dict[str, Tensor]],
    ) -> dict[str, Tensor]:
        """`pick`'s tensors (leading dimension: batch) of all (prompt, subject) pairs, in order."""
        prompts = encode_prompts(self.tokenizer, pairs)
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i].ids))
        parts: list[dict[str, Tensor]] = []
        for start in range(0, len(order), BATCH):
            chosen = [prompts[i] for i in order[start : start + BATCH]]
            ids = pad(chosen).to(self.device)
            end, size, last = (
                torch.tensor(values, device=self.device)
                for values in (
                    [p.end for p in chosen],
                    [p.size for p in chosen],
                    [len(p.ids) - 1 for p in chosen],
                )
            )
            batch = Batch(ids, end, size, last, read_states(self.model, ids, layers))
            parts.append({name: value.cpu() for name, value in pick(batch).items()})
            self._progressed(len(chosen))
        back = torch.tensor(order).argsort()
        return {name: torch.cat([part[name] for part in parts])[back] for name in parts[0]}

    def gather_answers(
        self, pairs: Sequence[tuple[str, str]], layers: Sequence[int], steps: int
    ) -> dict[str, Float[Tensor, "prompts steps width"]]:
        """The host's states, by layer, at the first tokens of its own greedy answers."""
        prompts = encode_prompts(self.tokenizer, pairs)
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i].ids))
        parts: list[dict[int, Tensor]] = []
        for start in range(0, len(order), BATCH):
            chosen = [list(prompts[i].ids) for i in order[start : start + BATCH]]
            for _ in range(steps):
                chosen = [
                    [*ids, said] for ids, said in zip(chosen, self._said(chosen), strict=True)
                ]
            states = read_states(self.model, self._rows(chosen), layers)
            last = torch.tensor([len(ids) - 1 for ids in chosen], device=self.device)
            places = last[:, None] - torch.arange(steps - 1, -1, -1, device=self.device)
            rows = torch.arange(len(chosen), device=self.device)[:, None]
            parts.append({layer: state[rows, places].cpu() for layer, state in states.items()})
            self._progressed(len(chosen) * (steps + 1))
        back = torch.tensor(order).argsort()
        return {str(layer): torch.cat([p[layer] for p in parts])[back] for layer in layers}

    @torch.inference_mode()
    def _said(self, prompts: Sequence[list[int]]) -> list[int]:
        """The host's greedy next token after each prompt."""
        ids = self._rows(prompts)
        last = torch.tensor([len(p) - 1 for p in prompts], device=self.device)
        logits = self.model(
            input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False
        ).logits
        chosen: list[int] = logits[torch.arange(len(ids)), last].argmax(1).tolist()
        return chosen

    def _rows(self, prompts: Sequence[list[int]]) -> Int[Tensor, "batch seq"]:
        longest = max(map(len, prompts))
        return torch.tensor([p + [0] * (longest - len(p)) for p in prompts], device=self.device)

    def _progressed(self, prompts: int) -> None:
        self.done += prompts
        self.progress("calibrating", min(self.done, self.total), self.total)
