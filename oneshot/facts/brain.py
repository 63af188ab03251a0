"""A brain folder: configuration, calibration, weights and journal."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from oneshot.errors import BrainError
from oneshot.facts.segments import SegmentStore
from oneshot.memory.journal import Journal

FORMAT = 1
CONFIG, CALIBRATION, WEIGHTS = "adapter_config.json", "calibration.safetensors", "weights"
LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class Config:
    """What a brain's weights belong to; written once, when the brain is made."""

    host: str
    host_hash: str
    rule: str = "posterior"
    sites: int = 1
    format: int = FORMAT
    peft_type: str = "ONESHOT"


def read_config(folder: Path) -> Config | None:
    """The configuration of a brain or exported adapter; None where there is none."""
    path = folder / CONFIG
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if int(content["format"]) > FORMAT:
            raise BrainError(
                f"{path} has format {content['format']}, newer than {FORMAT}; upgrade oneshot"
            )
        return Config(**content)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise BrainError(
            f"{path} cannot be read ({error}); restore it from an export of this brain"
        ) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content in one step, durably."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BrainError(f"{path} cannot be written ({error.strerror}); free the place") from error


def config_bytes(config: Config) -> bytes:
    """The configuration as canonical JSON."""
    return (json.dumps(asdict(config), indent=2, sort_keys=True) + "\n").encode("utf-8")


class Brain:
    """An open brain folder; `writing()` lets one process at a time change it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / ".lock")
        except OSError as error:
            raise BrainError(
                f"{folder} cannot be made ({error.strerror}); give another --brain"
            ) from error
        self.store = SegmentStore(folder / WEIGHTS)
        self.journal = Journal(folder / "journal.sqlite")

    @property
    def calibration(self) -> Path:
        """The calibration that the weights were made with."""
        return self.folder / CALIBRATION

    def found(self, config: Config, calibration: Path) -> None:
        """Make a new brain's configuration; the calibration goes with it, so that it never moves."""
        with self.writing():
            temporary = self.calibration.with_suffix(".tmp")
            shutil.copyfile(calibration, temporary)
            os.replace(temporary, self.calibration)
            write_atomically(self.folder / CONFIG, config_bytes(config))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder's lock; raises BrainError after 30 s of waiting for another process."""
        try:
            with self._lock.acquire(timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise BrainError(
                f"{self.folder} is being changed by another process for over {LOCK_SECONDS:.0f} s; "
                "wait for it or stop it"
            ) from error
        except PermissionError as error:
            raise BrainError(
                f"{self.folder} may not be written; give yourself the permission or another --brain"
            ) from error

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()
