"""The choices that a run makes by name; no torch, so that the command line can show them."""

from enum import StrEnum
from typing import Any

LEARNED_SIZE = 20
"""Numbers in a learned label embedding, as in arXiv 2503.24322."""


class Dataset(StrEnum):
    """The image sets that the package knows, and folders of a person's own pictures."""

    MNIST = "mnist"
    CIFAR10 = "cifar10"
    CIFAR100 = "cifar100"
    TINY_IMAGENET = "tinyimagenet"
    FOLDER = "folder"

    @property
    def size(self) -> tuple[int, int, int, int]:
        """Channels, height, width and classes of a whole set that is not a folder."""
        return {
            self.MNIST: (1, 28, 28, 10),
            self.CIFAR10: (3, 32, 32, 10),
            self.CIFAR100: (3, 32, 32, 100),
            self.TINY_IMAGENET: (3, 64, 64, 200),
        }[self]


class Method(StrEnum):
    """How blocks are trained: NoProp in discrete or continuous time, flow matching, or baselines.

    The baselines have the same blocks: a chain trained end to end, a neural ODE trained by the
    adjoint method, or an ensemble with no chain.
    """

    DT = "dt"
    CT = "ct"
    FM = "fm"
    BACKPROP = "backprop"
    ADJOINT = "adjoint"
    ENSEMBLE = "ensemble"

    @property
    def continuous(self) -> bool:
        """Whether one block with a time input is run T times, instead of T blocks once each."""
        return self in (self.CT, self.FM, self.ADJOINT)


class BlockKind(StrEnum):
    """What a block is: the paper's, a small modern network, one stage of it, or a transformer."""

    PAPER = "paper"
    AIR = "air"
    AIR_SPLIT = "air-split"
    VIT = "vit"

    def recipe(self, dataset: Dataset) -> dict[str, Any]:
        """The settings that such a block is trained with where nothing else is said."""
        if self is self.PAPER:
            return {}
        return {
            "T": STAGES if self is self.AIR_SPLIT else 1,
            "batch": 500,
            "learning_rate": 0.05 if self is self.VIT else 0.12,
            "anneal": True,
            "flip": dataset is not Dataset.MNIST,
            "shift": 2,
            "width": self._width(dataset),
        }

    def _width(self, dataset: Dataset) -> int:
        if self is self.VIT:
            return 192
        return 384 if dataset is Dataset.CIFAR100 else 256


STAGES = 3
"""Stages of a modern network, and so the blocks of one whose stages are blocks."""


class Embedding(StrEnum):
    """The kinds of label embedding; all but one-hot are trained with the blocks."""

    ONE_HOT = "one-hot"
    LEARNED = "learned"
    PROTOTYPE = "prototype"

    def size(self, classes: int, pixels: int) -> int:
        """Numbers in one embedding."""
        return {self.ONE_HOT: classes, self.LEARNED: LEARNED_SIZE, self.PROTOTYPE: pixels}[self]


class Spacing(StrEnum):
    """How dt places its noise levels: the cosine, or equal steps of what z tells of the class."""

    COSINE = "cosine"
    EQUAL_INFORMATION = "equal-information"


class Precision(StrEnum):
    """The number format of products; parameters are always kept in fp32."""

    FP32 = "float32"
    BF16 = "bfloat16"


PICTURES = "dataset", "side", "test_share", "train_images", "holdout"
"""The settings that choose pictures, which methods and rules share."""


class RuleName(StrEnum):
    """What fits a block, by the name that users give."""

    GRADIENT = "gradient"
    RIDGE = "ridge"
    FEEDBACK_ALIGNMENT = "feedback-alignment"
    HEBBIAN = "hebbian"
    EVOLUTION = "evolution"
    THREE_FACTOR = "three-factor"
