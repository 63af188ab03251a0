"""What a brain holds: live rows in memory, weights on disk, and the journal, changed together.

New weights first, durably; then the journal; then replaced weights go. A process that is killed
in between leaves weights that the journal does not list as live; whoever reads the brain next
finishes its work, so that nothing acknowledged is lost and nothing replaced comes back.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from adapters.address.calibration import Calibration
from adapters.write.rows import FactRows, join
from oneshot.errors import BrainError
from oneshot.facts.brain.files import Brain
from oneshot.facts.brain.held.kept import record_of
from oneshot.facts.brain.holding import Holding
from oneshot.facts.brain.implying import Change, Encode, settle, touched
from oneshot.facts.brain.planned import Entered, Plan, taught_record
from oneshot.facts.brain.understanding import Understanding
from oneshot.facts.types import Statement
from oneshot.memory.disk.records import Record

MOST_COMPARED = 10_000  # facts of a brain in which a new one's nearest is looked for


class Ledger(Holding):
    """The facts of one brain; every change takes the folder's lock and raises `version`.

    `labels` names relations, `many` are those with several values. Without `encode` nothing new is
    implied.
    """

    def __init__(
        self,
        brain: Brain,
        calibration: Calibration,
        labels: dict[str, str],
        many: Collection[str] = (),
        encode: Encode | None = None,
    ) -> None:
        super().__init__(brain, calibration)
        self.understanding = Understanding(calibration, labels, frozenset(many))
        self._encode = encode
        self._left = frozenset[str]()  # what has to go and could not be taken out yet
        self._postponed: frozenset[str] | None = None  # files of which some are being entered
        self.refresh()

    def refresh(self) -> None:
        """Read what other processes changed, and finish what a killed one left half done.

        Nobody waits to read: what another is about to enter is left out until it is entered.
        """
        names, before = self.brain.store.names(), self._files
        if names == before or (names == self._postponed and self.brain.changing()):
            return
        unlisted = {r["key"] for r in (self._catch_up(names) if before else self._read())}
        if not unlisted:
            return
        if unlisted <= self.live.new_keys() and self.brain.changing():
            self._take_out(unlisted | self.texts.following(unlisted))
            self._files, self._postponed = before, names
            return
        try:
            with self.brain.writing():  # perhaps it lives and is about to finish by itself
                self._finish(self._read())
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
        """Take facts out of the weights and put them into a state, with what they implied."""
        with self.brain.writing():
            self.refresh()
            self.version += 1
            names = touched(self.texts[key] for key in keys if key in self.texts)
            self._take_out(keys)
            change = self._settle(names)
            self._append({}, change)
            self._remove([*keys, *change.gone])
            ids = [entry.id for entry in self.brain.journal.by_keys(keys).values()]
            with self.brain.journal.transaction():
                self._trust()
                self.brain.journal.set_state(ids, state)
                if kind and ids:
                    self.brain.journal.log(kind, {"added": [], "removed": ids})
            if self._near:
                self._near.remove(ids)
            self._settled()

    def imply(self) -> None:
        """Bring what is implied in step with facts and rules, for all names."""
        with self.brain.writing():
            self.refresh()
            change = self._settle(self.texts.names(every=bool(self.rules())))
            self._append({}, change)
            self._drop(change.gone)
            self.version += 1

    def _finish(self, unlisted: list[Record]) -> None:
        """Enter what only the weights know; drop what was replaced and had still to go."""
        entries = self.brain.journal.by_keys([record["key"] for record in unlisted])
        names = touched(self.texts[record["key"]] for record in unlisted)
        replaced, plans = [], []
        for record in sorted(unlisted, key=lambda record: record.get("taught_at", "")):
            key, told = record["key"], self.texts[record["key"]]
            entry, row = entries.get(key), self.live.get(key)
            was = entry and (entry.state, entry.taught_at) == ("superseded", record["taught_at"])
            if was or told.origins:
                replaced.append(key)
                continue
            retired = [*self._ids(self._contradicted(told, row))]
            self._take_out(retired)
            plans.append(Plan(key, told, row, record, False, tuple(retired)))
        self._take_out(replaced)
        self._journal(plans, None, replaced)
        gone = [*replaced, *(key for plan in plans for key in plan.retired)]
        self._left = frozenset(gone)
        with suppress(BrainError):  # a full disk, say: memory is right, the next reader tries again
            change = self._settle(names)
            self._append({}, change)
            self._drop([*gone, *change.gone])
            self._left = frozenset()

    def _plan(self, statement: Statement, row: FactRows, forced: frozenset[str]) -> Plan:
        key = row.hex_keys()[0]
        statement = replace(statement, side=self.understanding.side(statement, row))
        record = taught_record(statement, key, self.understanding.relation((statement, row)))
        if key in self.live:
            return Plan(key, statement, row, record, True, ())
        found = self._contradicted(statement, row)
        retired = sorted({*found, *(k for k in forced if k in self.live)})
        names = frozenset(touched(self.texts[k] for k in retired))
        self._take_out(retired)
        self.live.add(row)
        self.texts.add(key, statement)
        return Plan(key, statement, row, record, False, tuple(retired), names)

    def _contradicted(self, told: Statement, row: FactRows) -> list[str]:
        """Live facts on the same subject that the fact takes the place of."""
        others = {o.hex_keys()[0]: o for o in self.live.on_subject(int(row.subject))}
        excludes = self.understanding.excludes
        return [k for k, o in others.items() if excludes((told, row), (self.texts[k], o))]

    def _carry_out(self, plans: Sequence[Plan], kind: str | None) -> list[Entered]:
        self.version += 1
        fresh = {p.key: p for p in plans if not p.known and p.key in self.live}
        names = touched(p.told for p in plans if not p.known)
        change = self._settle(names.union(*(p.names for p in plans)))
        self._append(fresh, change)
        entered = self._journal(plans, kind, change.gone)
        self._drop([*(key for p in plans for key in p.retired), *change.gone])
        return [replace(e, implied=_following(e.key, change)) for e in entered]

    def _settle(self, names: Collection[str]) -> Change:
        """Bring what memory holds of the implied facts about names in step with the taught."""
        if self._encode is None:
            return Change([], [])
        change = settle(self.texts, names, self.rules(), self._encode)
        self._take_out(change.gone)
        for told, row in change.new:
            self.live.add(row)
            self.texts.add(row.hex_keys()[0], told)
        return change

    def _append(self, fresh: dict[str, Plan], change: Change) -> None:
        """Write new rows, taught and implied ones together."""
        implied = [
            record_of(told) | {"key": row.hex_keys()[0], "relation": told.rule}
            for told, row in change.new
        ]
        rows = [*(p.row for p in fresh.values()), *(row for _, row in change.new)]
        if rows:
            records = [*(p.record for p in fresh.values()), *implied]
            self.brain.store.append(join(rows).tensors(), records)

    def _drop(self, retired: Collection[str]) -> None:
        """Take replaced facts out of the weights, but those that were taught again since."""
        gone = [key for key in retired if key not in self.live]
        if gone:
            self._remove(gone)
        self._settled()

    def _remove(self, keys: Collection[str]) -> None:
        """Take facts off the disk; should that stop half way, the next reader looks at it."""
        self.brain.journal.doubt(self.brain.store.holding(keys))
        self.brain.store.remove(keys)

    def _trust(self, without: Collection[str] = ()) -> None:
        """Note the segments whose facts are all entered: those that hold none of these facts."""
        store = self.brain.store
        self.brain.journal.trust(store.names().difference(store.holding({*without, *self._left})))

    def _journal(
        self, plans: Sequence[Plan], kind: str | None, gone: Collection[str]
    ) -> list[Entered]:
        """Enter facts; `gone` are those that are to be taken out besides what is replaced."""
        journal = self.brain.journal
        retired = [key for plan in plans for key in plan.retired]
        touched = dict.fromkeys([*(plan.key for plan in plans), *retired])
        before = self._ids(touched)
        with journal.transaction():
            self._trust([*gone, *retired])
            entered = [self._enter(p) for p in plans]
            after = self._ids(touched)
            added = [after[key] for key in touched if key in after and key not in before]
            removed = [fact for key, fact in before.items() if key not in after]
            if kind and (added or removed):
                journal.log(kind, {"added": added, "removed": removed})
        return entered

    def _enter(self, plan: Plan) -> Entered:
        (fact,) = self.brain.journal.add([plan.draft])
        ids = self._ids(plan.retired)
        replaced = tuple(ids[key] for key in plan.retired)
        for old in replaced:
            self.brain.journal.supersede(old, fact)
        nearest = self._nearest(plan, fact, replaced)
        return Entered(fact, plan.key, plan.record["relation"], plan.known, replaced, nearest)

    def _nearest(self, plan: Plan, fact: int, replaced: Sequence[int]) -> int | None:
        """The fact that asks most nearly the same; nobody looks for it in a large brain."""
        if self._near is None and len(self.live) > MOST_COMPARED:
            return None
        vector = self.vectors(plan.row)
        self.near.remove([*replaced, fact])
        found = self.near.search(vector[0], 1)
        self.near.add([fact], vector)
        return found[0][0] if found else None


def _following(key: str, change: Change) -> tuple[str, ...]:
    """What a fact implies, as sentences."""
    return tuple(f"{s.prompt} {s.answer}" for s, _ in change.new if key in s.origins)
