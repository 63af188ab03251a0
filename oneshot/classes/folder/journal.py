"""The journal of a folder of classes: where its examples came from, and when.

It is never asked for a guess: losing it loses sources and times, and no class.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, NamedTuple

from oneshot.memory.journal.file import JournalFile

SCHEMA = (
    (
        # Version 0.1.0 had the table and gave it no version.
        """
        CREATE TABLE IF NOT EXISTS examples (
            key TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            source TEXT NOT NULL,
            digest TEXT NOT NULL,
            taught_at TEXT NOT NULL,
            forgotten_at TEXT
        )
        """,
    ),
)
_TAUGHT = "SELECT key, name, source, digest, taught_at FROM examples WHERE forgotten_at IS NULL"


class Noted(NamedTuple):
    """One example: its key in the weights, its class, its file or text, and when it was taught."""

    key: str
    name: str
    source: str
    digest: str
    taught_at: str


class ClassJournal(JournalFile):
    """The examples of one folder, an SQLite file."""

    doctor: ClassVar[str] = "oneshot class doctor"

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def note(self, examples: Iterable[Noted]) -> None:
        """Enter examples; one that was forgotten counts as taught again."""
        with self.transaction():
            for example in examples:
                self.run("INSERT OR REPLACE INTO examples VALUES (?, ?, ?, ?, ?, NULL)", *example)

    def strike(self, keys: Iterable[str], at: str) -> None:
        """Note that examples were forgotten; `at` is an ISO 8601 time in UTC."""
        with self.transaction():
            for key in keys:
                self.run("UPDATE examples SET forgotten_at = ? WHERE key = ?", at, key)

    def of(self, name: str) -> dict[str, Noted]:
        """The examples of a class by key, as far as they were noted and not forgotten."""
        rows = self.run(f"{_TAUGHT} AND name = ? ORDER BY taught_at, source", name)
        return {row[0]: Noted(*row) for row in rows}

    def taught(self) -> dict[str, Noted]:
        """All examples by key, as far as they were noted and not forgotten."""
        return {row[0]: Noted(*row) for row in self.run(f"{_TAUGHT} ORDER BY key")}
