"""What brains and folders of classes have in common: a configuration and what belongs to it."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from oneshot.errors import BadInputError, BrainError
from oneshot.files.durable import write_atomically
from oneshot.memory.disk.closing import Closing
from oneshot.memory.disk.content import content_hash
from oneshot.memory.disk.lock import FolderLock
from oneshot.memory.disk.records import Terms, no_terms
from oneshot.memory.disk.segment_file import SUFFIX
from oneshot.memory.disk.segments import SegmentStore

FORMAT = 1
CALIBRATION, WEIGHTS, JOURNAL = "calibration.safetensors", "weights", "journal.sqlite"


@runtime_checkable
class Configuration(Protocol):
    """A frozen dataclass that says what a folder's weights belong to; written once."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def calibration_hash(self) -> str:
        """Of the calibration that the weights were made with."""
        ...


C = TypeVar("C", bound=Configuration)


@dataclass(frozen=True)
class FolderKind(Generic[C]):
    """A kind of folder: its configuration's file and class, and what its messages name.

    `make` gives a configuration of a JSON object's entries, or raises BadInputError; `option` and
    `doctor` are the command line's, `what` is "this brain" or the like.
    """

    config: str
    make: Callable[..., C]
    option: str
    doctor: str
    what: str

    def read_config(self, folder: Path) -> C | None:
        """The configuration of a folder; None where there is none, BrainError for a bad one."""
        path = folder / self.config
        try:
            content: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if int(content["format"]) > FORMAT:
                raise BrainError(
                    f"{path} has format {content['format']}, newer than {FORMAT}; upgrade oneshot"
                )
            return self.make(**content)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError, OSError, RecursionError, BadInputError) as error:
            reason = " ".join(str(error).split())
            raise BrainError(
                f"{path} cannot be read ({reason}); restore it from an export of {self.what}"
            ) from error

    def read_calibration(self, folder: Path, config: C) -> bytes:
        """The content of a folder's calibration; BrainError unless it is the configuration's."""
        path = folder / CALIBRATION
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BrainError(
                f"{path} cannot be read ({error.strerror}); run `{self.doctor} --repair`"
            ) from error
        if content_hash(data) != config.calibration_hash:
            raise BrainError(
                f"{path} is damaged: it is not what {self.config} says; "
                f"run `{self.doctor} --repair`"
            )
        return data

    def found(self, folder: Path, config: C, calibration: bytes) -> C:
        """Make a new folder's configuration; the one that another process made first, if any.

        The calibration goes with it, so that it never moves. BrainError for weights without any.
        """
        with Folder(folder, self) as made, made.writing():
            there = self.read_config(folder)
            if there is not None:
                return there
            if any((folder / WEIGHTS).glob(f"*{SUFFIX}")):
                raise BrainError(
                    f"{folder} holds weights, but its {self.config} is missing; restore it from an "
                    f"export of {self.what}"
                )
            write_atomically(folder / CALIBRATION, calibration)
            write_atomically(folder / self.config, config_bytes(config))
            return config


class Folder(Closing, Generic[C]):
    """An open folder, made where there is none; `writing()` lets one process change it.

    `terms` are what texts in it are found by.
    """

    def __init__(self, folder: Path, kind: FolderKind[C], terms: Terms = no_terms) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BrainError(
                f"{folder} cannot be made ({error.strerror}); give another {kind.option}"
            ) from error
        self._lock = FolderLock(folder, kind.option)
        self.store = SegmentStore(folder / WEIGHTS, terms)

    def writing(self) -> AbstractContextManager[None]:
        """Hold the folder's lock; BrainError after 30 s of waiting for another process."""
        return self._lock.held()

    def changing(self) -> bool:
        """Whether somebody else is changing the folder at this moment."""
        return self._lock.held_elsewhere()

    def close(self) -> None:
        """Nothing is open but what a kind of folder adds."""


def config_bytes(config: Configuration) -> bytes:
    """A configuration as canonical JSON."""
    return (json.dumps(asdict(config), indent=2, sort_keys=True) + "\n").encode("utf-8")
