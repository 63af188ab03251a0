"""What the journal tells of all rounds: retention by age, the accuracy matrix, locality, time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from oneshot.core.shares import wilson
from oneshot.facts.examination.probing import LOCAL, OWN
from oneshot.memory.examiner.turns import Examiner
from oneshot.memory.journal.rows import Examination, Fact, Round

COHORTS, LEAST = 10, 5  # groups of live facts by when they were taught; facts in each
ROUNDS = 12  # the last ones are shown


class Share(NamedTuple):
    """Right answers of n."""

    right: int
    n: int

    @property
    def value(self) -> float | None:
        """The share between 0 and 1; None of nothing."""
        return self.right / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval; from 0 to 1 of nothing."""
        return wilson(self.value or 0.0, self.n)


@dataclass(frozen=True)
class Cohort:
    """Live facts taught one after another, from a time on (ISO 8601, UTC)."""

    facts: frozenset[int]
    first: str


@dataclass(frozen=True)
class History:
    """Rounds and cohorts, oldest first.

    `retention` has each kind's last known outcomes by cohort, `matrix` the outcomes of all kinds
    that count by round and cohort, `locality` the unchanged answers of each kind by round.
    """

    rounds: tuple[Round, ...]
    cohorts: tuple[Cohort, ...]
    retention: dict[str, list[Share]]
    matrix: list[list[Share]]
    locality: dict[str, list[Share]]


def read_history(examiner: Examiner) -> History:
    """The history of the live facts."""
    cohorts = _cohorts(sorted(examiner.journal.entries(), key=lambda e: (e.taught_at, e.id)))
    rounds = examiner.examinations.rounds()
    asked = [examiner.examinations.of_round(round.id) for round in rounds]
    latest = {(e.fact, e.kind): e for outcomes in asked for e in outcomes}.values()
    shown = asked[-ROUNDS:]
    return History(
        tuple(rounds[-ROUNDS:]),
        cohorts,
        {kind: [_share(latest, {kind}, cohort.facts) for cohort in cohorts] for kind in OWN},
        [[_share(outcomes, set(OWN), cohort.facts) for cohort in cohorts] for outcomes in shown],
        {kind: [_share(outcomes, {kind}) for outcomes in shown] for kind in LOCAL},
    )


def _cohorts(entries: Sequence[Fact]) -> tuple[Cohort, ...]:
    count = min(COHORTS, max(1, len(entries) // LEAST)) if entries else 0
    bounds = [len(entries) * i // count for i in range(count + 1)] if count else [0]
    parts = (entries[a:b] for a, b in pairwise(bounds))
    return tuple(Cohort(frozenset(e.id for e in part), part[0].taught_at) for part in parts)


def _share(
    outcomes: Iterable[Examination], kinds: set[str], facts: frozenset[int] | None = None
) -> Share:
    right = [e.correct for e in outcomes if e.kind in kinds and (facts is None or e.fact in facts)]
    return Share(sum(right), len(right))
