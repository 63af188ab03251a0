"""The journal: what was taught, when and from where, what became of it, and how it was examined.

It is never asked for an answer: losing it loses text and history, and no fact.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.memory.journal.file import JournalFile
from oneshot.memory.journal.rows import Draft, Fact, Operation
from oneshot.memory.journal.schema import SCHEMA

STATES = ("live", "superseded", "forgotten")

_COLUMNS = (
    "id, key, prompt, answer, subject, relation, source, taught_at, state, replaces, asks, "
    "aliases, also, since, until"
)
_PAGE = 1000
_INDEXED = 3  # letters that the index needs
_MOST_INDEXED = 256  # of a long text the index would keep every place of every piece at hand
_BY_INDEX = """
    state = coalesce(?1, state) AND id IN (SELECT rowid FROM texts WHERE texts MATCH ?2)
"""
_BY_READING = """
    state = coalesce(?1, state) AND (instr(fold(prompt), ?2)
        OR instr(fold(answer), ?2) OR instr(fold(subject), ?2))
"""


class Journal(JournalFile):
    """The journal of one brain: facts in their states, and the operations that made them so."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def add(self, drafts: Iterable[Draft]) -> list[int]:
        """Enter facts as live and return their ids, in order.

        A key that is already here keeps its id: a live one stays as it is, another becomes live
        again with the new text and provenance.
        """
        statement = """
            INSERT INTO facts (key, prompt, answer, subject, relation, source, taught_at,
                asks, aliases, also, since, until)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET prompt = excluded.prompt, answer = excluded.answer,
                subject = excluded.subject, relation = excluded.relation,
                source = excluded.source, taught_at = excluded.taught_at,
                also = excluded.also, state = 'live'
                WHERE state <> 'live'
        """
        ids = []
        with self.transaction():
            for draft in drafts:
                self.run(statement, *map(_stored, astuple(draft)))
                ids += [row[0] for row in self.run("SELECT id FROM facts WHERE key = ?", draft.key)]
        return ids

    def get(self, fact: int) -> Fact | None:
        """The fact with this id."""
        return next(self._entries("id = ?", fact), None)

    def by_key(self, key: str) -> Fact | None:
        """The fact with this key."""
        return next(self._entries("key = ?", key), None)

    def by_keys(self, keys: Collection[str]) -> dict[str, Fact]:
        """The facts with these keys, as far as they are here."""
        found = self._entries("key IN (SELECT value FROM json_each(?))", json.dumps(list(keys)))
        return {entry.key: entry for entry in found}

    def by_subject(self, subject: str, state: str | None = "live") -> list[Fact]:
        """The facts about exactly this subject, in one state or in all (None)."""
        return list(self._entries("subject = ? AND state = coalesce(?, state)", subject, state))

    def entries(self, state: str | None = "live", after: int = 0) -> Iterator[Fact]:
        """The facts in one state or in all (None) behind the id `after`, by id.

        Writing between two steps is allowed.
        """
        last = after
        condition = "id > ? AND state = coalesce(?, state)"
        while page := list(self._entries(condition, last, state, limit=_PAGE)):
            yield from page
            last = page[-1].id

    def search(self, text: str, limit: int, state: str | None = "live") -> list[Fact]:
        """Facts whose prompt, answer or subject contains the text, in any mixture of cases."""
        folded = text.casefold()
        if _INDEXED <= len(folded) <= _MOST_INDEXED and "\0" not in folded:
            condition, sought = _BY_INDEX, '"' + folded.replace('"', '""') + '"'
        else:
            condition, sought = _BY_READING, folded
        return list(self._entries(condition, state, sought, limit=limit))

    def set_state(self, facts: Iterable[int], state: str) -> None:
        """Put facts into a state: live, superseded or forgotten."""
        if state not in STATES:
            raise BadInputError(f"got the state {state!r}; use one of {', '.join(STATES)}")
        with self.transaction():
            for fact in facts:
                self.run("UPDATE facts SET state = ? WHERE id = ?", state, fact)

    def supersede(self, old: int, new: int) -> None:
        """Let the fact `new` replace the fact `old`, which becomes superseded."""
        missing = [fact for fact in (old, new) if self.get(fact) is None]
        if missing or old == new:
            raise BadInputError(f"fact {new} cannot replace fact {old}; give two known ids")
        with self.transaction():
            # A version taught anew moves to the end of its chain, so that chains never close.
            self.run(
                """UPDATE facts SET replaces = (SELECT replaces FROM facts WHERE id = ?1)
                   WHERE replaces = ?1""",
                new,
            )
            self.run("UPDATE facts SET replaces = ? WHERE id = ?", old, new)
            self.run("UPDATE facts SET state = 'superseded' WHERE id = ?", old)

    def history(self, fact: int) -> list[Fact]:
        """All versions of a fact, oldest first."""
        chain = """
            WITH RECURSIVE up (id, replaces) AS (
                SELECT id, replaces FROM facts WHERE id = ?
                UNION SELECT facts.id, facts.replaces FROM facts JOIN up ON facts.id = up.replaces
            ), down (id, depth) AS (
                SELECT id, 0 FROM up WHERE replaces IS NULL
                UNION SELECT facts.id, depth + 1 FROM facts JOIN down ON facts.replaces = down.id
            )
            SELECT id FROM down ORDER BY depth, id
        """
        found = (self.get(row[0]) for row in self.run(chain, fact))
        return [entry for entry in found if entry]

    def sure(self) -> frozenset[str]:
        """The segments of the weights of which it is known that all their facts are here."""
        return frozenset(name for (name,) in self.run("SELECT name FROM segments"))

    def trust(self, names: Collection[str]) -> None:
        """Know that of these segments, and of no others."""
        known = self.sure()
        self.doubt(known.difference(names))
        for name in sorted(frozenset(names) - known):
            self.run("INSERT INTO segments (name) VALUES (?)", name)

    def doubt(self, names: Collection[str]) -> None:
        """Know that of these segments no more."""
        if doubtful := self.sure().intersection(names):
            with self.transaction():
                for name in sorted(doubtful):
                    self.run("DELETE FROM segments WHERE name = ?", name)

    def rules(self) -> list[str]:
        """The user's rules, in the order in which they came."""
        return [text for (text,) in self.run("SELECT text FROM rules ORDER BY id")]

    def add_rule(self, text: str) -> None:
        """Keep a rule; one that is here stays."""
        self.run("INSERT OR IGNORE INTO rules (text) VALUES (?)", text)

    def drop_rule(self, text: str) -> None:
        """Strike a rule."""
        self.run("DELETE FROM rules WHERE text = ?", text)

    def log(self, kind: str, payload: dict[str, Any]) -> int:
        """Note an operation, with what undoing it needs, and return its id."""
        statement = "INSERT INTO operations (kind, payload) VALUES (?, ?) RETURNING id"
        return int(self.run(statement, kind, json.dumps(payload))[0][0])

    def last_operation(self) -> Operation | None:
        """The operation noted last."""
        rows = self.run("SELECT id, kind, payload FROM operations ORDER BY id DESC LIMIT 1")
        return next((Operation(id, kind, json.loads(text)) for id, kind, text in rows), None)

    def one_operation(self, after: int) -> None:
        """Make one of the operations behind this one, which are of one kind; they change facts."""
        text = "SELECT id, kind, payload FROM operations WHERE id > ? ORDER BY id"
        if len(rows := self.run(text, after)) < 2:
            return
        payloads = [json.loads(payload) for *_, payload in rows]
        added, removed = ({i for p in payloads for i in p[n]} for n in ("added", "removed"))
        whole = {"added": sorted(added - removed), "removed": sorted(removed - added)}
        with self.transaction():
            for operation, *_ in rows:
                self.drop_operation(operation)
            self.log(rows[0][1], whole)

    def drop_operation(self, operation: int) -> None:
        """Strike an operation that was undone."""
        self.run("DELETE FROM operations WHERE id = ?", operation)

    def counts(self) -> dict[str, int]:
        """How many facts are in each state."""
        return dict.fromkeys(STATES, 0) | dict(
            self.run("SELECT state, count(*) FROM facts GROUP BY state")
        )

    def _entries(self, condition: str, *values: object, limit: int = -1) -> Iterator[Fact]:
        query = f"SELECT {_COLUMNS} FROM facts WHERE {condition} ORDER BY id LIMIT {int(limit)}"
        return (_fact(row) for row in self.run(query, *values))


def _stored(value: object) -> object:
    """Lists of texts are kept as JSON."""
    return json.dumps(value) if isinstance(value, tuple) else value


def _fact(row: Sequence[Any]) -> Fact:
    named = dict(zip(_COLUMNS.split(", "), row, strict=True))
    lists = {name: tuple(json.loads(named[name])) for name in ("asks", "aliases")}
    return Fact(**named | lists | {"also": bool(named["also"])})
