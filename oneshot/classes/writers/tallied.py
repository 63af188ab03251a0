"""What all writers share: the examples' codes by class, and sums of them that are exact."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Int8, Int64
from torch import Tensor

from oneshot.classes.writers.metric import Metric
from oneshot.classes.writers.sharpness import Evidence
from oneshot.errors import BadInputError
from oneshot.images.features.integers import LEVELS

Codes = Int8[Tensor, "n width"]


class TalliedWriter(ABC):
    """Classes written beside a frozen host, as integer codes of their examples.

    The weights are functions of exact sums, which do not depend on their order: bit for bit the
    same in any order, one after another or all at once, and after anything else was added and
    removed. The codes are kept because removing needs them: `width` bytes an example.
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
        """What tells the classes apart, fp64, in the order of `names`."""
        return self.answers(self.metric.coordinates(features))

    def ratios(self, features: Float[Tensor, "examples raw"]) -> Float[Tensor, "examples classes"]:
        """Log-density of each class over that of an example of any other class, fp64."""
        return self.over_none(self.metric.coordinates(features))

    def evidence(self, x: Float[Tensor, "examples width"]) -> Evidence:
        """Both, at coordinates of the metric."""
        return Evidence(self.answers(x), self.over_none(x))

    def over_none(self, x: Float[Tensor, "examples width"]) -> Float[Tensor, "examples classes"]:
        """Log-density of each class's next example over that of one of any other class.

        That is the metric's two-covariance model, in which n examples with sum s give a class's
        mean, N(0, 1 - w) before, the posterior N(r s, v), v = w (1 - w) / (w + n (1 - w)), r = v /
        w: the next example is N(r s, v + w), and one of none of the classes N(0, 1). A mean known
        from one example is trusted less than one known from ten. The verification score of Ioffe
        2006.
        """
        means, variances = self.predictive()
        zeros = torch.zeros(1, self.metric.width, dtype=torch.float64)
        return _log_densities(x, means, variances) - _log_densities(x, zeros, zeros + 1)

    def predictive(self) -> tuple[Float[Tensor, "classes width"], Float[Tensor, "classes width"]]:
        """Means and variances of each class's next example."""
        counts, within = self.counts.double()[:, None], self.metric.within
        shrunk = (1 - within) / (within + counts * (1 - within))
        return self.totals.double() / LEVELS * shrunk, within * (1 + shrunk)

    @abstractmethod
    def answers(self, x: Float[Tensor, "examples width"]) -> Float[Tensor, "examples classes"]:
        """What tells the classes apart, at coordinates of the metric."""

    keeps = False
    """Whether what it fits takes so long that it is worth a file."""

    def fitted(self) -> dict[str, Tensor]:
        """What it has fitted to the codes that it holds, for a file."""
        return {}

    def take_fitted(self, tensors: Mapping[str, Tensor]) -> bool:
        """Take what was fitted to the same codes before; whether it fits."""
        return False

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """The weights."""

    @abstractmethod
    def _count(self, codes: Codes, sign: int) -> None:
        """Take codes into (sign 1) or out of (sign -1) sums that are not by class."""


def in_order(codes: Codes) -> Codes:
    """The rows in the order of their bytes, which does not depend on when they came."""
    rows = np.ascontiguousarray(codes.numpy()).view(np.dtype((np.void, codes.shape[1]))).ravel()
    return codes[torch.from_numpy(np.argsort(rows))]


def _log_densities(
    x: Float[Tensor, "n width"],
    means: Float[Tensor, "classes width"],
    variances: Float[Tensor, "classes width"],
) -> Float[Tensor, "n classes"]:
    """Log-densities of independent Gaussians, less the constant that all share."""
    inverse = 1 / variances
    squares = x.square() @ inverse.T - 2 * x @ (means * inverse).T
    constant = (means.square() * inverse + variances.log()).sum(1)
    return -0.5 * (squares + constant)
