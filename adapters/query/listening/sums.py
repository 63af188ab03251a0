"""Codes of many windows of one text: running sums, so that each window is a difference of two."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.query.listening.windows import Windowed
from adapters.text.clauses import Span


class WindowCodes:
    """The tokens of a text from number `start` of a transcript on, with their traces.

    A trace is the token's part as a code's last token, its part as a word, and the log odds that a
    value comes next. The first token of a transcript is a sink of attention and no word. The
    tokens' text begins at character `at` of the one that is asked about.
    """

    def __init__(
        self,
        tokens: Sequence[Span],
        traces: Float[Tensor, "tokens trace"],
        start: int = 0,
        at: int = 0,
    ) -> None:
        rank = (traces.shape[1] - 1) // 2
        self._begins, self._ends = [a + at for a, _ in tokens], [b + at for _, b in tokens]
        self._last, self._words = traces[:, :rank], traces[:, rank : 2 * rank]
        self._value = traces[:, -1]
        real = torch.tensor([b > a for a, b in tokens], dtype=torch.double)
        if start == 0 and len(tokens):
            real[0] = 0
        self._count = _running(real[:, None])[:, 0].tolist()
        self._sum = _running(self._words.double() * real[:, None])

    def codes(self, windows: Sequence[Windowed]) -> Float[Tensor, "n rank"] | None:
        """The relation code of each window that has a token; None where none has."""
        found = [self._code(*window) for window in windows]
        kept = [code for code in found if code is not None]
        return torch.stack(kept) if kept else None

    def before(self, at: int) -> int:
        """How many tokens stand before a character."""
        return bisect_right(self._ends, at)

    def value(self, within: Span) -> float:
        """The log odds that a value comes behind the characters."""
        first, end = self._range(within)
        return float(self._value[end - 1 if end > first else -1])

    def _code(self, within: Span, masked: Sequence[Span]) -> Float[Tensor, " rank"] | None:
        first, end = self._range(within)
        if end <= first:
            return None
        parts = self._unmasked(first, end, masked)
        count = sum(self._count[b] - self._count[a] for a, b in parts)
        last: Tensor = self._last[end - 1]
        word: Tensor = self._words[end - 1]
        if count:
            word = torch.stack([self._sum[b] - self._sum[a] for a, b in parts]).sum(0) / count
        return last + word.to(last)

    def _unmasked(self, first: int, end: int, masked: Sequence[Span]) -> list[tuple[int, int]]:
        """The runs of tokens [first, end) between the masked ones."""
        runs = []
        for begin, stop in sorted(map(self._range, masked)):
            if begin > first:
                runs.append((first, min(begin, end)))
            first = max(first, stop)
        return [(a, b) for a, b in [*runs, (first, end)] if b > a]

    def _range(self, within: Span) -> tuple[int, int]:
        """The tokens [first, end) with a character of the span; the last one is not empty."""
        first, end = bisect_right(self._ends, within[0]), bisect_left(self._begins, within[1])
        while end > first and self._begins[end - 1] == self._ends[end - 1]:
            end -= 1
        return first, end


def _running(values: Float[Tensor, "tokens k"]) -> Float[Tensor, "more k"]:
    """The sums of all tokens before each, and of all."""
    return torch.cat([values.new_zeros(1, values.shape[1]), values.cumsum(0)])
