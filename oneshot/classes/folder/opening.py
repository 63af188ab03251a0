"""Opening a folder of classes with its host: found where there is none."""

from collections.abc import Callable
from pathlib import Path

from oneshot.classes.calibrated import host_calibration
from oneshot.classes.folder.files import ClassFolder, Config, read_config
from oneshot.classes.hosts.host import ClassHost, Kind
from oneshot.classes.hosts.images import open_image_host
from oneshot.classes.hosts.photos import PHOTOS, open_photo_host
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
            return open_photo_host(place) if name == PHOTOS else open_image_host(name, place)
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
) -> tuple[ClassFolder, Callable[[], ClassHost]]:
    """A folder, founded where there is none, and what opens its host.

    Raises BrainError where the folder is of another kind, rule or host.
    """
    config = read_config(folder)
    if config is None:
        return _found(folder, open_host(kind, host, device), rule or POSTERIOR, report)
    check_rule(folder, config, rule)
    if config.kind is not kind:
        raise BrainError(
            f"{folder} holds {config.kind} classes, not {kind} classes; give another --classes"
        )
    choose_device(device, config.host, 0)
    found = ClassFolder(folder, config)
    if host not in (None, config.host):
        other = open_host(kind, host, device)
        found.check_host(other)
        return found, lambda: other

    def opened() -> ClassHost:
        own = open_host(kind, config.host, device)
        found.check_host(own)
        return own

    return found, opened


def _found(
    folder: Path, host: ClassHost, rule: str, report: Report
) -> tuple[ClassFolder, Callable[[], ClassHost]]:
    data = host_calibration(host, report)
    config = Config(host.kind, host.name, host.hash, content_hash(data), rule)
    found = ClassFolder.found(folder, config, data)
    found.check_host(host)
    return found, lambda: host
