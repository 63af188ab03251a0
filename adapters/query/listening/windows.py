"""Where a clause with several names is read for each of them: whose words are whose."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from adapters.text.clauses import Span, before_next, second_verb
from adapters.text.names import Mention
from adapters.text.words import Word

REACH = 10  # words on either side of a name where a window may begin or end
TOGETHER = re.compile(r"^\s*,?\s*(?:and|or|&|as well as|and also)\s*(?:of|for|in|the|of the)?\s*$")

Windowed = tuple[Span, list[Span]]
"""What is read, and the stretches in it that are left out."""


@dataclass(frozen=True)
class Windows:
    """The windows around the names of one text; `compete` lets names bar each other."""

    text: str
    words: Sequence[Word]
    compete: bool = True

    def __call__(
        self, within: Span, same: Sequence[Mention], others: Sequence[Mention]
    ) -> tuple[list[Windowed], list[Windowed]]:
        """The windows around a name and, where others stand in the clause, around those."""
        spans = [(m.start, m.end) for m in same]
        rest = [o for o in others if self.compete and not self._beside(same, o, others)]
        beside = [o for o in others if o not in rest] if self.compete else []
        masked = spans + [(o.start, o.end) for o in beside]
        if not rest:
            return [(within, masked)], []
        own = [w for m in same for w in self._around(within, (m.start, m.end), rest)]
        rivals = []
        for other in rest:
            remaining = [*same, *(o for o in rest if o is not other)]
            rivals += self._around(within, (other.start, other.end), remaining)
        return own, rivals

    def _beside(self, same: Sequence[Mention], other: Mention, others: Sequence[Mention]) -> bool:
        """Whether the names are told in one breath ("of X and of Y"): asked the same."""
        for mention in same:
            first, second = sorted([mention, other], key=lambda m: m.start)
            if TOGETHER.match(self.text[first.end : second.start]):
                return True
        return False

    def _around(self, within: Span, span: Span, others: Sequence[Mention]) -> list[Windowed]:
        """Windows with the span in them that do not reach another name, nor past its comma."""
        low = max([within[0], *(o.end for o in others if o.end <= span[0])])
        behind = [o.start for o in others if o.start >= span[1]]
        high = before_next(self.text, span[1], min(behind)) if behind else within[1]
        taken = self._taken_along(within, span, others)
        high = high if taken is None else min(high, taken)
        comma = self.text.rfind(",", low, span[0]) if low > within[0] else -1
        low = comma + 1 if comma >= 0 else low
        if high < within[1] or comma >= 0:  # a phrase between commas is told by itself
            comma = self.text.find(",", span[1], high)
            high = comma + 1 if comma >= 0 else high
        starts = [low, *(w.start for w in self.words if low < w.start <= span[0])][-REACH:]
        ends = [*(w.end for w in self.words if span[1] <= w.end < high)][:REACH]
        closed = high == within[1] or self.text[high - 1] == ","
        ends = [*ends, high] if closed else (ends or [span[1]])
        found = [((a, b), [span]) for a in starts for b in ends if b > a]
        return found + [(within, [span, aside]) for aside in self._asides(within, span, others)]

    def _taken_along(self, within: Span, span: Span, others: Sequence[Mention]) -> int | None:
        """Where the words behind a name begin to be about the subject of its clause again."""
        for other in others:
            if other.end <= span[0]:
                found = second_verb(self.text, (other.start, other.end), span, within[1])
                if found:
                    return found[0]
        return None

    def _asides(self, within: Span, span: Span, others: Sequence[Mention]) -> Iterator[Span]:
        """What stands behind a name and holds the others, but is no part of what is asked."""
        commas = [i for i in range(span[1], within[1]) if self.text[i] == ","]
        for a, b in pairwise(commas):
            if all(a < o.start and o.end <= b for o in others) and a - span[1] <= 1:
                yield a, b + 1
                break
        for other in others:
            verb = second_verb(self.text, span, (other.start, other.end), within[1])
            if verb and all(span[1] <= o.start and o.end <= verb[0] for o in others):
                yield span[1], verb[1]
