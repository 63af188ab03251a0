"""What a training run is: a frozen set of settings, read from TOML and kept in checkpoints."""

import tomllib
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, get_type_hints

from oneshot.errors import BadInputError
from oneshot.images.kinds import Dataset, Embedding, Method, Precision, Spacing


@dataclass(frozen=True)
class TrainSettings:
    """One run; the defaults are the paper's where it states them (arXiv 2503.24322, table 4).

    `T` blocks (dt, backprop, ensemble) or steps (ct, fm, adjoint). `anneal` lets the learning rate
    fall linearly to zero over the run. `flip` and `shift` (pixels) augment; the paper has neither.
    `anchor` adds fm's cross-entropy at the extrapolated label, which the paper has for learned
    embeddings only; `endpoint` lets fm's block name the label, from which the velocity follows,
    instead of the velocity itself. `holdout` training images take the place of the test set, for
    choices.
    `together` blocks step in one set of kernels; `save_every` counts steps between checkpoints.
    Raises BadInputError for a value out of range.
    """

    dataset: Dataset = Dataset.MNIST
    method: Method = Method.DT
    embedding: Embedding = Embedding.ONE_HOT
    T: int = 10
    spacing: Spacing = Spacing.COSINE
    epochs: int = 100
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    eta: float = 0.1
    anneal: bool = False
    flip: bool = False
    shift: int = 0
    anchor: bool = False
    endpoint: bool = False
    seed: int = 0
    holdout: int = 0
    train_images: int = 0
    precision: Precision = Precision.BF16
    together: int = 1
    save_every: int = 500

    def __post_init__(self) -> None:
        for name in ("T", "epochs", "together", "save_every"):
            _at_least(name, getattr(self, name), 1)
        for name in ("shift", "holdout", "train_images", "weight_decay", "seed"):
            _at_least(name, getattr(self, name), 0)
        _at_least("batch", self.batch, 2)  # the statistics of a batch of one are none
        for name in ("learning_rate", "eta"):
            if not getattr(self, name) > 0:
                raise BadInputError(f"{name} = {getattr(self, name)} came; give more than 0")
        self._check_method()

    def _check_method(self) -> None:
        """Raise BadInputError for a setting that the method would not look at."""
        for name in ("anchor", "endpoint"):
            if getattr(self, name) and self.method is not Method.FM:
                raise BadInputError(f"{name} came with {self.method}; only fm has {name}")
        if self.anchor and self.endpoint:
            raise BadInputError("anchor and endpoint came; give one of them")
        spaced = self.method in (Method.DT, Method.BACKPROP)
        if self.spacing is not Spacing.COSINE and not spaced:
            raise BadInputError(
                f"spacing came with {self.method}; only dt and backprop step through noise levels"
            )

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> "TrainSettings":
        """Settings from plain values; BadInputError for an unknown name or a wrong type."""
        kinds = get_type_hints(cls)
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise BadInputError(
                f"setting {unknown[0]!r} is unknown; give one of {', '.join(kinds)}"
            )
        return cls(**{name: _converted(name, value, kinds[name]) for name, value in values.items()})

    @classmethod
    def from_toml(cls, path: Path, **changes: Any) -> "TrainSettings":
        """Settings from a TOML file, some of them changed; BadInputError where it is not one."""
        return cls.from_mapping(read_toml(path) | changes)

    def plain(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    def differences(self, other: "TrainSettings") -> list[str]:
        """The names of the settings in which a resumed run would not be the same run."""
        free = {"save_every"}
        names = [field.name for field in fields(self) if field.name not in free]
        return [name for name in names if getattr(self, name) != getattr(other, name)]


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file; BadInputError where it is not one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInputError(f"{path} cannot be read as settings: {error}") from error


def _at_least(name: str, value: int | float, least: int) -> None:
    if value < least:
        raise BadInputError(f"{name} = {value} came; give at least {least}")


def _converted(name: str, value: Any, kind: type) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError:
            raise BadInputError(f"{name} = {value!r} came; give one of {', '.join(kind)}") from None
    if type(value) is not kind:
        raise BadInputError(f"{name} = {value!r} came; give a {kind.__name__}")
    return value
