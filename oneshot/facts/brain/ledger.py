"""What a brain holds: live rows in memory, weights on disk, and the journal, changed together.

New weights first, durably; then the journal; then replaced weights go. A process that is killed
in between leaves weights that the journal does not list as live; whoever reads the brain next
finishes its work, so that nothing acknowledged is lost and nothing replaced comes back.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import torch

from adapters.address.calibration import Calibration
from adapters.query.evidence import SAME
from adapters.write.rows import NO_TOKEN, FactRows, join
from oneshot.errors import BrainError
from oneshot.facts.brain.files import Brain
from oneshot.facts.brain.live import LiveRows, no_rows
from oneshot.facts.types import Statement
from oneshot.hosts.relations import spoken
from oneshot.memory.examiner.nearest import NearestFacts
from oneshot.memory.journal.rows import NEW_RELATION, Draft

KNOWN = 5.0  # nats at which a relation of the bank names what was understood


@dataclass(frozen=True)
class Entered:
    """What became of a fact: its id, whether it was known, what it replaced, who is near."""

    id: int
    key: str
    relation: str
    known: bool
    replaced: tuple[int, ...]
    nearest: int | None


@dataclass(frozen=True)
class _Plan:
    key: str
    row: FactRows
    record: dict[str, Any]
    known: bool
    retired: tuple[str, ...]


class Ledger:
    """The facts of one brain; every change takes the folder's lock and raises `version`.

    `labels` names relations, `many` are those with several values; `live` are the rows,
    `ids` the journal's number of each by key, `near` the index of their codes.
    """

    def __init__(
        self,
        brain: Brain,
        calibration: Calibration,
        labels: dict[str, str],
        many: Collection[str] = (),
    ) -> None:
        self.brain, self.calibration = brain, calibration
        self.labels, self.many = labels, frozenset(many)
        self.version = 0
        self._files: frozenset[str] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read what other processes changed, and finish what a killed one left half done."""
        if self.brain.store.names() == self._files or not self._load():
            return
        try:
            with self.brain.writing():  # perhaps it lives and is about to finish by itself
                self._finish(self._load())
        except BaseException:
            self._files = None
            raise

    def enter(
        self, facts: Sequence[tuple[Statement, FactRows]], kind: str | None, over: int | None = None
    ) -> list[Entered]:
        """Store facts in their order; a different answer to the same question is replaced.

        `over` is the id of a fact that is replaced in any case. A change without a `kind` is not
        noted as an operation that could be undone.
        """
        with self.brain.writing():
            self.refresh()
            old = self.brain.journal.get(over) if over is not None else None
            forced = frozenset({old.key}) if old else frozenset[str]()
            try:
                plans = [self._plan(statement, row, forced) for statement, row in facts]
                return self._carry_out(plans, kind)
            except BaseException:
                self._files = None  # memory may be ahead of the disk: read that again
                raise

    def leave(self, keys: Collection[str], state: str, kind: str | None = None) -> None:
        """Take facts out of the weights and put them into a state."""
        with self.brain.writing():
            self.refresh()
            self.version += 1
            self.brain.store.remove(keys)
            self.live.remove(keys)
            ids = [entry.id for entry in self.brain.journal.by_keys(keys).values()]
            with self.brain.journal.transaction():
                self.brain.journal.set_state(ids, state)
                if kind and ids:
                    self.brain.journal.log(kind, {"added": [], "removed": ids})
            self.near.remove(ids)
            for key in keys:
                self.ids.pop(key, None)
            self._files = self.brain.store.names()

    def relation(self, row: FactRows) -> str:
        """The relation of the bank that the fact's readings are nearest to, or a new one."""
        calibration = self.calibration
        ratios = calibration.metric.ratio(row.codes(0), calibration.centres).mean(0)
        best = int(ratios.argmax())
        if float(ratios[best]) < KNOWN:
            return NEW_RELATION
        name = calibration.relations[best]
        return self.labels.get(name, spoken(name) or name)

    def _load(self) -> list[dict[str, Any]]:
        """Read weights and journal; the records that the journal does not list as live."""
        segments = self.brain.store.load()
        rows = FactRows.of(segments.rows) if segments.records else no_rows(self.calibration)
        entries = self.brain.journal.by_keys(rows.hex_keys())
        self.live = LiveRows(rows)
        self.ids = {key: entry.id for key, entry in entries.items() if entry.state == "live"}
        listed = torch.tensor([key in self.ids for key in rows.hex_keys()], dtype=torch.bool)
        vectors = self.vectors(rows)
        self.near = NearestFacts(vectors.shape[1])
        self.near.add([self.ids[k] for k in rows.hex_keys() if k in self.ids], vectors[listed])
        self.version += 1
        self._files = segments.names
        return [record for record in segments.records if record["key"] not in self.ids]

    def _finish(self, unlisted: list[dict[str, Any]]) -> None:
        """Enter what only the weights know; drop what was replaced and had still to go."""
        entries = self.brain.journal.by_keys([record["key"] for record in unlisted])
        replaced, plans = [], []
        for record in unlisted:
            entry, row = entries.get(record["key"]), self.live.get(record["key"])
            if entry and (entry.state, entry.taught_at) == ("superseded", record["taught_at"]):
                replaced.append(record["key"])
                continue
            retired = [key for key in self._contradicted(row) if key in self.ids]
            self.live.remove(retired)
            plans.append(_Plan(record["key"], row, record, False, tuple(retired)))
        self.live.remove(replaced)
        self._journal(plans, None)
        with suppress(BrainError):  # a full disk, say: memory is right, the next reader tries again
            self._drop([*replaced, *(key for plan in plans for key in plan.retired)])

    def _plan(self, statement: Statement, row: FactRows, forced: frozenset[str]) -> _Plan:
        key = row.hex_keys()[0]
        record = {
            "key": key,
            "prompt": statement.prompt,
            "answer": statement.answer,
            "subject": statement.subject,
            "asks": statement.asks,
            "aliases": statement.aliases,
            "relation": self.relation(row),
            "source": statement.source,
            "taught_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        if key in self.live:
            return _Plan(key, row, record, True, ())
        retired = sorted({*self._contradicted(row), *(k for k in forced if k in self.live)})
        self.live.remove(retired)
        self.live.add(row)
        return _Plan(key, row, record, False, tuple(retired))

    def _contradicted(self, row: FactRows) -> list[str]:
        """Live facts on the same subject that the fact takes the place of.

        Nothing is replaced by mistake: the prompts have to be the same words, or the facts have a
        wording in common and ask a thing of which there is one. What they ask is too near in
        "died in" and "died on" to go by.
        """
        others = self.live.on_subject(int(row.subject))
        return [o.hex_keys()[0] for o in others if self._same_question(o, row)]

    def _same_question(self, old: FactRows, new: FactRows) -> bool:
        same = torch.cdist(old.codes(0), new.codes(0)).square() < SAME
        if bool(same[0, 0]):
            return True
        single = self.relation(new) not in self.many
        return not _same_answer(old, new) and single and bool(same.any())

    def _carry_out(self, plans: Sequence[_Plan], kind: str | None) -> list[Entered]:
        self.version += 1
        fresh = {p.key: p for p in plans if not p.known and p.key in self.live}
        if fresh:
            rows = join([p.row for p in fresh.values()])
            self.brain.store.append(rows.tensors(), [p.record for p in fresh.values()])
        entered = self._journal(plans, kind)
        self._drop([key for p in plans for key in p.retired])
        return entered

    def _drop(self, retired: Collection[str]) -> None:
        """Take replaced facts out of the weights, but those that were taught again since."""
        gone = [key for key in retired if key not in self.live]
        if gone:
            self.brain.store.remove(gone)
        self._files = self.brain.store.names()

    def _journal(self, plans: Sequence[_Plan], kind: str | None) -> list[Entered]:
        journal = self.brain.journal
        touched = dict.fromkeys(key for p in plans for key in (p.key, *p.retired))
        before = {key: self.ids[key] for key in touched if key in self.ids}
        with journal.transaction():
            entered = [self._enter(p) for p in plans]
            added = [self.ids[key] for key in touched if key in self.ids and key not in before]
            removed = [fact for key, fact in before.items() if key not in self.ids]
            if kind and (added or removed):
                journal.log(kind, {"added": added, "removed": removed})
        return entered

    def _enter(self, plan: _Plan) -> Entered:
        (fact,) = self.brain.journal.add([_draft(plan.record)])
        replaced = tuple(self.ids.pop(key) for key in plan.retired)
        for old in replaced:
            self.brain.journal.supersede(old, fact)
        self.ids[plan.key] = fact
        vector = self.vectors(plan.row)
        self.near.remove([*replaced, fact])
        near = self.near.search(vector[0], 1)
        self.near.add([fact], vector)
        nearest = near[0][0] if near else None
        return Entered(fact, plan.key, plan.record["relation"], plan.known, replaced, nearest)

    def vectors(self, rows: FactRows) -> torch.Tensor:
        """Codes to compare facts by: the first reading of each."""
        return torch.nn.functional.normalize(rows.readings[:, 0].float(), dim=1)


def _same_answer(a: FactRows, b: FactRows) -> bool:
    return torch.equal(a.answer[a.answer != NO_TOKEN], b.answer[b.answer != NO_TOKEN])


def _draft(record: dict[str, Any]) -> Draft:
    texts = {n: record[n] for n in Draft.__dataclass_fields__ if n not in ("asks", "aliases")}
    return Draft(**texts, asks=tuple(record["asks"]), aliases=tuple(record["aliases"]))
