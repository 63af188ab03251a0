"""What a host is calibrated on."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Worded:
    """A wording with a name in it: `cloze` says that a value comes next at its end."""

    relation: str
    text: str
    name: str
    cloze: bool


@dataclass(frozen=True)
class Material:
    """Wordings of many relations, and running text."""

    wordings: Sequence[Worded]
    background: Sequence[str]


@dataclass(frozen=True)
class Settings:
    """How a host is read; depths are fractions of its layers, so that any host is served."""

    last_depths: tuple[float, ...] = (0.47, 0.6)
    word_depths: tuple[float, ...] = (0.1, 0.27, 0.47)
    end_depths: tuple[float, ...] = (0.47, 0.6, 0.73)  # of a frame; none: none is read
    rank: int = 128
    cut: int = 2000  # clozes that are also read before their end
    seed: int = 0
