"""Where hosts are kept that do not ship: a folder each in the user's cache, whole or not there."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

from oneshot.errors import HostError

Progress = Callable[[str, int, int], None]
"""Called with what is done, and how many of how many steps are."""

ORIGIN = "origin.json"


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Origin:
    """Where a kept host came from, and under which licence; both in words."""

    source: str
    licence: str


def shelf() -> Path:
    """The folder of the kept hosts."""
    return platformdirs.user_cache_path("oneshot") / "hosts"


def kept_hosts() -> dict[str, Path]:
    """The folders of the hosts that are there, by name."""
    found = sorted(shelf().glob("*/")) if shelf().is_dir() else []
    return {path.name: path for path in found if (path / ORIGIN).is_file()}


def read_origin(folder: Path) -> Origin:
    """Where a kept host came from; HostError where that is damaged."""
    try:
        return Origin(**json.loads((folder / ORIGIN).read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise HostError(
            f"{folder / ORIGIN} is damaged; run `oneshot host remove {folder.name}`"
        ) from error


def folder_bytes(folder: Path) -> int:
    """The size of a folder's files; they may come and go meanwhile."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += os.lstat(Path(place, name)).st_size
    return size


@contextmanager
def building(name: str) -> Iterator[Path]:
    """A new folder that becomes the kept host `name` when the block ends well, and else is gone.

    One process builds at a time; another waits. What a killed one left is cleared away first.
    Raises HostError where the disk does not take it.
    """
    target, part = shelf() / name, shelf() / f".{name}.part"
    try:
        shelf().mkdir(parents=True, exist_ok=True)
        with FileLock(shelf() / ".lock"):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            try:
                yield part
                if not target.exists():
                    _bring_to_disk(part)
                    os.replace(part, target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise HostError(
            f"{target} cannot be written ({error.strerror or error}); free some space or mend the "
            "permissions"
        ) from error


def keep_origin(folder: Path, origin: Origin) -> None:
    """Write down where a host came from; this makes the folder a host's."""
    (folder / ORIGIN).write_text(json.dumps(asdict(origin)), "utf-8")


def take_away(name: str) -> None:
    """Remove a kept host; HostError where that fails."""
    gone = shelf() / f".{name}.part"
    try:
        with FileLock(shelf() / ".lock"):
            shutil.rmtree(gone, ignore_errors=True)
            os.replace(shelf() / name, gone)
            shutil.rmtree(gone)
    except OSError as error:
        raise HostError(
            f"{shelf() / name} cannot be removed ({error.strerror}); mend the permissions"
        ) from error


def _bring_to_disk(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
