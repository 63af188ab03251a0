"""One process at a time changes a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from oneshot.errors import BrainError

LOCK_SECONDS = 30.0


class FolderLock:
    """The lock of a folder, which `option` of the command line chooses."""

    def __init__(self, folder: Path, option: str) -> None:
        self._folder, self._option = folder, option
        self._lock = FileLock(folder / ".lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raises BrainError after 30 s of waiting for another process."""
        try:
            self._lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise BrainError(
                f"{self._folder} is being changed by another process for over {LOCK_SECONDS:g} s; "
                "wait for it or stop it"
            ) from error
        except OSError as error:
            raise BrainError(
                f"{self._folder} may not be written ({error.strerror}); "
                f"give yourself the permission or another {self._option}"
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def held_elsewhere(self) -> bool:
        """Whether somebody else holds the lock at this moment."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # a folder that may not be written: nobody is told apart
            return False
        self._lock.release()
        return False
