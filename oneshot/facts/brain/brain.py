"""A brain folder: configuration, calibration, weights and journal."""

import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError, BrainError
from oneshot.facts.calibrated import DEPTHS
from oneshot.facts.rules import check_rule
from oneshot.files.durable import write_atomically
from oneshot.memory.content import content_hash
from oneshot.memory.journal import Journal
from oneshot.memory.lock import FolderLock
from oneshot.memory.segments import SegmentStore

FORMAT = 1
CONFIG, CALIBRATION, WEIGHTS = "adapter_config.json", "calibration.safetensors", "weights"
JOURNAL = "journal.sqlite"


@dataclass(frozen=True)
class Config:
    """What a brain's weights belong to; written once, when the brain is made.

    Raises BadInputError for a rule or a number of sites that is not offered.
    """

    host: str
    host_hash: str
    calibration_hash: str
    rule: str
    sites: int
    format: int = FORMAT
    peft_type: str = "ONESHOT"

    def __post_init__(self) -> None:
        if not all(isinstance(text, str) for text in (self.host, self.host_hash, self.rule)):
            raise BadInputError("host, host_hash and rule have to be texts")
        check_rule(self.rule)
        if self.sites not in DEPTHS:
            raise BadInputError(f"{self.sites} sites are not offered; give one of {list(DEPTHS)}")


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
    except (ValueError, KeyError, TypeError, OSError, RecursionError, BadInputError) as error:
        reason = " ".join(str(error).split())
        raise BrainError(
            f"{path} cannot be read ({reason}); restore it from an export of this brain"
        ) from error


def read_calibration(folder: Path, config: Config) -> bytes:
    """The content of a folder's calibration; BrainError unless it is the configuration's."""
    path = folder / CALIBRATION
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BrainError(
            f"{path} cannot be read ({error.strerror}); run `oneshot doctor --repair`"
        ) from error
    if content_hash(data) != config.calibration_hash:
        raise BrainError(
            f"{path} is damaged: it is not what {CONFIG} says; run `oneshot doctor --repair`"
        )
    return data


def config_bytes(config: Config) -> bytes:
    """The configuration as canonical JSON."""
    return (json.dumps(asdict(config), indent=2, sort_keys=True) + "\n").encode("utf-8")


class Brain:
    """An open brain folder; `writing()` lets one process at a time change it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BrainError(
                f"{folder} cannot be made ({error.strerror}); give another --brain"
            ) from error
        self._lock = FolderLock(folder, "--brain")
        self.store = SegmentStore(folder / WEIGHTS)
        self.journal = Journal(folder / JOURNAL)

    @property
    def calibration(self) -> Path:
        """The calibration that the weights were made with."""
        return self.folder / CALIBRATION

    def found(self, config: Config, calibration: bytes) -> Config:
        """Make a new brain's configuration; the one that another process made first, if any.

        The calibration goes with it, so that it never moves.
        """
        with self.writing():
            there = read_config(self.folder)
            if there is not None:
                return there
            write_atomically(self.calibration, calibration)
            write_atomically(self.folder / CONFIG, config_bytes(config))
            return config

    def writing(self) -> AbstractContextManager[None]:
        """Hold the folder's lock; BrainError after 30 s of waiting for another process."""
        return self._lock.held()

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()
