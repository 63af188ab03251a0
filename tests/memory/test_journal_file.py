"""The journal as a file: shared, held, of another version, damaged."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from journals import draft, journal

from oneshot.errors import BrainError
from oneshot.memory.journal.facts import Journal
from oneshot.memory.journal.schema import SCHEMA

__all__ = ["journal"]

AT = "2030-01-02T03:04:05+00:00"


def test_the_file_is_durable_and_checks_its_references(journal: Journal) -> None:
    for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
        assert journal.run(f"PRAGMA {pragma}") == [(value,)]


def test_two_processes_share_it(journal: Journal) -> None:
    with Journal(journal.path) as other:
        journal.add([draft(1)])
        assert [entry.key for entry in other.entries()] == [draft(1).key]
        other.add([draft(2)])
    assert journal.counts()["live"] == 2


def test_a_held_journal_is_told(journal: Journal) -> None:
    with (
        mock.patch("oneshot.memory.journal.file._WAIT_SECONDS", 0.01),
        Journal(journal.path) as other,
    ):
        with journal.transaction(), pytest.raises(BrainError, match="locked"):
            other.add([draft(1)])
        other.add([draft(2)])
    assert journal.counts()["live"] == 1


def test_a_newer_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(SCHEMA) + 1}")
    connection.close()
    with pytest.raises(BrainError, match=r"journal\.sqlite has version .* upgrade oneshot"):
        Journal(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(SCHEMA) + 1,)
    connection.close()


def test_migrations_happen_once_and_wholly(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    broken = (*SCHEMA, ("CREATE TABLE extra (id)", "no statement"))
    with Journal(path) as journal:
        journal.add([draft(1)])
    with (
        mock.patch("oneshot.memory.journal.facts.SCHEMA", broken),
        pytest.raises(BrainError),
    ):
        Journal(path)
    with Journal(path) as journal:
        assert journal.counts()["live"] == 1
    good = (*SCHEMA, ("CREATE TABLE extra (id)",))
    for _ in range(2):
        with (
            mock.patch("oneshot.memory.journal.facts.SCHEMA", good),
            Journal(path) as journal,
        ):
            assert journal.counts()["live"] == 1
            assert journal.run("SELECT * FROM extra") == []


@pytest.mark.parametrize("content", [b"this is no database, " * 100, b"\0" * 4096])
def test_a_file_that_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    with pytest.raises(BrainError, match=r"journal\.sqlite.*oneshot doctor") as caught:
        Journal(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


@contextmanager
def read_only() -> Iterator[Path]:
    """A journal with a fact where only the superuser may write, who steps down."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "journal.sqlite"
        with Journal(path) as journal:
            journal.add([draft(1)])
        path.chmod(0o444)
        path.parent.chmod(0o555)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)
            yield path
        finally:
            os.seteuid(user)
            path.parent.chmod(0o755)


def test_where_it_may_not_be_written_it_is_read() -> None:
    with read_only() as path, Journal(path) as journal:
        assert [entry.key for entry in journal.entries()] == [draft(1).key]
        with pytest.raises(BrainError, match=r"may not be written \(.*\); give yourself"):
            journal.add([draft(2)])
        assert journal.counts()["live"] == 1
        journal.check()


def test_changes_that_it_could_not_read_are_not_passed_over() -> None:
    pending = mock.patch.object(Journal, "_has_pending", return_value=True)
    with read_only() as path, pending, pytest.raises(BrainError, match="may not be written"):
        Journal(path)


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrainError, match="cannot use the journal"):
        Journal(tmp_path)


def test_damage_inside_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.add(draft(number) for number in range(500))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(BrainError, match="oneshot doctor"), Journal(path) as journal:
        list(journal.entries())
