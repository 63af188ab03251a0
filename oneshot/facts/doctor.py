"""Check a brain folder without loading its model, and mend what can be mended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from adapters.state import load_calibration
from oneshot.errors import BrainError
from oneshot.facts.brain import CALIBRATION, Brain, read_config
from oneshot.facts.types import Finding
from oneshot.memory.journal import Draft


def examine(folder: Path, *, repair: bool) -> list[Finding]:
    """Findings on configuration, calibration, weights, and journal against weights."""
    if not folder.is_dir():
        raise BrainError(f"{folder} does not exist; teach something or give another --brain")
    findings = [_configuration(folder), _calibration(folder)]
    try:
        brain = Brain(folder)
    except BrainError as error:
        return [*findings, _journal_file(folder, str(error), repair=repair)]
    try:
        with brain.writing():
            findings += _weights(brain, repair=repair)
            findings += _agreement(brain, repair=repair)
    finally:
        brain.close()
    return findings


def _configuration(folder: Path) -> Finding:
    try:
        config = read_config(folder)
    except BrainError as error:
        return Finding("configuration", False, str(error))
    if config is None:
        return Finding("configuration", False, "it is missing; restore it from an export")
    return Finding("configuration", True, f"{config.host}, {config.rule}, {config.sites} sites")


def _calibration(folder: Path) -> Finding:
    try:
        load_calibration(folder / CALIBRATION, torch.device("cpu"))
    except (BrainError, OSError) as error:
        return Finding("calibration", False, f"{error}; restore it from an export of this brain")
    return Finding("calibration", True, "readable")


def _journal_file(folder: Path, reason: str, *, repair: bool) -> Finding:
    """A journal that cannot be opened is set aside: the weights carry the texts."""
    path = folder / "journal.sqlite"
    if repair and path.exists():
        path.replace(path.with_suffix(".damaged"))
        Brain(folder).close()
        return Finding("journal", False, f"{reason}; set aside, made anew", repaired=True)
    return Finding("journal", False, reason)


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
        records: list[dict[str, Any]] = brain.store.load().records
    except BrainError as error:
        yield Finding("journal and weights", False, f"not compared: {error}")
        return
    stored = {record["key"]: record for record in records}
    live = {entry.key: entry for entry in brain.journal.entries("live")}
    unknown = [stored[key] for key in sorted(stored.keys() - live.keys())]
    gone = [live[key] for key in sorted(live.keys() - stored.keys())]
    if repair:
        brain.journal.add(
            Draft(**{name: record[name] for name in Draft.__dataclass_fields__})
            for record in unknown
        )
        brain.journal.set_state([entry.id for entry in gone], "forgotten")
    if unknown:
        yield Finding("journal", False, f"{len(unknown)} facts were not in it", repaired=repair)
    for entry in gone:
        detail = f"#{entry.id} ({entry.prompt[:40]}) is not in the weights; teach it again"
        yield Finding("journal", False, detail, repaired=repair)
    if not unknown and not gone:
        yield Finding("journal and weights", True, f"{len(stored)} facts in both")
