"""Learners of a stream that is seen once, from pixels: what random features and sums make of it."""

import torch
from jaxtyping import Float, UInt8
from sklearn.kernel_approximation import RBFSampler
from torch import Tensor

from experiments.classes.hosts.features import as_small_colour
from experiments.classes.learning.rivals import Features, Labels, Learner
from experiments.classes.learning.written import Written
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.images.data import normalise
from oneshot.images.features.coded import PatchCodes
from oneshot.images.features.integers import LEVELS

Images = UInt8[Tensor, "n c h w"]

_COLUMNS = 2000
"""Columns of the second moments that are made at a time, the rows above them left out."""


class Discriminant:
    """Linear discriminant analysis of a stream: counts, sums and second moments are all it keeps.

    Streaming LDA of Hayes and Kanan 2020, whose shared covariance inside classes is exact, with the
    shrinkage of Chen, Wiesel, Eldar and Hero 2010 (oracle approximating), as RanDumb takes it
    (Prabhu and others 2024). All classes count as equally likely.
    """

    def __init__(self, width: int) -> None:
        self.counts, self.totals = torch.zeros(0), torch.zeros(0, width)
        self.moments = torch.zeros(width, width)
        """The sum of x x'; what stands above the diagonal is not kept up."""

    def learn(self, features: Features, labels: Labels) -> None:
        """Take in examples of any classes."""
        more = max(0, int(labels.max()) + 1 - len(self.counts))
        self.counts = torch.cat([self.counts, torch.zeros(more)])
        self.totals = torch.cat([self.totals, torch.zeros(more, self.totals.shape[1])])
        self.counts += labels.bincount(minlength=len(self.counts))
        self.totals.index_add_(0, labels, features)
        for first in range(0, len(self.moments), _COLUMNS):
            columns = features[:, first : first + _COLUMNS]
            self.moments[first:, first : first + _COLUMNS].addmm_(features[:, first:].T, columns)

    def predict(self, features: Features) -> Labels:
        """The class of the highest discriminant."""
        means = self.totals / self.counts[:, None]
        factor = torch.linalg.cholesky(self._covariance(means))
        read = torch.cholesky_solve(means.T.contiguous(), factor)
        return (features @ read - (means * read.T).sum(1) / 2).argmax(1)

    def _covariance(self, means: Float[Tensor, "classes width"]) -> Float[Tensor, "width width"]:
        """Inside classes, shrunk; above the diagonal stand zeros."""
        examples = self.counts.sum()
        within = (self.moments - self.totals.T @ means).div_(examples).tril_()
        shrinkage = oas_shrinkage(within, float(examples))
        level = within.diagonal().mean()
        within.mul_(1 - shrinkage).diagonal().add_(shrinkage * level)
        return within


def oas_shrinkage(lower: Float[Tensor, "width width"], examples: float) -> float:
    """How far to pull a covariance, given by its lower triangle, to a multiple of the identity."""
    width, diagonal = len(lower), lower.diagonal()
    squares = 2 * lower.square().sum() - diagonal.square().sum()
    level = diagonal.mean().square()
    spread = squares / width**2 - level / width
    return min(1.0, float((squares / width**2 + level) / ((examples + 1) * spread)))


class Fourier:
    """A learner on random Fourier features of standardised pixels, which know of no data.

    Rahimi and Recht 2007; the kernel's width is one over that of the features, as RanDumb has it.
    """

    def __init__(self, learner: Learner, raw: int, width: int, seed: int) -> None:
        sampler = RBFSampler(gamma=1 / raw, n_components=width, random_state=seed)
        self.sampler = sampler.fit(torch.zeros(1, raw).numpy())
        self.learner = learner

    def learn(self, features: Features, labels: Labels) -> None:
        """Take in a step's examples."""
        self.learner.learn(self._lifted(features), labels)

    def predict(self, features: Features) -> Labels:
        """What the learner says."""
        return self.learner.predict(self._lifted(features))

    def _lifted(self, features: Features) -> Float[Tensor, "n lifted"]:
        return torch.from_numpy(self.sampler.transform(features.numpy()))


class OnPixels:
    """A learner of standardised pixels, given images, and their mirror images where wanted."""

    def __init__(self, learner: Learner, mean_std: Float[Tensor, "2 c"], *, mirrored: bool) -> None:
        self.learner, self.mean_std, self.mirrored = learner, mean_std, mirrored

    def learn(self, images: Images, labels: Labels) -> None:
        """Take in a step's examples."""
        if self.mirrored:
            images, labels = torch.cat([images, images.flip(3)]), labels.repeat(2)
        self.learner.learn(normalise(images, self.mean_std).flatten(1), labels)

    def predict(self, images: Images) -> Labels:
        """What the learner says."""
        return self.learner.predict(normalise(images, self.mean_std).flatten(1))


class OnCodes:
    """A writer that is given images, whose patches are coded as they come."""

    def __init__(self, codes: PatchCodes, writer: TalliedWriter) -> None:
        self.codes, self.written = codes, Written(writer)

    def learn(self, images: Images, labels: Labels) -> None:
        """Write the classes of a step."""
        self.written.learn(self.codes(as_small_colour(images)), labels)

    def predict(self, images: Images) -> Labels:
        """The likeliest class."""
        return self.written.predict(self.codes(as_small_colour(images)).double() / LEVELS)
