"""What both writers share: the examples' codes by class, and sums of them that are exact."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from jaxtyping import Float, Int8, Int64
from torch import Tensor

from oneshot.classes.writers.metric import Metric
from oneshot.errors import BadInputError

Codes = Int8[Tensor, "n width"]


class TalliedWriter(ABC):
    """Classes as integer codes of their examples; the weights are functions of exact sums.

    Sums of integers do not depend on their order, so neither do the weights. The codes are kept
    because removing needs them: `width` bytes an example.
    """

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self._codes: dict[str, Tensor] = {}
        self._totals: dict[str, Tensor] = {}

    def add(self, name: str, features: Float[Tensor, "examples raw"]) -> None:
        """Take in examples of a class, new or known; BadInputError for none or a wrong width."""
        self.add_codes(name, self.metric.codes(features))

    def add_codes(self, name: str, codes: Int8[Tensor, "examples width"]) -> None:
        """Take in examples that were coded before."""
        if len(codes) == 0:
            raise BadInputError(f"no examples of {name!r} came; give at least one")
        if codes.shape[1] != self.metric.width:
            raise BadInputError(
                f"codes of width {codes.shape[1]} came; give {self.metric.width}, the host's own"
            )
        self._count(codes, 1)
        before = self._codes.get(name)
        self._codes[name] = codes if before is None else torch.cat([before, codes])
        self._totals[name] = self._totals.get(name, 0) + codes.sum(0, dtype=torch.int64)

    def forget(self, name: str) -> None:
        """Drop a class as if it had never been there; BadInputError for an unknown one."""
        self._count(self.codes(name), -1)
        del self._codes[name], self._totals[name]

    def remove(self, name: str, features: Float[Tensor, "examples raw"]) -> None:
        """Drop single examples, given as they were added; a class without examples goes.

        BadInputError, with nothing removed, where one of them is not there.
        """
        self.remove_codes(name, self.metric.codes(features))

    def remove_codes(self, name: str, codes: Int8[Tensor, "examples width"]) -> None:
        """Drop examples that were coded before."""
        there = self.codes(name)
        kept = torch.ones(len(there), dtype=torch.bool)
        for code in codes:
            places = torch.where(kept & (there == code).all(1))[0]
            if len(places) == 0:
                raise BadInputError(f"an example was not taught as {name!r}; remove only such")
            kept[places[0]] = False
        if not bool(kept.any()):
            return self.forget(name)
        self._count(codes, -1)
        self._codes[name] = there[kept]
        self._totals[name] = self._totals[name] - codes.sum(0, dtype=torch.int64)
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, sorted."""
        return tuple(sorted(self._codes))

    def codes(self, name: str) -> Int8[Tensor, "examples width"]:
        """The examples of a class; BadInputError for an unknown one."""
        if name not in self._codes:
            known = ", ".join(self.names[:5]) or "none"
            raise BadInputError(f"no class {name!r} was taught; known: {known}")
        return self._codes[name]

    @property
    def counts(self) -> Int64[Tensor, " classes"]:
        """Examples of each class, in the order of `names`."""
        return torch.tensor([len(self._codes[name]) for name in self.names], dtype=torch.int64)

    @property
    def totals(self) -> Int64[Tensor, "classes width"]:
        """The sum of each class's codes, in the order of `names`."""
        rows = [self._totals[name] for name in self.names]
        return torch.stack(rows) if rows else torch.zeros(0, self.metric.width, dtype=torch.int64)

    def scores(self, features: Float[Tensor, "examples raw"]) -> Float[Tensor, "examples classes"]:
        """Log-evidence of each class, fp64, in the order of `names`."""
        return self.evidence(self.metric.coordinates(features))[0]

    def none_scores(self, features: Float[Tensor, "examples raw"]) -> Float[Tensor, " examples"]:
        """Log-evidence that the example is of none of the classes, fp64."""
        return self.evidence(self.metric.coordinates(features))[1]

    def answers(self, x: Float[Tensor, "examples width"]) -> Float[Tensor, "examples classes"]:
        """What tells the classes apart: the evidence, perhaps less what all of them share."""
        return self.evidence(x)[0]

    keeps = False
    """Whether what it fits takes so long that it is worth a file."""

    def fitted(self) -> dict[str, Tensor]:
        """What it has fitted to the codes that it holds, for a file."""
        return {}

    def take_fitted(self, tensors: Mapping[str, Tensor]) -> bool:
        """Take what was fitted to the same codes before; whether it fits."""
        return False

    @abstractmethod
    def evidence(
        self, x: Float[Tensor, "examples width"]
    ) -> tuple[Float[Tensor, "examples classes"], Float[Tensor, " examples"]]:
        """Log-densities of each class and of none, at coordinates of the metric."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """The weights."""

    @abstractmethod
    def _count(self, codes: Codes, sign: int) -> None:
        """Take codes into (sign 1) or out of (sign -1) sums that are not by class."""
