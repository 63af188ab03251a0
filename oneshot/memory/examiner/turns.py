"""The examiner: from the journal and the index, what to ask next and what looks wrong.

It chooses questions and never answers one: answers come from the weights alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from oneshot.errors import BrainError
from oneshot.memory.examiner.nearest import NearestFacts
from oneshot.memory.examiner.spacing import Standing, standing
from oneshot.memory.journal.examinations import Examinations
from oneshot.memory.journal.facts import Journal
from oneshot.memory.journal.rows import NEW_RELATION, Fact

ALIKE = 0.9  # cosine of two codes; of one subject's relations, 1 % are as near as this
NEIGHBOURS = 3  # of a new fact are examined again
CANDIDATES = 8  # nearest facts that are looked at

Reason = Literal["failed", "new", "neighbour", "time", "not due"]
PRESSING: tuple[Reason, ...] = ("failed", "new", "neighbour", "time", "not due")


@dataclass(frozen=True)
class Due:
    """A fact's turn: when it is or was due, and why; `PRESSING` has the reasons in order."""

    entry: Fact
    at: datetime
    reason: Reason


@dataclass(frozen=True)
class Collision:
    """Two live facts that ask one question: with different answers, or the same one twice."""

    kind: Literal["contradiction", "duplicate"]
    older: Fact
    newer: Fact
    cosine: float


class Examiner:
    """Reads a journal and an index of its live facts; `kinds` are what counts for a fact."""

    def __init__(self, journal: Journal, near: NearestFacts, kinds: Sequence[str]) -> None:
        self.journal, self.near = journal, near
        self.examinations = Examinations(journal)
        self.kinds = tuple(kinds)

    def turns(self, now: datetime) -> list[Due]:
        """Every live fact's turn, the most pressing first."""
        entries = list(self.journal.entries())
        outcomes = self.examinations.outcomes(self.kinds)
        standings = {e.id: self._standing(e, outcomes.get(e.id, [])) for e in entries}
        last = {fact: _time(found[-1][0]) for fact, found in outcomes.items()}
        crowded = self._crowded(entries, last)
        turns = [_turn(e, standings[e.id], e.id in last, crowded, now) for e in entries]
        return sorted(turns, key=lambda d: (PRESSING.index(d.reason), d.at, d.entry.id))

    def due(self, now: datetime) -> list[Due]:
        """The live facts that are to be examined now, the most pressing first."""
        return [turn for turn in self.turns(now) if turn.reason != "not due"]

    def neighbours(self, fact: int, count: int) -> list[tuple[Fact, float]]:
        """The live facts nearest to one, other subjects' only, and their cosines."""
        own = self.journal.get(fact)
        if own is None or not len(self.near):
            return []
        found = ((self.journal.get(i), c) for i, c in self.near.nearest([fact], CANDIDATES)[0])
        others = [(e, c) for e, c in found if e and e.subject != own.subject]
        return others[:count]

    def collisions(self) -> list[Collision]:
        """Live facts that seem to ask the same question, the nearest pairs first."""
        entries = {entry.id: entry for entry in self.journal.entries()}
        ids = list(entries)
        pairs = {
            (min(i, j), max(i, j)): cosine
            for i, near in zip(ids, self.near.nearest(ids, CANDIDATES), strict=True)
            for j, cosine in near
            if j in entries
        }
        found = [_collision(entries[i], entries[j], c) for (i, j), c in pairs.items()]
        return sorted((c for c in found if c), key=lambda c: -c.cosine)

    def _standing(self, entry: Fact, outcomes: Sequence[tuple[str, bool]]) -> Standing:
        return standing(_time(entry.taught_at), [(_time(at), right) for at, right in outcomes])

    def _crowded(self, entries: Sequence[Fact], last: dict[int, datetime]) -> set[int]:
        """Facts examined before some near one was taught."""
        if not last:
            return set()
        first = min(last.values())
        new = {e.id: _time(e.taught_at) for e in entries if _time(e.taught_at) > first}
        return set(self._overtaken(new, last))

    def _overtaken(self, new: dict[int, datetime], last: dict[int, datetime]) -> Iterator[int]:
        ids = list(new)
        for fact, near in zip(ids, self.near.nearest(ids, NEIGHBOURS), strict=True):
            yield from (other for other, _ in near if other in last and last[other] < new[fact])


def _turn(entry: Fact, held: Standing, known: bool, crowded: set[int], now: datetime) -> Due:
    if not known:
        return Due(entry, held.due, "new")
    if held.failed and held.due <= now:
        return Due(entry, held.due, "failed")
    if entry.id in crowded:
        return Due(entry, held.due, "neighbour")
    return Due(entry, held.due, "time" if held.due <= now else "not due")


def _collision(one: Fact, other: Fact, cosine: float) -> Collision | None:
    if one.subject.casefold() != other.subject.casefold():
        return None
    known = one.relation == other.relation != NEW_RELATION
    if not known and cosine < ALIKE:
        return None
    older, newer = sorted((one, other), key=lambda e: (e.taught_at, e.id))
    same = one.answer.casefold() == other.answer.casefold()
    times = (one.since, one.until) != (other.since, other.until)
    if not same and (times or one.also or other.also):
        return None
    return Collision("duplicate" if same else "contradiction", older, newer, cosine)


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BrainError(
            f"the journal has {text!r} for a time; write an ISO 8601 time in its place"
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
