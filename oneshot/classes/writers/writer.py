"""What a way of writing classes offers, whatever its mathematics."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class Writer(Protocol):
    """Classes written beside a frozen host, from the features that the host gives of examples.

    `width` is that of the host's raw features; a writer carries them onto a grid of integers
    (`oneshot.classes.writers.metric.Metric`) and keeps exact sums of those, so that its state is a
    function of the set of examples: bit for bit the same in any order, one after another or all
    at once, and after anything else was added and removed.
    """

    def add(self, name: str, features: Float[Tensor, "examples width"]) -> None:
        """Take in examples of a class, new or known; BadInputError for none or a wrong width."""
        ...

    def forget(self, name: str) -> None:
        """Drop a class as if it had never been there; BadInputError for an unknown one."""
        ...

    def remove(self, name: str, features: Float[Tensor, "examples width"]) -> None:
        """Drop single examples, given as they were added; a class without examples goes."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, sorted."""
        ...

    def scores(self, features: Float[Tensor, "examples width"]) -> Float[Tensor, "examples names"]:
        """What tells the classes apart, in the order of `names`."""
        ...

    def ratios(self, features: Float[Tensor, "examples width"]) -> Float[Tensor, "examples names"]:
        """Log-density of each class over that of an example of none of the classes."""
        ...

    def state(self) -> dict[str, Tensor]:
        """The weights, for saving and for comparison bit for bit."""
        ...
