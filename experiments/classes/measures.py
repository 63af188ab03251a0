"""Figures of class-incremental runs."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


def area(known: Float[Tensor, " n"], unknown: Float[Tensor, " m"]) -> float:
    """The chance that a known example scores above an unknown one: the area under the ROC."""
    both = torch.cat([known, unknown]).double()
    ranks = torch.empty_like(both)
    ranks[both.argsort()] = torch.arange(1, len(both) + 1, dtype=torch.float64)
    n, m = len(known), len(unknown)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def places(labels: Int64[Tensor, " n"], order: Int64[Tensor, " classes"]) -> Int64[Tensor, " n"]:
    """Labels as places in the order of arrival; -1 for those that never come."""
    found = torch.full((int(max(labels.max(), order.max())) + 1,), -1)
    found[order] = torch.arange(len(order))
    return found[labels]


def steps_of(classes: int, base: int, steps: int) -> list[int]:
    """The number of classes known after each step; a base comes first, where there is one."""
    first = [base] if base else []
    return first + [base + round((classes - base) * (n + 1) / steps) for n in range(steps)]


class Course:
    """What a learner got right of each step's classes after every step."""

    def __init__(self, known: Sequence[int]) -> None:
        self.known, self.rows = list(known), list[list[float]]()
        self.accuracy = list[float]()

    def add(self, right: Bool[Tensor, " n"], places: Int64[Tensor, " n"]) -> None:
        """Take the answers on the test examples of all classes so far."""
        bounds = [0, *self.known[: len(self.rows) + 1]]
        parts = [
            right[(places >= low) & (places < high)].double().mean()
            for low, high in pairwise(bounds)
        ]
        self.rows.append([float(part) for part in parts])
        self.accuracy.append(float(right.double().mean()))

    def figures(self) -> dict[str, float | list[float]]:
        """In per cent: after each step, their mean, the last, and what was forgotten.

        Forgetting is the mean over the steps but the last of the best accuracy that a step's
        classes ever had, less their last.
        """
        last = self.rows[-1]
        lost = [max(row[n] for row in self.rows[n:]) - last[n] for n in range(len(last) - 1)]
        percent = [round(100 * value, 2) for value in self.accuracy]
        return {
            "after_each_step": percent,
            "average": round(sum(percent) / len(percent), 2),
            "last": percent[-1],
            "forgetting": round(100 * sum(lost) / max(len(lost), 1), 2),
        }
