"""What teaching and guessing give back."""

from dataclasses import dataclass

from oneshot.classes.reliability import Bin


@dataclass(frozen=True)
class Taught:
    """What teaching examples of one class did.

    `confusion` is the share of the class's examples that, each left out in turn, look more like the
    nearest class; it is 0 where there is no other class or example.
    """

    name: str
    added: int
    known: int
    examples: int
    nearest: str | None
    confusion: float
    seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guess:
    """The probabilities of one example; `name` is None for none of the classes."""

    source: str
    name: str | None
    probability: float
    none: float
    ranking: tuple[tuple[str, float], ...]
    prepared: tuple[str, ...] = ()
    """What had to be done to a picture that is not as hosts see them."""


@dataclass(frozen=True)
class ClassEntry:
    """A class and its number of examples."""

    name: str
    examples: int


@dataclass(frozen=True)
class ExampleEntry:
    """An example of a class; source and time are empty where the journal does not know them."""

    id: str
    source: str
    taught_at: str


@dataclass(frozen=True)
class ClassScore:
    """How the examples of one class, or of strangers (name None), were judged."""

    name: str | None
    n: int
    right: int
    none: int
    taken_for: str | None


@dataclass(frozen=True)
class Evaluation:
    """An examination of a folder's classes.

    `accuracy` counts "none of these" as wrong, `accuracy_forced` is that of the likeliest class.
    `false_rejects` is the share of the `n` examples that are called none of these. Probabilities
    suppose that the share `strangers_expected` of what is asked is of none of the classes, and in
    `reliability` and its error strangers weigh so, where some were asked. So few answers would give
    an error of about `error_by_chance` if what is said were exact.
    """

    method: str
    n: int
    accuracy: float
    accuracy_forced: float
    false_rejects: float
    strangers: int
    strangers_rejected: float | None
    strangers_expected: float
    calibration_error: float
    error_by_chance: float
    reliability: tuple[Bin, ...]
    classes: tuple[ClassScore, ...]
