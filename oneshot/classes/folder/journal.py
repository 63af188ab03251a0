"""The journal of a folder of classes: where its examples came from, and when.

It is never asked for a guess: losing it loses sources and times, and no class.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from oneshot.errors import BrainError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS examples (
    key TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    taught_at TEXT NOT NULL,
    forgotten_at TEXT
)
"""


class Noted(NamedTuple):
    """One example: its key in the weights, its class, its file or text, and when it was taught."""

    key: str
    name: str
    source: str
    digest: str
    taught_at: str


class ClassJournal:
    """An SQLite file, created when missing; BrainError, in one line, where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._one_line():
            self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def note(self, examples: Iterable[Noted]) -> None:
        """Enter examples; one that was forgotten counts as taught again."""
        statement = "INSERT OR REPLACE INTO examples VALUES (?, ?, ?, ?, ?, NULL)"
        self._many(statement, list(examples))

    def strike(self, keys: Iterable[str], at: str) -> None:
        """Note that examples were forgotten; `at` is an ISO 8601 time in UTC."""
        self._many("UPDATE examples SET forgotten_at = ? WHERE key = ?", [(at, k) for k in keys])

    def of(self, name: str) -> dict[str, Noted]:
        """The examples of a class by key, as far as they were noted and not forgotten."""
        query = "SELECT key, name, source, digest, taught_at FROM examples"
        with self._one_line():
            rows = self._connection.execute(
                f"{query} WHERE name = ? AND forgotten_at IS NULL ORDER BY taught_at, source",
                [name],
            ).fetchall()
        return {row[0]: Noted(*row) for row in rows}

    def _many(self, statement: str, rows: list[Any]) -> None:
        with self._one_line():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise BrainError(
                f"cannot use the journal {self.path}: {error}; delete it to go on without "
                "sources and times, no class is lost"
            ) from error
