"""A fact on its way into a brain: what is planned for it, and what became of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.write.rows import FactRows
from oneshot.facts.brain.held.kept import record_of, statement_of
from oneshot.facts.types import Statement
from oneshot.memory.journal.rows import Draft


@dataclass(frozen=True)
class Entered:
    """What became of a fact: its id, whether it was known, what it replaced and implies, who is
    near.
    """

    id: int
    key: str
    relation: str
    known: bool
    replaced: tuple[int, ...]
    nearest: int | None
    implied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A fact to be entered: its weights and record, and the keys of facts that it retires.

    `names` are those that something was implied about by what it retires.
    """

    key: str
    told: Statement
    row: FactRows
    record: dict[str, Any]
    known: bool
    retired: tuple[str, ...]
    names: frozenset[str] = frozenset()

    @property
    def draft(self) -> Draft:
        """What the journal keeps of it."""
        whole = record_of(statement_of(self.record)) | self.record
        texts = {n: whole[n] for n in Draft.__dataclass_fields__ if n not in ("asks", "aliases")}
        return Draft(**texts, asks=tuple(whole["asks"]), aliases=tuple(whole["aliases"]))


def taught_record(told: Statement, key: str, relation: str) -> dict[str, Any]:
    """What is kept beside the weights of a fact that is taught now."""
    return record_of(told) | {
        "key": key,
        "relation": relation,
        "source": told.source,
        "taught_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
