"""Files that a crash at any instant leaves whole: written through, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from oneshot.errors import BrainError, OneshotError


def write_through(path: Path, data: bytes, mode: int | None) -> None:
    """Write a file that is on the disk when this returns."""
    with _through(path, mode) as file:
        file.write(data)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes, failure: type[OneshotError] = BrainError) -> None:
    """Replace a file's content in one step, durably, its mode kept; a `failure` where it fails."""
    with replacing(path, failure) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, failure: type[OneshotError] = BrainError) -> Iterator[BinaryIO]:
    """A file whose content takes the place of another's as above, once the block has written it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else None
        with _through(temporary, mode) as file:
            yield file
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise failure(
            f"{path} cannot be written ({error.strerror or error}); free some space or mend the "
            "permissions, what was saved before is whole"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _through(path: Path, mode: int | None) -> Iterator[BinaryIO]:
    """A file to write that is on the disk when the block ends."""
    with path.open("wb") as file:
        if mode is not None:
            path.chmod(mode)
        yield file
        file.flush()
        os.fsync(file.fileno())
