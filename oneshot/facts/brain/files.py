"""The files of a brain: its configuration, and its folder with weights and journal."""

from dataclasses import dataclass
from pathlib import Path

from oneshot.errors import BadInputError
from oneshot.facts.brain.held.kept import terms_of_record
from oneshot.facts.rules import check_rule
from oneshot.memory.disk.folder import CALIBRATION as CALIBRATION
from oneshot.memory.disk.folder import FORMAT, Folder, FolderKind
from oneshot.memory.disk.folder import JOURNAL as JOURNAL
from oneshot.memory.disk.folder import WEIGHTS as WEIGHTS
from oneshot.memory.journal.facts import Journal

CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class Config:
    """What a brain's weights belong to; written once, when the brain is made.

    Raises BadInputError for a rule that is not offered, or a brain of an earlier form.
    """

    host: str
    host_hash: str
    calibration_hash: str
    rule: str
    format: int = FORMAT
    peft_type: str = "ONESHOT"
    sites: int | None = None

    def __post_init__(self) -> None:
        if not all(isinstance(text, str) for text in (self.host, self.host_hash, self.rule)):
            raise BadInputError("host, host_hash and rule have to be texts")
        check_rule(self.rule)
        if self.sites is not None:
            raise BadInputError(
                "its weights are of an earlier form; teach its facts again, from "
                "`oneshot --json list` of the version that made it"
            )


BRAIN = FolderKind(CONFIG, Config, "--brain", "oneshot doctor", "this brain")
read_config, read_calibration = BRAIN.read_config, BRAIN.read_calibration


class Brain(Folder[Config]):
    """An open brain folder; `writing()` lets one process at a time change it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, BRAIN, terms_of_record)
        self.journal = Journal(folder / JOURNAL)

    @property
    def calibration(self) -> Path:
        """The calibration that the weights were made with."""
        return self.folder / CALIBRATION

    def found(self, config: Config, calibration: bytes) -> Config:
        """Make a new brain's configuration; the one that another process made first, if any."""
        return BRAIN.found(self.folder, config, calibration)

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()
