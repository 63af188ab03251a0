"""Codes of many windows of one text: running sums, so that each window is a difference of two."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.query.listening.windows import Windowed
from adapters.text.clauses import Span


@dataclass(frozen=True)
class _Parts:
    """What tokens add to codes, as last ones and as words, and the running sums of the latter."""

    last: Float[Tensor, "tokens rank"]
    words: Float[Tensor, "tokens rank"]
    value: Float[Tensor, " tokens"]
    count: list[float]
    sums: Float[Tensor, "more rank"]

    @classmethod
    def of(cls, traces: Float[Tensor, "tokens trace"], real: Float[Tensor, "tokens 1"]) -> "_Parts":
        rank = (traces.shape[1] - 1) // 2
        words = traces[:, rank : 2 * rank]
        count, sums = _running(real)[:, 0].tolist(), _running(words.double() * real)
        return cls(traces[:, :rank], words, traces[:, -1], count, sums)


class WindowCodes:
    """The tokens of a text from number `start` of a transcript on.

    `traces` reads them, once a code is asked for. A trace is the token's part as a code's last
    token, its part as a word, and the log odds that a value comes next. The first token of a
    transcript is a sink of attention and no word. The tokens' text begins at character `at` of the
    one that is asked about.
    """

    def __init__(
        self,
        tokens: Sequence[Span],
        traces: Callable[[], Float[Tensor, "tokens trace"]],
        start: int = 0,
        at: int = 0,
    ) -> None:
        self._begins, self._ends = [a + at for a, _ in tokens], [b + at for _, b in tokens]
        self._traces, self._start = traces, start

    @cached_property
    def _parts(self) -> "_Parts":
        real = torch.tensor([b > a for a, b in zip(self._begins, self._ends, strict=True)])
        if self._start == 0:
            real[:1] = False
        return _Parts.of(self._traces(), real.double()[:, None])

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
        return float(self._parts.value[end - 1 if end > first else -1])

    def _code(self, within: Span, masked: Sequence[Span]) -> Float[Tensor, " rank"] | None:
        first, end = self._range(within)
        if end <= first:
            return None
        runs, parts = self._unmasked(first, end, masked), self._parts
        count = sum(parts.count[b] - parts.count[a] for a, b in runs)
        last: Tensor = parts.last[end - 1]
        word: Tensor = parts.words[end - 1]
        if count:
            word = torch.stack([parts.sums[b] - parts.sums[a] for a, b in runs]).sum(0) / count
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
