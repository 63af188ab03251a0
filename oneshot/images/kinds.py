"""The choices that a run makes by name; no torch, so that the command line can show them."""

from enum import StrEnum

LEARNED_SIZE = 20
"""Numbers in a learned label embedding, as in arXiv 2503.24322."""


class Method(StrEnum):
    """How blocks are trained: NoProp in discrete or continuous time, flow matching, or backprop."""

    DT = "dt"
    CT = "ct"
    FM = "fm"
    BACKPROP = "backprop"


class Embedding(StrEnum):
    """The kinds of label embedding; all but one-hot are trained with the blocks."""

    ONE_HOT = "one-hot"
    LEARNED = "learned"
    PROTOTYPE = "prototype"

    def size(self, classes: int, pixels: int) -> int:
        """Numbers in one embedding."""
        return {self.ONE_HOT: classes, self.LEARNED: LEARNED_SIZE, self.PROTOTYPE: pixels}[self]


class Precision(StrEnum):
    """The number format of products; parameters are always kept in fp32."""

    FP32 = "float32"
    BF16 = "bfloat16"


class Rule(StrEnum):
    """What fits a block."""

    GRADIENT = "gradient"
    RIDGE = "ridge"
    FEEDBACK_ALIGNMENT = "feedback-alignment"
    HEBBIAN = "hebbian"
    EVOLUTION = "evolution"
    THREE_FACTOR = "three-factor"
