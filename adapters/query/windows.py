"""Where a clause is read for one of several names: windows that do not reach the others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from adapters.address.reading import Span
from adapters.query.sums import Window
from adapters.text.names import Mention
from adapters.text.words import Word

REACH = 10  # words on either side of a name where a window may begin or end
TOGETHER = re.compile(r"^\s*,?\s*(?:and|or|&|as well as|and also)\s*(?:of|for|in|the|of the)?\s*$")


@dataclass(frozen=True)
class Windows:
    """The windows of one clause, the characters `within` of a text with its words."""

    text: str
    words: Sequence[Word]
    within: Span

    def of(
        self, same: Sequence[Mention], others: Sequence[Mention]
    ) -> tuple[list[Window], list[Window]]:
        """The windows around a name and, where others stand in the clause, around those."""
        spans = [(m.start, m.end) for m in same]
        rest = [o for o in others if not self._beside(same, o, others)]
        masked = spans + [(o.start, o.end) for o in others if o not in rest]
        if not rest:
            return [(self.within, masked)], []
        own = [w for m in same for w in self._around((m.start, m.end), rest)]
        rivals = []
        for other in rest:
            remaining = [*same, *(o for o in rest if o is not other)]
            rivals += self._around((other.start, other.end), remaining)
        return own, rivals

    def _beside(self, same: Sequence[Mention], other: Mention, others: Sequence[Mention]) -> bool:
        """Whether the names are told in one breath ("of X and of Y"): asked the same."""
        for mention in same:
            first, second = sorted([mention, other], key=lambda m: m.start)
            if TOGETHER.match(self.text[first.end : second.start]):
                return True
        return False

    def _around(self, span: Span, others: Sequence[Mention]) -> list[Window]:
        """Windows with the span in them that do not reach another name, nor past its comma."""
        within = self.within
        low = max([within[0], *(o.end for o in others if o.end <= span[0])])
        high = min([within[1], *(o.start for o in others if o.start >= span[1])])
        comma = self.text.rfind(",", low, span[0]) if low > within[0] else -1
        low = comma + 1 if comma >= 0 else low
        if high < within[1] or comma >= 0:  # a phrase between commas is told by itself
            comma = self.text.find(",", span[1], high)
            high = comma + 1 if comma >= 0 else high
        starts = [low, *(w.start for w in self.words if low < w.start <= span[0])][-REACH:]
        ends = [*(w.end for w in self.words if span[1] <= w.end < high)][:REACH]
        closed = high == within[1] or self.text[high - 1] == ","
        ends = [*ends, high] if closed else (ends or [span[1]])
        found: list[Window] = [((a, b), [span]) for a in starts for b in ends if b > a]
        aside = self._aside(span, others)
        if aside:
            found.append((within, [span, aside]))
        return found

    def _aside(self, span: Span, others: Sequence[Mention]) -> Span | None:
        """What stands between two commas behind the name and holds the others: no part of it."""
        commas = [i for i in range(span[1], self.within[1]) if self.text[i] == ","]
        for a, b in pairwise(commas):
            if all(a < o.start and o.end <= b for o in others) and a - span[1] <= 1:
                return a, b + 1
        return None
