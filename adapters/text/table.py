"""The names that were taught, found in a text: exact keys of words, whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from adapters.text.names import Mention, candidates, first_word, key_number, stands_alone
from adapters.text.words import Word, words_of

NOBODY = 0


@dataclass(frozen=True)
class NameTable:
    """Keys of names as numbers in ascending order, the row of each, and what names begin with."""

    keys: NDArray[np.int64]
    rows: NDArray[np.int64]
    firsts: NDArray[np.int64]
    longest: int

    @classmethod
    def build(
        cls,
        names: Int[Tensor, "facts forms"],
        firsts: Int[Tensor, "facts forms"],
        longest: int,
    ) -> "NameTable":
        """From every fact's keys (0 where it has fewer), their first words' and the most words."""
        fact, form = (part.numpy() for part in (names != NOBODY).nonzero(as_tuple=True))
        keys = names.numpy()[fact, form]
        order = np.argsort(keys, kind="stable")
        begin = np.unique(firsts[firsts != NOBODY].numpy())
        return cls(keys[order], fact[order], begin, longest)

    def mentions(self, text: str) -> list[tuple[Mention, tuple[int, ...]]]:
        """Every taught name in a text with its facts' rows; of overlapping ones the longest."""
        words = words_of(text)
        found = self._found(text, words)
        taken = set[int]()
        kept = []
        for mention, rows in sorted(found, key=lambda f: f[0].first - f[0].last):
            span = set(range(mention.first, mention.last + 1))
            if not span & taken:
                taken |= span
                kept.append((mention, rows))
        return sorted(kept, key=lambda f: f[0].first)

    def _found(self, text: str, words: Sequence[Word]) -> list[tuple[Mention, tuple[int, ...]]]:
        found = []
        for first, last, key in candidates(words, self.longest, self._begins):
            rows = self.rows_of(key)
            if rows and stands_alone(text, words, first, last):
                place = words[first].start, words[last].end
                found.append((Mention(key, first, last, *place), rows))
        return found

    def rows_of(self, key: str) -> tuple[int, ...]:
        """The facts on a name."""
        number = key_number(key)
        low = np.searchsorted(self.keys, number)
        high = np.searchsorted(self.keys, number, side="right")
        return tuple(sorted({int(row) for row in self.rows[low:high]}))

    def _begins(self, key: str) -> bool:
        number = key_number(key)
        at = int(np.searchsorted(self.firsts, number))
        return at < len(self.firsts) and int(self.firsts[at]) == number


def keys_of_names(keys: Sequence[str], forms: int) -> tuple[Tensor, Tensor, int]:
    """Rows [1, forms] of a fact's keys and of their first words, and the most words of one."""
    names = torch.zeros(1, forms, dtype=torch.long)
    firsts = torch.zeros(1, forms, dtype=torch.long)
    for i, key in enumerate(keys):
        names[0, i] = key_number(key)
        firsts[0, i] = key_number(first_word(key))
    return names, firsts, max(len(key.split(" ")) for key in keys)
