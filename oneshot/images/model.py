"""What every way of training shares: a classifier of raw images, and reports of progress."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

BATCH = 500
"""Images that are classified at a time."""


@runtime_checkable
class Classifier(Protocol):
    """A trained model that classifies raw pixels."""

    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Scores of the classes in evaluation mode, fp32, for any n, worked through in batches."""


@runtime_checkable
class TrainedModel(Classifier, Protocol):
    """A classifier that says how sure it is."""

    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "blocks n classes"]:
        """What each block says of the classes at the end of those before it, fp32, for any n.

        The softmax of the last one's, over a temperature, is what the model believes.
        """


@dataclass(frozen=True)
class Progress:
    """How far a job is: `done` of `total` steps of `what`, and figures such as a block's loss.

    `milestone` marks the few reports that are worth a line each: an epoch's, a block's.
    """

    what: str
    done: int
    total: int
    figures: Mapping[str, float] = field(default_factory=dict)
    milestone: bool = False


Report = Callable[[Progress], None]
"""What training calls as it goes on."""


def silent(progress: Progress) -> None:
    """A report that nobody reads."""


def batches(images: UInt8[Tensor, "n c h w"], size: int = BATCH) -> Iterator[Tensor]:
    """The images in order, `size` at a time; nothing for no images."""
    for start in range(0, len(images), size):
        yield images[start : start + size]


def probabilities(
    model: TrainedModel, images: UInt8[Tensor, "n c h w"], temperature: float = 1.0
) -> Float[Tensor, "n classes"]:
    """How sure the model is of each class: the distribution of its last block."""
    with torch.no_grad():
        return (model.block_scores(images)[-1].float() / temperature).softmax(1)


def accuracy(
    classifier: Classifier,
    images: UInt8[Tensor, "n c h w"],
    labels: Int64[Tensor, " n"],
    report: Report = silent,
) -> float:
    """The share of images whose highest score is their label's; not a number of none."""
    right, done = 0, 0
    with torch.no_grad():
        for part in batches(images):
            found = classifier.logits(part).argmax(1)
            right += int((found == labels[done : done + len(part)]).sum())
            done += len(part)
            report(Progress("test", done, len(images)))
    return right / len(images) if len(images) else nan
