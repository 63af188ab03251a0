"""Classes as posteriors of their means: the writer for few examples, one included."""

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.classes.writers.tallied import Codes, TalliedWriter
from oneshot.images.features.integers import LEVELS


class PosteriorWriter(TalliedWriter):
    """The predictive densities of the metric's two-covariance model.

    In coordinates where an example is N(m, w) and the mean m of a class is N(0, 1 - w), n examples
    with sum s give m the posterior N(r s, v), v = w (1 - w) / (w + n (1 - w)), r = v / w, and the
    next example is N(r s, v + w); an example of none of the classes is N(0, 1). So the likelihood
    ratio, the verification score of Ioffe 2006, rejects by itself, and a mean known from one
    example is trusted less than one known from ten.
    """

    def evidence(
        self, x: Float[Tensor, "examples width"]
    ) -> tuple[Float[Tensor, "examples classes"], Float[Tensor, " examples"]]:
        """Log-densities of each class's next example and of one of any other class."""
        means, variances = self._predictive()
        zeros = torch.zeros(1, self.metric.width, dtype=torch.float64)
        return _log_densities(x, means, variances), _log_densities(x, zeros, zeros + 1)[:, 0]

    def state(self) -> dict[str, Tensor]:
        """Counts, exact sums, and the predictive means and variances that answer."""
        means, variances = self._predictive()
        return {
            "counts": self.counts,
            "totals": self.totals,
            "means": means,
            "variances": variances,
        }

    def _predictive(self) -> tuple[Tensor, Tensor]:
        """Means and variances of each class's next example, [classes, width]."""
        counts, within = self.counts.double()[:, None], self.metric.within
        shrunk = (1 - within) / (within + counts * (1 - within))
        return self.totals.double() / LEVELS * shrunk, within * (1 + shrunk)

    def _count(self, codes: Codes, sign: int) -> None:
        """No sums but those by class are needed."""


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
