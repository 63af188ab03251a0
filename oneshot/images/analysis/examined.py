"""What a trained model says of test pictures: which answers are wrong, and how many are right."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.core.shares import wilson

Probabilities = Callable[[UInt8[Tensor, "n c h w"]], Float[Tensor, "n classes"]]
"""How sure a model is of each class."""


@dataclass(frozen=True)
class Answer:
    """One picture, by its place among those looked at: its class, the one said, and how surely."""

    place: int
    wanted: int
    said: int
    share: float


@dataclass(frozen=True, eq=False)
class Examined:
    """The answers to some pictures, the surest first, with the names of the classes."""

    images: UInt8[Tensor, "n c h w"]
    answers: Sequence[Answer]
    names: Sequence[str]

    @property
    def wrong(self) -> list[Answer]:
        """The answers that are wrong."""
        return [answer for answer in self.answers if answer.said != answer.wanted]

    def right(self, count: int) -> list[Answer]:
        """Some of the right answers, in the order of the pictures."""
        right = [answer for answer in self.answers if answer.said == answer.wanted]
        return sorted(right, key=lambda answer: answer.place)[:count]

    def confusions(self) -> list[tuple[int, int, int]]:
        """Classes wanted and said in their place, with how often; the most frequent first."""
        pairs = Counter((answer.wanted, answer.said) for answer in self.wrong)
        return [(*pair, n) for pair, n in sorted(pairs.items(), key=lambda item: -item[1])]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share that is right."""
        return wilson(1 - len(self.wrong) / len(self.answers), len(self.answers))


def examine(
    probabilities: Probabilities,
    images: UInt8[Tensor, "n c h w"],
    labels: Int64[Tensor, " n"],
    names: Sequence[str],
) -> Examined:
    """Ask a model for every picture's class, at least one picture."""
    with torch.no_grad():
        shares, said = probabilities(images).cpu().max(1)
    rows = zip(labels.tolist(), said.tolist(), shares.tolist(), strict=True)
    answers = [Answer(place, *row) for place, row in enumerate(rows)]
    answers.sort(key=lambda answer: -answer.share)
    return Examined(images.cpu(), answers, names)
