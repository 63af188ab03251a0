"""What writers share that fit a linear map to how features vary together."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.classes.writers.metric import Metric
from oneshot.classes.writers.tallied import Codes, TalliedWriter
from oneshot.images.features.integers import integer_gram


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear map of coordinates: x @ read + bias."""

    read: Float[Tensor, "width classes"]
    bias: Float[Tensor, " classes"]


class GramWriter(TalliedWriter):
    """A writer that answers by a readout, fitted when it is first needed.

    The Gram matrix of all codes waits, too, and so do changes of it; it is exact in fp64 up to
    2^53 / 127^2 examples, so that it does not matter when it is made.
    """

    keeps = True

    def __init__(self, metric: Metric) -> None:
        super().__init__(metric)
        self._gram = torch.zeros(0, 0, dtype=torch.float64)
        self._waiting: dict[int, list[Tensor]] = {1: [], -1: []}
        self._readout: Readout | None = None

    @property
    def gram(self) -> Float[Tensor, "width width"]:
        """The sum of x x' over the codes of all examples."""
        if not len(self._gram):
            self._gram = torch.zeros(self.metric.width, self.metric.width, dtype=torch.float64)
        for sign, codes in self._waiting.items():
            if codes:
                self._gram = self._gram + sign * integer_gram(torch.cat(codes))
                codes.clear()
        return self._gram

    @property
    def readout(self) -> Readout:
        """What answers."""
        if self._readout is None:
            self._readout = self.fit()
        return self._readout

    @abstractmethod
    def fit(self) -> Readout:
        """The readout of the examples that are there."""

    def answers(self, x: Float[Tensor, "examples width"]) -> Float[Tensor, "examples classes"]:
        """What tells the classes apart, fp64."""
        found = self.readout
        return (x.to(found.read.dtype) @ found.read + found.bias).double()

    def state(self) -> dict[str, Tensor]:
        """Counts, exact sums, and the readout that answers."""
        sums = {"counts": self.counts, "totals": self.totals, "gram": self.gram}
        return sums | self.fitted()

    def fitted(self) -> dict[str, Tensor]:
        """The readout."""
        return {"read": self.readout.read, "bias": self.readout.bias}

    def take_fitted(self, tensors: Mapping[str, Tensor]) -> bool:
        """Take the readout; whether it is of as many classes and coordinates."""
        read, bias = tensors.get("read"), tensors.get("bias")
        if read is None or bias is None:
            return False
        if read.shape != (self.metric.width, len(self.names)) or bias.shape != read.shape[1:]:
            return False
        self._readout = Readout(read, bias)
        return True

    def _count(self, codes: Codes, sign: int) -> None:
        self._readout = None
        self._waiting[sign].append(codes)
