"""Classes as posteriors of their means: the writer for few examples, one included."""

from jaxtyping import Float
from torch import Tensor

from oneshot.classes.writers.sharpness import Evidence
from oneshot.classes.writers.tallied import Codes, TalliedWriter


class PosteriorWriter(TalliedWriter):
    """The predictive densities of the metric's two-covariance model tell the classes apart."""

    def answers(self, x: Float[Tensor, "examples width"]) -> Float[Tensor, "examples classes"]:
        """Log-densities over that of an example of none of the classes."""
        return self.over_none(x)

    def evidence(self, x: Float[Tensor, "examples width"]) -> Evidence:
        """The same twice."""
        ratios = self.over_none(x)
        return Evidence(ratios, ratios)

    def state(self) -> dict[str, Tensor]:
        """Counts, exact sums, and the predictive means and variances that answer."""
        means, variances = self.predictive()
        return {
            "counts": self.counts,
            "totals": self.totals,
            "means": means,
            "variances": variances,
        }

    def _count(self, codes: Codes, sign: int) -> None:
        """No sums but those by class are needed."""
