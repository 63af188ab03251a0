"""What a training run is: a frozen set of settings, read from TOML and kept in checkpoints."""

import re
import tomllib
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

from oneshot.errors import BadInputError
from oneshot.images.kinds import (
    STAGES,
    BlockKind,
    Dataset,
    Embedding,
    Method,
    Precision,
    Spacing,
)


@dataclass(frozen=True)
class Pace:
    """How often something is done: after so many steps, or after so many seconds."""

    steps: int | None
    seconds: float | None

    @classmethod
    def of(cls, text: str) -> "Pace":
        """From "500", "90s", "2min" or "1h"; BadInputError for anything else."""
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?) ?(s|min|h)?", text.strip())
        number = float(found[1]) if found else 0.0
        if found is None or number <= 0 or (found[2] is None and number % 1):
            raise BadInputError(
                f"save_every = {text!r} came; give a time as 90s, 2min or 1h, or a number of steps"
            )
        if found[2] is None:
            return cls(int(number), None)
        return cls(None, number * {"s": 1, "min": 60, "h": 3600}[found[2]])


@dataclass(frozen=True)
class TrainSettings:
    """One run; the defaults are the paper's where it states them (arXiv 2503.24322, table 4).

    `block`: the paper's, or a modern one, which from_mapping gives a recipe of its own; `width`
    filters has the last stage of a modern one, and `widen` multiplies those of the first two; a
    transformer's tokens have `width` numbers.
    `T` blocks (dt, backprop, ensemble) or steps (ct, fm, adjoint). `anneal` lets the learning rate
    fall linearly to zero over the run. `flip`, `shift` (pixels) and `cutout` (the side of a square
    that is hidden) augment; the paper has none of them.
    `anchor` adds fm's cross-entropy at the extrapolated label, which the paper has for learned
    embeddings only; `endpoint` lets fm's block name the label, from which the velocity follows,
    instead of the velocity itself. `holdout` training images take the place of the test set, for
    choices.
    `side` and `test_share` are for the dataset `folder`: pixels along a picture's side, and the
    share of each class that is kept for the test. `together` blocks step in one set of kernels,
    on CUDA all where it is 1; `save_every` is the time between checkpoints, "2min", or the number
    of steps, "500".
    Raises BadInputError for a value out of range.
    """

    dataset: Dataset = Dataset.MNIST
    method: Method = Method.DT
    block: BlockKind = BlockKind.PAPER
    width: int = 256
    widen: int = 1
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
    cutout: int = 0
    anchor: bool = False
    endpoint: bool = False
    seed: int = 0
    holdout: int = 0
    train_images: int = 0
    side: int = 32
    test_share: float = 0.2
    precision: Precision = Precision.BF16
    together: int = 1
    save_every: str | int = "2min"

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                limit = f"at most {high:,}" if value > high else f"at least {low}"
                raise BadInputError(f"{name} = {value} came; give {limit}")
        for name in ("learning_rate", "eta"):
            if not 0 < getattr(self, name) < 1e6:
                raise BadInputError(f"{name} = {getattr(self, name)} came; give more than 0")
        if not 0 < self.test_share < 1:
            raise BadInputError(f"test_share = {self.test_share} came; give one between 0 and 1")
        Pace.of(str(self.save_every))
        self._check_method()
        self._check_block()

    def _check_method(self) -> None:
        """Raise BadInputError for a setting that the method would not look at."""
        for name in ("side", "test_share"):
            if self.dataset is not Dataset.FOLDER and getattr(self, name) != _DEFAULT[name]:
                raise BadInputError(f"{name} came with {self.dataset}; only `folder` has {name}")
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

    def _check_block(self) -> None:
        """Raise BadInputError for a setting that the block would not look at."""
        paper = self.block is BlockKind.PAPER
        for name in _UNSEEN[self.block]:
            if getattr(self, name) != _DEFAULT[name]:
                other = "the paper block" if name in _PAPER_ONLY else "a modern block"
                raise BadInputError(f"{name} came with block {self.block}; only {other} has {name}")
        if not paper and self.method not in (Method.DT, Method.BACKPROP, Method.ENSEMBLE):
            raise BadInputError(
                f"block {self.block} came with {self.method}; give dt, backprop or ensemble"
            )
        if self.block is BlockKind.AIR_SPLIT and self.T != STAGES:
            raise BadInputError(
                f"T = {self.T} came with block {self.block}; its {STAGES} stages are the blocks"
            )

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> "TrainSettings":
        """Settings from plain values over the block's recipe.

        Raises BadInputError for an unknown name or a wrong type.
        """
        kinds = get_type_hints(cls)
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise BadInputError(
                f"setting {unknown[0]!r} is unknown; give one of {', '.join(kinds)}"
            )
        given = {name: _converted(name, value, kinds[name]) for name, value in values.items()}
        block, dataset = (given.get(name, _DEFAULT[name]) for name in ("block", "dataset"))
        return cls(**(block.recipe(dataset) | given))

    def plain(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    def differences(self, other: "TrainSettings") -> list[str]:
        """The names of the settings in which a resumed run would not be the same run.

        A constant learning rate does not know how many epochs are to come: there may be more.
        """
        free = {"save_every"} | (set() if self.anneal or other.anneal else {"epochs"})
        names = [field.name for field in fields(self) if field.name not in free]
        return [name for name in names if getattr(self, name) != getattr(other, name)]


_DEFAULT = {field.name: field.default for field in fields(TrainSettings)}
_PAPER_ONLY = "embedding", "weight_decay", "eta", "together"
_UNSEEN = {
    BlockKind.PAPER: ("width", "widen"),
    BlockKind.AIR: _PAPER_ONLY,
    BlockKind.AIR_SPLIT: _PAPER_ONLY,
    BlockKind.VIT: (*_PAPER_ONLY, "widen"),
}
"""Settings that a block would not look at."""
_RANGES = {
    "width": (16, 4096),
    "widen": (1, 16),
    "T": (1, 1000),
    "epochs": (1, 1_000_000),
    "batch": (2, 1_000_000),  # the statistics of a batch of one are none
    "together": (1, 1000),
    "shift": (0, 256),
    "cutout": (0, 256),
    "holdout": (0, 10**9),
    "train_images": (0, 10**9),
    "side": (14, 512),
    "weight_decay": (0, 1_000_000),
    "seed": (0, 2**63 - 1),
}


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file; BadInputError where it is not one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInputError(f"{path} cannot be read as settings: {error}") from error


_NOUNS: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false"}


def _converted(name: str, value: Any, kind: Any) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(kind, UnionType) and type(value) in get_args(kind):
        return value
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError:
            raise BadInputError(f"{name} = {value!r} came; give one of {', '.join(kind)}") from None
    if type(value) is not kind:
        raise BadInputError(f"{name} = {value!r} came; give {_NOUNS.get(kind, 'a text')}")
    return value
