"""A folder of classes: configuration, calibration, weights and journal."""

import hashlib
import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from oneshot.classes.folder.journal import ClassJournal, Noted
from oneshot.classes.hosts.host import ClassHost, Kind
from oneshot.classes.writers.calibration import POSTERIOR, WRITERS
from oneshot.errors import BadInputError, BrainError
from oneshot.files.durable import write_atomically
from oneshot.memory.content import content_hash
from oneshot.memory.lock import FolderLock
from oneshot.memory.segments import SegmentStore

FORMAT = 1
CONFIG, CALIBRATION, WEIGHTS = "classes.json", "calibration.safetensors", "weights"
JOURNAL = "journal.sqlite"


@dataclass(frozen=True)
class Config:
    """What a folder's weights belong to; of it the rule alone may change."""

    kind: Kind
    host: str
    host_hash: str
    calibration_hash: str
    rule: str = POSTERIOR
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.rule not in WRITERS:
            raise BadInputError(f"rule {self.rule!r} came; give one of {', '.join(WRITERS)}")


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


def config_bytes(config: Config) -> bytes:
    """The configuration as canonical JSON."""
    return (json.dumps(asdict(config), indent=2, sort_keys=True) + "\n").encode("utf-8")


def read_config(folder: Path) -> Config | None:
    """The configuration of a folder; None where there is none, BrainError for a damaged one."""
    path = folder / CONFIG
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if int(content["format"]) > FORMAT:
            raise BrainError(f"{path} has format {content['format']}, newer than {FORMAT}; upgrade")
        return Config(**content | {"kind": Kind(content["kind"])})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, OSError, RecursionError, BadInputError) as error:
        reason = " ".join(str(error).split())
        raise BrainError(
            f"{path} cannot be read ({reason}); restore it from an export of these classes"
        ) from error


class ClassFolder:
    """An open folder; `writing()` lets one process at a time change it.

    The weights are the examples' codes in immutable segment files; everything that answers is a
    function of them. A crash at any moment loses nothing that was acknowledged.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self.folder, self.config = folder, config
        self._lock = FolderLock(folder, "--classes")
        self._store = SegmentStore(folder / WEIGHTS)
        self._journal: ClassJournal | None = None

    @classmethod
    def found(cls, folder: Path, config: Config, calibration: bytes) -> "ClassFolder":
        """Open a folder, made if there is none; BrainError where it is of another host or rule."""
        there = read_config(folder)
        if there is None:
            if any((folder / WEIGHTS).glob("*.safetensors")):
                raise BrainError(
                    f"{folder} holds classes, but its {CONFIG} is missing; restore it from an "
                    "export of these classes"
                )
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise BrainError(
                    f"{folder} cannot be made ({error.strerror}); give another --classes"
                ) from error
            made = cls(folder, config)
            with made.writing():
                there = read_config(folder)
                if there is None:
                    write_atomically(folder / CALIBRATION, calibration)
                    write_atomically(folder / CONFIG, config_bytes(config))
        return cls(folder, there or config)

    def change_rule(self, rule: str) -> None:
        """Make another rule the folder's, for good; BadInputError for one that is not offered.

        Every rule answers from the same stored examples: nothing is taught again.
        """
        config = replace(self.config, rule=rule)
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
        path = self.folder / CALIBRATION
        try:
            data = path.read_bytes()
            whole = content_hash(data) == self.config.calibration_hash
        except (OSError, ValueError) as error:
            raise BrainError(
                f"{path} cannot be read; restore it from an export of these classes"
            ) from error
        if not whole:
            raise BrainError(
                f"{path} is damaged: it is not what {CONFIG} says; restore it from an export"
            )
        return data

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

    def names(self) -> frozenset[str]:
        """Names of the segment files; any change of the weights changes them."""
        return self._store.names()

    def load(self) -> list[Stored]:
        """Every example, sorted by key; BrainError where a segment is damaged."""
        loaded = self._store.load()
        return [
            Stored(r["key"], r["name"], r["digest"], loaded.rows["code"][i])
            for i, r in enumerate(loaded.records)
        ]

    def append(self, examples: list[Stored]) -> None:
        """Store examples durably."""
        keys = [torch.frombuffer(bytearray.fromhex(e.key), dtype=torch.uint8) for e in examples]
        rows = {"key": torch.stack(keys), "code": torch.stack([e.code for e in examples])}
        records = [{"key": e.key, "name": e.name, "digest": e.digest} for e in examples]
        self._store.append(rows, records)

    def remove(self, keys: list[str]) -> int:
        """Rewrite the weights without these examples; how many went."""
        return self._store.remove(keys)

    def count_bytes(self) -> int:
        """The size of the weights."""
        return self._store.count_bytes()

    def writing(self) -> AbstractContextManager[None]:
        """Hold the folder's lock; BrainError after 30 s of waiting for another process."""
        return self._lock.held()

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
