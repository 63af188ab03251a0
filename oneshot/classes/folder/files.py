"""The files of a folder of classes: its configuration, weights and journal."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from oneshot.classes.folder.journal import ClassJournal, Noted
from oneshot.classes.hosts.host import ClassHost, Kind
from oneshot.classes.writers.calibration import POSTERIOR, WRITERS
from oneshot.classes.writers.sharpness import STRANGERS
from oneshot.errors import BadInputError, BrainError
from oneshot.files.durable import write_atomically
from oneshot.memory.disk.folder import FORMAT, JOURNAL, Folder, FolderKind, config_bytes

CONFIG = "classes.json"
LARGEST_SHARE = 0.99


@dataclass(frozen=True)
class Config:
    """What a folder's weights belong to; of it the rule and the share of strangers may change."""

    kind: Kind
    host: str
    host_hash: str
    calibration_hash: str
    rule: str = POSTERIOR
    strangers: float = STRANGERS
    """The share of what is asked that is expected to be of none of the classes."""
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.rule not in WRITERS:
            raise BadInputError(f"rule {self.rule!r} came; give one of {', '.join(WRITERS)}")
        if not 0 <= self.strangers <= LARGEST_SHARE:
            raise BadInputError(
                f"strangers = {self.strangers} came; give a share from 0 to {LARGEST_SHARE}"
            )


@dataclass(frozen=True, eq=False)
class Stored:
    """An example as it lies in the weights."""

    key: str
    name: str
    digest: str
    code: Tensor


def example_key(name: str, digest: str) -> str:
    """The key of a content taught as a class: taught twice, it counts once."""
    data = f"{name}\0{digest}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _config(kind: str, **entries: Any) -> Config:
    return Config(Kind(kind), **entries)


CLASSES = FolderKind(CONFIG, _config, "--classes", "oneshot class doctor", "these classes")
read_config = CLASSES.read_config


class ClassFolder(Folder[Config]):
    """An open folder; `writing()` lets one process at a time change it.

    The weights are the examples' codes in immutable segment files; everything that answers is a
    function of them. A crash at any moment loses nothing that was acknowledged.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        super().__init__(folder, CLASSES)
        self.config = config
        self._journal: ClassJournal | None = None

    @classmethod
    def found(cls, folder: Path, config: Config, calibration: bytes) -> "ClassFolder":
        """Open a folder, made if there is none; BrainError where it is damaged."""
        return cls(folder, CLASSES.found(folder, config, calibration))

    def change(self, **entries: Any) -> None:
        """Change the rule or the share of strangers, for good; BadInputError for a bad one.

        Every rule answers from the same stored examples: nothing is taught again.
        """
        config = replace(self.config, **entries)
        with self.writing():
            write_atomically(self.folder / CONFIG, config_bytes(config))
        self.config = config

    def check_host(self, host: ClassHost) -> None:
        """BrainError unless the classes were taught to this host."""
        config = self.config
        if (config.kind, config.host_hash) != (host.kind, host.hash):
            raise BrainError(
                f"{self.folder} holds {config.kind} classes of the host {config.host!r} "
                f"({config.host_hash[:8]}), not of {host.name!r} ({host.hash[:8]}); "
                f"give --host {config.host} or another --classes"
            )

    def calibration(self) -> bytes:
        """The calibration that the weights were made with; BrainError where it is damaged."""
        return CLASSES.read_calibration(self.folder, self.config)

    @property
    def journal(self) -> ClassJournal:
        """The journal, opened when it is first needed."""
        if self._journal is None:
            self._journal = ClassJournal(self.folder / JOURNAL)
        return self._journal

    def noted(self, name: str) -> dict[str, Noted]:
        """What the journal says of a class's examples; a journal that is missing is not made."""
        there = self._journal is not None or (self.folder / JOURNAL).exists()
        return self.journal.of(name) if there else {}

    def load(self) -> list[Stored]:
        """Every example, sorted by key; BrainError where a segment is damaged."""
        loaded = self.store.load()
        return [
            Stored(r["key"], r["name"], r["digest"], loaded.rows["code"][i])
            for i, r in enumerate(loaded.records)
        ]

    def append(self, examples: list[Stored]) -> None:
        """Store examples durably."""
        keys = [torch.frombuffer(bytearray.fromhex(e.key), dtype=torch.uint8) for e in examples]
        rows = {"key": torch.stack(keys), "code": torch.stack([e.code for e in examples])}
        records = [{"key": e.key, "name": e.name, "digest": e.digest} for e in examples]
        self.store.append(rows, records)

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()


def read_other(folder: Path, into: ClassFolder) -> ClassFolder:
    """Another folder of the same host and calibration; BadInputError for any other."""
    config, own = read_config(folder), into.config
    if config is None:
        raise BadInputError(f"{folder} holds no classes; give a folder that export wrote")
    if (config.kind, config.host_hash) != (own.kind, own.host_hash):
        raise BadInputError(
            f"{folder} holds {config.kind} classes of the host {config.host!r}, "
            f"{into.folder} {own.kind} classes of {own.host!r}; import them elsewhere"
        )
    if config.calibration_hash != own.calibration_hash:
        raise BadInputError(
            f"{folder} was taught with another calibration of its host; import it into a new folder"
        )
    return ClassFolder(folder, config)
