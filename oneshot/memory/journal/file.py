"""An SQLite file whose writes are on the disk when they return, and whose mistakes are one line."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from oneshot.errors import BadInputError, BrainError
from oneshot.memory.disk.closing import Closing

_WAIT_SECONDS = 30.0
_DAMAGE = sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB
_NO_WRITING = sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY


class DamagedJournalError(BrainError):
    """A journal file whose content cannot be read; the weights carry what is needed to renew it."""


class JournalFile(Closing):
    """A journal in an SQLite file, created when missing; where it may not be written, it is read.

    `schema` has the steps of its history: step n leads from version n to version n + 1. Every
    method raises BrainError for a file that cannot be used; every write is on disk when it
    returns, or when the outermost `transaction` ends.
    """

    doctor: ClassVar[str] = "oneshot doctor"
    """The command that mends it."""

    def __init__(self, path: Path, schema: Sequence[Sequence[str]]) -> None:
        self.path = path
        with self._one_line():
            self._connection = self._connect()
        try:
            with self._one_line():
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.create_function("fold", 1, str.casefold, deterministic=True)
            self._migrate(schema)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; the journal cannot be used any more."""
        self._connection.close()

    def check(self) -> None:
        """Read the whole file; raises BrainError where it is damaged."""
        found = self.run("PRAGMA quick_check(1)")[0][0]
        if found != "ok":
            reason = " ".join(found.split())
            raise self._damage(reason)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes inside happen together or not at all; may be nested."""
        if self._connection.in_transaction:
            yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        finally:
            if self._connection.in_transaction:
                self.run("ROLLBACK")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that one SQL statement gives; raises BrainError where the file fails."""
        with self._one_line():
            return self._connection.execute(statement, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        """A connection that writes, or one that reads where SQLite may put no files beside it."""
        connection = _connection(str(self.path))
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            connection.close()
            if _code(error) not in _NO_WRITING or self._has_pending():
                raise
            return _connection(f"{self.path.absolute().as_uri()}?immutable=1")
        except BaseException:
            connection.close()
            raise
        return connection

    def _has_pending(self) -> bool:
        """Whether changes lie beside the file that whoever cannot write would not see."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return log.exists() and log.stat().st_size > 0

    def _migrate(self, schema: Sequence[Sequence[str]]) -> None:
        """Bring the file to the newest version, all steps or none; BrainError if it is newer."""
        if self._version() == len(schema):
            return
        with self.transaction():
            version = self._version()  # once more: another process may have migrated meanwhile
            if version > len(schema):
                raise BrainError(
                    f"{self.path} has version {version}, newer than {len(schema)}: upgrade oneshot"
                )
            for step in schema[version:]:
                for statement in step:
                    self.run(statement)
            self.run(f"PRAGMA user_version = {len(schema)}")

    def _version(self) -> int:
        return int(self.run("PRAGMA user_version")[0][0])

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except (UnicodeEncodeError, OverflowError) as error:
            raise BadInputError(f"cannot journal this: {error}; give plain text and ids") from error
        except sqlite3.Error as error:
            if _code(error) in _DAMAGE:
                raise self._damage(error) from error
            if _code(error) in _NO_WRITING and self.path.is_file():
                raise BrainError(
                    f"the journal {self.path} may not be written ({error}); "
                    "give yourself the permission, or copy its folder"
                ) from error
            raise BrainError(
                f"cannot use the journal {self.path}: {error}; "
                f"if another process holds it, wait, else run `{self.doctor}`"
            ) from error

    def _damage(self, reason: object) -> DamagedJournalError:
        return DamagedJournalError(
            f"the journal {self.path} is damaged: {reason}; run `{self.doctor} --repair`"
        )


def _connection(name: str) -> sqlite3.Connection:
    return sqlite3.connect(
        name, timeout=_WAIT_SECONDS, isolation_level=None, uri=name.startswith("file:")
    )


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary code of an error; 0 where it comes from elsewhere."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
