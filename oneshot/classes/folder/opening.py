"""Opening a folder of classes with its host: found where there is none."""

from pathlib import Path

from oneshot.classes.calibrated import host_calibration
from oneshot.classes.folder.files import ClassFolder, Config, read_config
from oneshot.classes.hosts.host import ClassHost, Kind
from oneshot.classes.hosts.images import open_image_host
from oneshot.classes.hosts.texts import open_text_host
from oneshot.classes.hosts.twice import SMOLLM2, open_smollm2
from oneshot.classes.writers.calibration import POSTERIOR
from oneshot.errors import BrainError
from oneshot.hosts.place import choose_device
from oneshot.hosts.shelf import kept_hosts
from oneshot.memory.disk.content import content_hash
from oneshot.memory.disk.folder import WEIGHTS
from oneshot.memory.disk.segment_file import SUFFIX
from oneshot.progress import Report, silent


def open_host(kind: Kind, name: str | None, device: str) -> ClassHost:
    """A host by name or folder; None is the packaged one, for texts SmolLM2 where it was fetched.

    Raises BadInputError for a device that is not there.
    """
    place = str(choose_device(device, name or "the packaged host", 0))  # hosts of classes are small
    match kind:
        case Kind.IMAGE:
            return open_image_host(name, place)
        case Kind.TEXT:
            there = name is None and SMOLLM2 in kept_hosts()
            return open_smollm2(place) if there or name == SMOLLM2 else open_text_host(name, place)


def check_there(folder: Path) -> None:
    """BrainError where there are no classes, for what is not to make a folder by mistake."""
    if read_config(folder) is None and not any((folder / WEIGHTS).glob(f"*{SUFFIX}")):
        raise BrainError(
            f"{folder} holds no classes; teach one first, or give the --classes that you mean"
        )


def check_rule(folder: Path, config: Config, rule: str | None) -> None:
    """BrainError where a rule is named that is not the folder's."""
    if rule is not None and rule != config.rule:
        raise BrainError(
            f"{folder} has rule {config.rule}, not {rule}; leave --rule out, or change it with "
            f"`oneshot class rule {rule}`"
        )


def open_folder(
    folder: Path,
    kind: Kind,
    host: str | None = None,
    rule: str | None = None,
    device: str = "cpu",
    report: Report = silent,
) -> tuple[ClassFolder, ClassHost]:
    """A folder and its host; BrainError where the folder is of another kind or host."""
    config = read_config(folder)
    if config is not None:
        check_rule(folder, config, rule)
    if config is not None and config.kind is not kind:
        raise BrainError(
            f"{folder} holds {config.kind} classes, not {kind} classes; give another --classes"
        )
    opened = open_host(kind, host or (config.host if config else None), device)
    if config is None:
        data = host_calibration(opened, report)
        config = Config(kind, opened.name, opened.hash, content_hash(data), rule or POSTERIOR)
        found = ClassFolder.found(folder, config, data)
    else:
        found = ClassFolder(folder, config)
    found.check_host(opened)
    return found, opened
