"""Check a folder of classes without loading its host, and mend what can be mended."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from oneshot.classes.calibrated import calibration_paths
from oneshot.classes.folder.files import CLASSES, CONFIG, ClassFolder, Config, Stored, example_key
from oneshot.classes.folder.journal import ClassJournal, Noted
from oneshot.classes.writers.calibration import load_calibration
from oneshot.errors import BrainError
from oneshot.memory.disk.folder import CALIBRATION, JOURNAL, WEIGHTS
from oneshot.memory.doctor import checks
from oneshot.memory.doctor.finding import Finding


def examine(folder: Path, *, repair: bool) -> list[Finding]:
    """Findings on configuration, calibration, weights, and journal against weights.

    Raises BrainError for a folder that holds no classes, or that may not be written.
    """
    if not (folder / WEIGHTS).is_dir():
        raise BrainError(f"{folder} holds no classes; teach one or give another --classes")
    config, finding = checks.check_config(CLASSES, folder, _described)
    if config is None:
        return [finding]
    kept = calibration_paths(config.host_hash)
    findings = [
        finding,
        checks.check_calibration(CLASSES, folder, config, _load, kept, repair=repair),
        _journal(folder, repair=repair),
    ]
    with ClassFolder(folder, config) as opened, opened.writing():
        findings += checks.check_leftovers(folder, CONFIG, repair=repair)
        findings += checks.check_weights(opened.store, repair=repair)
        findings += _contents(opened, findings, repair=repair)
    return findings


def _described(config: Config) -> str:
    return f"{config.kind} classes on {config.host}, {config.rule}"


def _load(path: Path) -> object:
    return load_calibration(path.read_bytes())


def _journal(folder: Path, *, repair: bool) -> Finding:
    """A folder that was exported has none, and needs none."""
    if not (folder / JOURNAL).exists():
        return Finding("journal", True, "there is none: sources and times are not known")
    return checks.check_journal(folder, ClassJournal, repair=repair)


def _contents(folder: ClassFolder, before: list[Finding], *, repair: bool) -> Iterator[Finding]:
    try:
        stored = {example.key: example for example in folder.load()}
    except (BrainError, KeyError) as error:
        yield Finding("journal and weights", False, f"not compared: {error}")
        return
    yield from _fit(folder, list(stored.values()))
    journal = next(finding for finding in before if finding.check == "journal")
    if (folder.folder / JOURNAL).exists() and (journal.ok or journal.repaired):
        yield from _agreement(folder.journal, stored, repair=repair)


def _fit(folder: ClassFolder, stored: list[Stored]) -> Iterator[Finding]:
    """Codes have to be of the calibration's width, and keys those of their names and contents."""
    try:
        width = load_calibration(folder.calibration()).metric.width
    except BrainError:
        return  # said already
    widths = {example.code.shape[0] for example in stored}
    if widths - {width}:
        detail = f"codes are {sorted(widths)} numbers long, the {CALIBRATION} says {width}"
        yield Finding("weights", False, f"{detail}; restore it from an export")
    strange = [e for e in stored if e.key != example_key(e.name, e.digest)]
    if strange:
        names = ", ".join(sorted({example.name for example in strange})[:5])
        detail = f"{len(strange)} examples are not what their keys say ({names})"
        yield Finding("weights", False, f"{detail}; forget these classes and teach them again")


def _agreement(
    journal: ClassJournal, stored: dict[str, Stored], *, repair: bool
) -> Iterator[Finding]:
    """What the journal has as taught and what the weights hold has to be the same set."""
    noted = journal.taught()
    gone = [entry for key, entry in noted.items() if key not in stored]
    unlisted = [example for key, example in stored.items() if key not in noted]
    if repair:
        journal.strike([entry.key for entry in gone], datetime.now(UTC).isoformat("T", "seconds"))
        journal.note(Noted(e.key, e.name, "", e.digest, "") for e in unlisted)
    for entry in gone:
        detail = f"{entry.source or entry.key[:8]} of {entry.name!r} is not in the weights"
        yield Finding("journal", False, f"{detail}; teach it again", repaired=repair)
    if unlisted:
        detail = f"{len(unlisted)} of the weights' examples are not in it"
        yield Finding("journal", False, detail, repaired=repair)
    if not gone and not unlisted:
        yield Finding("journal and weights", True, f"{len(stored)} examples in both")
