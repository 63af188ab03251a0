"""Forward passes that facts are read by: a code comes out bit for bit alike, whatever else is read.

The last bits of a pass can depend on the shape of its batch. In half precision and on an
accelerator they do, so there every pass of a length has as many rows. In single precision rows are
padded to whole tiles of the processor's matrix product, so that in practice they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adapters.address.calibration import Bank
from adapters.address.gather import Prompt, picked, rows_of
from adapters.host.half import half_of, worth_halving
from adapters.host.read import positions, read_states

TILE, ROWS = 16, 32  # tokens that a row is padded to whole multiples of, and rows of a pass
FIXED_TILE, FIXED_ROWS, ACCELERATED_ROWS = 8, 8, 64  # the same where every pass has as many


@dataclass(frozen=True)
class Item:
    """A prompt, the bank that it is read for, and the tokens of the longest that goes with it."""

    prompt: Prompt
    bank: Bank
    longest: int


@dataclass(frozen=True)
class Passes:
    """Reads prompts on one host, many in a pass and no further up than its deepest layer."""

    model: nn.Module
    deepest: int

    @cached_property
    def half(self) -> nn.Module | None:
        """The host in half precision, where that is how it is read."""
        return half_of(self.model, self.deepest) if worth_halving(self.model) else None

    @cached_property
    def rows(self) -> int | None:
        """The rows of every pass; None where a pass may have fewer than others."""
        parameter = next(self.model.parameters())
        if parameter.device.type != "cpu":
            return ACCELERATED_ROWS
        return FIXED_ROWS if self.half or parameter.dtype != torch.float32 else None

    def codes(self, items: Sequence[Item]) -> list[Float[Tensor, " rank"]]:
        """The relation code of each, rounded to half precision."""
        found: dict[int, Tensor] = {}
        rows = self.rows or ROWS
        for length, chosen in self._by_length(items).items():
            for start in range(0, len(chosen), rows):
                part = chosen[start : start + rows]
                states = self._states([items[i] for i in part], length)
                for row, i in enumerate(part):  # row by row: a product's bits may know its shape
                    own = {layer: state[row : row + 1] for layer, state in states.items()}
                    found[i] = _code(own, items[i])
        return [found[i] for i in range(len(items))]

    def _states(self, items: Sequence[Item], length: int) -> dict[int, Tensor]:
        """What the layers that any of them is read at make of all."""
        padding = [()] * (self.rows - len(items)) if self.rows else []
        device = next(self.model.parameters()).device
        ids = rows_of([*(item.prompt.ids for item in items), *padding], length).to(device)
        layers = sorted({layer for item in items for layer in item.bank.layers.all})
        return read_states(self.half or self.model, ids, layers)

    def _by_length(self, items: Sequence[Item]) -> dict[int, list[int]]:
        """Which are read together; where a pass costs the same for one, all of a fact's."""
        limit, tile = positions(self.model), FIXED_TILE if self.rows else TILE
        lengths: dict[int, list[int]] = {}
        for i, item in enumerate(items):
            size = item.longest if self.rows else len(item.prompt.ids)
            whole = -(-size // tile) * tile
            length = whole if limit is None else max(size, min(whole, limit))
            lengths.setdefault(length, []).append(i)
        return lengths


def _code(states: dict[int, Tensor], item: Item) -> Float[Tensor, " rank"]:
    last, words = picked(states, [item.prompt], item.bank.layers)
    metric = item.bank.metric
    code = metric.of_last(list(last.unbind(1))) + metric.of_words(list(words.unbind(1)))
    return code[0].half()
