"""What a brain holds: live rows in memory, weights on disk, and the journal, changed together.

Weights first, durably; then the journal. A fact that is in the weights and not in the journal is
entered when the brain is next read, so a crash between the two loses nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import torch

from adapters.address.calibration import Calibration
from adapters.rows import NO_TOKEN, FactRows, empty_rows, join
from oneshot.facts.brain import Brain
from oneshot.facts.live import LiveRows
from oneshot.facts.types import Statement
from oneshot.memory.index import NearestFacts
from oneshot.memory.journal import Draft

NEW_RELATION = "new relation"
CONFLICT = 0.5  # agreement of two relations above which different answers contradict each other


@dataclass(frozen=True)
class Entered:
    """What became of one fact: its id, whether it was there before, what it replaced, who is near."""

    id: int
    key: str
    relation: str
    known: bool
    replaced: tuple[int, ...]
    nearest: int | None


class Ledger:
    """The facts of one brain; every change takes the folder's lock."""

    def __init__(self, brain: Brain, calibration: Calibration, labels: dict[str, str]) -> None:
        self.brain, self.calibration, self.labels = brain, calibration, labels
        self._files: frozenset[str] | None = None
        self.refresh()

    def refresh(self) -> bool:
        """Read what other processes changed; whether anything was."""
        files = self.brain.store.names()
        if files == self._files:
            return False
        segments = self.brain.store.load()
        rows = FactRows.of(segments.rows) if segments.records else self._no_rows()
        self.live = LiveRows(rows)
        self.ids = {k: e.id for k, e in self.brain.journal.by_keys(rows.hex_keys()).items()}
        missing = [r for r in segments.records if r["key"] not in self.ids]
        entered = self.brain.journal.add(map(_draft, missing)) if missing else []
        self.ids |= {r["key"]: i for r, i in zip(missing, entered, strict=True)}
        self._near = NearestFacts(self._vectors(rows).shape[1])
        if len(rows):
            self._near.add([self.ids[k] for k in rows.hex_keys()], self._vectors(rows))
        self._files = segments.names
        return True

    def enter(
        self, facts: Sequence[tuple[Statement, FactRows]], kind: str, over: int | None = None
    ) -> list[Entered]:
        """Store facts in their order; a different answer to the same question is replaced.

        `over` is the id of a fact that the first one replaces in any case.
        """
        with self.brain.writing():
            self.refresh()
            forced = [k for k, i in self.ids.items() if i == over and k in self.live]
            plans = [self._plan(s, row, forced if n == 0 else []) for n, (s, row) in enumerate(facts)]
            new = [p for p in plans if not p.known]
            if new:
                rows = join([p.row for p in new])
                self.brain.store.append(rows.tensors(), [p.record for p in new])
            retired = [key for p in new for key in p.retired]
            if retired:
                self.brain.store.remove(retired)
            entered = self._journal(plans, kind)
            self._files = self.brain.store.names()
        return entered

    def leave(self, keys: Collection[str], state: str) -> None:
        """Take facts out of the weights and put them into a state; the caller logs it."""
        with self.brain.writing():
            self.refresh()
            self.brain.store.remove(keys)
            self.live.remove(keys)
            ids = [self.ids[k] for k in keys if k in self.ids]
            self._near.remove(ids)
            self.brain.journal.set_state(ids, state)
            self._files = self.brain.store.names()

    def relation(self, row: FactRows) -> str:
        """How the relation of a fact was understood."""
        if bool(row.novel[0, -1]):
            return NEW_RELATION
        bank = self.calibration.banks[-1]
        best = int(bank.posterior(row.relation[:, -1].to(bank.means.device)).argmax())
        name = self.calibration.relations[best]
        return self.labels.get(name, name)

    def _plan(self, statement: Statement, row: FactRows, forced: Sequence[str]) -> "_Plan":
        key = row.hex_keys()[0]
        record = {
            "key": key,
            "prompt": statement.prompt,
            "answer": statement.answer,
            "subject": statement.subject,
            "relation": self.relation(row),
            "source": statement.source,
            "taught_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        if key in self.live:
            return _Plan(key, row, record, True, ())
        retired = {*forced, *(r.hex_keys()[0] for r in self._contradicted(row))} - {key}
        self.live.remove(retired)
        self.live.add(row)
        return _Plan(key, row, record, False, tuple(sorted(retired)))

    def _contradicted(self, row: FactRows) -> list[FactRows]:
        """Live facts on the same subject and relation with another answer."""
        others = [o for o in self.live.on_subject(int(row.subject)) if not _same_answer(o, row)]
        return [o for o in others if self._agreement(o, row) > CONFLICT]

    def _agreement(self, a: FactRows, b: FactRows) -> float:
        """Geometric mean over the sites of P(both prompts ask for one relation)."""
        values = [
            bank.agreement(
                b.relation[:, t].to(bank.means), a.relation[:, t].to(bank.means), a.novel[:, t]
            )
            for t, bank in enumerate(self.calibration.banks)
        ]
        return float(torch.stack(values).log().mean().exp())

    def _journal(self, plans: "list[_Plan]", kind: str) -> list[Entered]:
        journal = self.brain.journal
        with journal.transaction():
            ids = journal.add(_draft(p.record) for p in plans)
            self.ids |= {p.key: i for p, i in zip(plans, ids, strict=True)}
            pairs = [(self.ids[k], i) for p, i in zip(plans, ids, strict=True) for k in p.retired]
            for old, new in pairs:
                journal.supersede(old, new)
            added = [i for p, i in zip(plans, ids, strict=True) if not p.known]
            if added:
                journal.log(kind, {"added": added, "replaced": pairs})
        return [self._entered(p, i, pairs) for p, i in zip(plans, ids, strict=True)]

    def _entered(self, plan: "_Plan", fact: int, pairs: list[tuple[int, int]]) -> Entered:
        vector = self._vectors(plan.row)
        replaced = tuple(old for old, new in pairs if new == fact)
        self._near.remove([*replaced, fact])
        near = self._near.search(vector[0], 1)
        self._near.add([fact], vector)
        nearest = near[0][0] if near else None
        return Entered(fact, plan.key, plan.record["relation"], plan.known, replaced, nearest)

    def _vectors(self, rows: FactRows) -> torch.Tensor:
        """Codes to compare facts by: the name in its size's own space, and the relation."""
        size = torch.nn.functional.one_hot(rows.size - 1, len(self.calibration.metrics)).float()
        name = torch.nn.functional.normalize(rows.entity[:, 0], dim=1)
        relation = torch.nn.functional.normalize(rows.relation[:, -1], dim=1)
        return torch.cat([name, size, relation], 1)

    def _no_rows(self) -> FactRows:
        metric, banks = self.calibration.metrics[0].metric, self.calibration.banks
        enrolments = 1 + len(self.calibration.wordings)
        return empty_rows(enrolments, metric.shape[2], len(banks), banks[0].means.shape[1])


@dataclass(frozen=True)
class _Plan:
    key: str
    row: FactRows
    record: dict[str, Any]
    known: bool
    retired: tuple[str, ...]


def _same_answer(a: FactRows, b: FactRows) -> bool:
    return torch.equal(a.answer[a.answer != NO_TOKEN], b.answer[b.answer != NO_TOKEN])


def _draft(record: dict[str, Any]) -> Draft:
    return Draft(**{name: record[name] for name in Draft.__dataclass_fields__})
