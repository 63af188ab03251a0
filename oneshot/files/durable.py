"""Files that a crash at any instant leaves whole: written through, then renamed."""

import os
from contextlib import suppress
from pathlib import Path

from oneshot.errors import BrainError, OneshotError


def write_through(path: Path, data: bytes, mode: int | None) -> None:
    """Write a file that is on the disk when this returns."""
    with path.open("wb") as file:
        if mode is not None:
            path.chmod(mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes, failure: type[OneshotError] = BrainError) -> None:
    """Replace a file's content in one step, durably, its mode kept; a `failure` where it fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else None
        write_through(temporary, data, mode)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise failure(
            f"{path} cannot be written ({error.strerror or error}); free some space or mend the "
            "permissions, what was saved before is whole"
        ) from error
