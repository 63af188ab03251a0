"""Check a brain folder without loading its model, and mend what can be mended."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import torch

from adapters.write.state import load_calibration
from oneshot.errors import BrainError
from oneshot.facts.brain.brain import (
    CALIBRATION,
    JOURNAL,
    WEIGHTS,
    Brain,
    Config,
    read_calibration,
    read_config,
)
from oneshot.facts.brain.ledger import Ledger
from oneshot.facts.calibrated import calibration_path
from oneshot.facts.types import Finding
from oneshot.files.durable import write_atomically
from oneshot.memory.content import content_hash
from oneshot.memory.journal import DamagedJournalError


def examine(folder: Path, *, repair: bool) -> list[Finding]:
    """Findings on configuration, calibration, weights, and journal against weights.

    Raises BrainError for a folder that is no brain, or that may not be written.
    """
    if not (folder / WEIGHTS).is_dir():
        raise BrainError(f"{folder} is no brain; teach something or give another --brain")
    config, finding = _configuration(folder)
    findings = [finding]
    if config:
        findings.append(_calibration(folder, config, repair=repair))
    findings += _journal_file(folder, repair=repair)
    if findings[-1].ok or findings[-1].repaired:
        with closing(Brain(folder)) as brain, brain.writing():
            findings += _weights(brain, repair=repair)
            findings += _agreement(brain, repair=repair)
    return findings


def _configuration(folder: Path) -> tuple[Config | None, Finding]:
    try:
        config = read_config(folder)
    except BrainError as error:
        return None, Finding("configuration", False, str(error))
    if config is None:
        return None, Finding("configuration", False, "it is missing; restore it from an export")
    detail = f"{config.host}, {config.rule}, {config.sites} sites"
    return config, Finding("configuration", True, detail)


def _calibration(folder: Path, config: Config, *, repair: bool) -> Finding:
    try:
        read_calibration(folder, config)
        load_calibration(folder / CALIBRATION, torch.device("cpu"))
    except BrainError as error:
        kept = calibration_path(config.host_hash, config.sites)
        if not kept.exists() or content_hash(kept.read_bytes()) != config.calibration_hash:
            detail = f"{folder / CALIBRATION} is missing or damaged; restore it from an export"
            return Finding("calibration", False, detail)
        if repair:
            write_atomically(folder / CALIBRATION, kept.read_bytes())
        return Finding("calibration", False, str(error), repaired=repair)
    return Finding("calibration", True, "the one that the weights were made with")


def _journal_file(folder: Path, *, repair: bool) -> Iterator[Finding]:
    """A journal that cannot be read is set aside: the weights carry the texts."""
    try:
        with closing(Brain(folder)) as brain:
            brain.journal.check()
    except DamagedJournalError as error:
        if repair:
            _set_aside(folder / JOURNAL)
        yield Finding("journal", False, str(error), repaired=repair)
    except BrainError as error:
        yield Finding("journal", False, str(error))
    else:
        yield Finding("journal", True, "readable")


def _set_aside(journal: Path) -> None:
    """Rename a journal, with the files that SQLite keeps beside it."""
    try:
        for path in sorted(journal.parent.glob(f"{journal.name}*")):
            path.replace(path.with_name(f"damaged-{path.name}"))
    except OSError as error:
        raise BrainError(
            f"{journal} cannot be set aside ({error.strerror}); give yourself the permission"
        ) from error


def _weights(brain: Brain, *, repair: bool) -> Iterator[Finding]:
    damaged = brain.store.damaged()
    if damaged and repair:
        brain.store.quarantine()
    for path, reason in damaged:
        yield Finding("weights", False, f"{path.name}: {reason}", repaired=repair)
    if not damaged:
        yield Finding("weights", True, f"{len(brain.store.names())} segments are whole")


def _agreement(brain: Brain, *, repair: bool) -> Iterator[Finding]:
    """Live facts of the journal and facts of the weights have to be the same set."""
    try:
        stored = {record["key"] for record in brain.store.load().records}
    except BrainError as error:
        yield Finding("journal and weights", False, f"not compared: {error}")
        return
    live = {entry.key: entry for entry in brain.journal.entries("live")}
    unlisted, gone = len(stored - live.keys()), [e for key, e in live.items() if key not in stored]
    if unlisted:
        yield _list(brain, unlisted, repair=repair)
    if repair:
        brain.journal.set_state([entry.id for entry in gone], "forgotten")
    for entry in gone:
        detail = f"#{entry.id} ({entry.prompt[:40]}) is not in the weights; teach it again"
        yield Finding("journal", False, detail, repaired=repair)
    if not unlisted and not gone:
        yield Finding("journal and weights", True, f"{len(stored)} facts in both")


def _list(brain: Brain, count: int, *, repair: bool) -> Finding:
    """Let the ledger finish what was begun, which tells new facts from replaced ones."""
    detail = f"{count} facts of the weights are not live in it"
    if repair:
        try:
            calibration = load_calibration(brain.calibration, torch.device("cpu"))
        except (BrainError, OSError):
            return Finding("journal", False, f"{detail}; mend the calibration first")
        Ledger(brain, calibration, {})
    return Finding("journal", False, detail, repaired=repair)
