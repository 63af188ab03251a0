"""Checks of a folder's files, without the host; each says what it found, and mends it if asked."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from oneshot.errors import BrainError
from oneshot.files.durable import write_atomically
from oneshot.memory.disk.content import content_hash
from oneshot.memory.disk.folder import CALIBRATION, JOURNAL, WEIGHTS, Configuration, FolderKind
from oneshot.memory.disk.segments import SegmentStore
from oneshot.memory.doctor.finding import Finding
from oneshot.memory.journal.file import DamagedJournalError, JournalFile

C = TypeVar("C", bound=Configuration)


def check_config(
    kind: FolderKind[C], folder: Path, described: Callable[[C], str]
) -> tuple[C | None, Finding]:
    """Whether the configuration is there and can be read; it, and what was found."""
    try:
        config = kind.read_config(folder)
    except BrainError as error:
        return None, Finding("configuration", False, str(error))
    if config is None:
        return None, Finding("configuration", False, "it is missing; restore it from an export")
    return config, Finding("configuration", True, described(config))


def check_calibration(
    kind: FolderKind[C],
    folder: Path,
    config: C,
    load: Callable[[Path], object],
    kept: Iterable[Path],
    *,
    repair: bool,
) -> Finding:
    """Whether the calibration is the configuration's; else one of `kept` takes its place."""
    path = folder / CALIBRATION
    try:
        kind.read_calibration(folder, config)
        load(path)
    except BrainError as error:
        found = (place.read_bytes() for place in kept if place.is_file())
        data = next((d for d in found if content_hash(d) == config.calibration_hash), None)
        if data is None:
            detail = f"{path} is missing or damaged; restore it from an export"
            return Finding("calibration", False, detail)
        if repair:
            write_atomically(path, data)
        return Finding("calibration", False, str(error), repaired=repair)
    return Finding("calibration", True, "the one that the weights were made with")


def check_journal(
    folder: Path, open_journal: Callable[[Path], JournalFile], *, repair: bool
) -> Finding:
    """Whether the journal can be read; a damaged one is set aside."""
    try:
        with open_journal(folder / JOURNAL) as journal:
            journal.check()
    except DamagedJournalError as error:
        if repair:
            _set_aside(folder / JOURNAL)
        return Finding("journal", False, str(error), repaired=repair)
    except BrainError as error:
        return Finding("journal", False, str(error))
    return Finding("journal", True, "readable")


def check_weights(store: SegmentStore, *, repair: bool) -> Iterator[Finding]:
    """Whether all segments are whole; damaged ones are set aside."""
    damaged = store.damaged()
    if damaged and repair:
        store.quarantine()
    for path, reason in damaged:
        yield Finding("weights", False, f"{path.name}: {reason}", repaired=repair)
    if not damaged:
        yield Finding("weights", True, f"segments found whole: {len(store.names())}")


def check_leftovers(folder: Path, config: str, *, repair: bool) -> Iterator[Finding]:
    """Files that a killed process had not finished, and that nobody reads; under the lock."""
    names = "|".join(re.escape(name) for name in (config, CALIBRATION))
    half = re.compile(rf"\.({names})\.\d+")
    left = [path for path in sorted(folder.iterdir()) if half.fullmatch(path.name)]
    left += sorted((folder / WEIGHTS).glob("*.tmp"))
    for path in left:
        if repair:
            path.unlink(missing_ok=True)
        detail = f"{path.name} was being written when a process was killed; nothing needs it"
        yield Finding("leftovers", False, detail, repaired=repair)


def _set_aside(journal: Path) -> None:
    """Rename a journal, with the files that SQLite keeps beside it."""
    try:
        for path in sorted(journal.parent.glob(f"{journal.name}*")):
            path.replace(path.with_name(f"damaged-{path.name}"))
    except OSError as error:
        raise BrainError(
            f"{journal} cannot be set aside ({error.strerror}); give yourself the permission"
        ) from error
