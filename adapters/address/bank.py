"""A bank of known relations, which says how surely two readings ask the same.

Every wording of the bank is a component of its relation's class. A fact brings a class of its own:
the readings that it was taught with. A query agrees with it as far as it belongs to that class, or
to the same classes of the bank as the fact does; near-duplicate classes split their mass, so the
latter is the cosine of the two posteriors.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from adapters.address.metric import RelationMetric

TEMPERATURE = 0.3  # of the log-likelihood ratios: wordings are less alike than the model has them
SAME = 1.0  # squared distance below which two readings are of the same words


@dataclass(frozen=True)
class RelationBank:
    """The metric, the codes of the bank's wordings and the relation of each."""

    metric: RelationMetric
    wordings: Float[Tensor, "wordings rank"]
    owner: Int[Tensor, " wordings"]

    def scores(self, codes: Float[Tensor, "n rank"]) -> Float[Tensor, "n relations"]:
        """Log of the mean tempered likelihood ratio over each relation's wordings."""
        scores = TEMPERATURE * self.metric.ratio(codes, self.wordings.to(codes))
        return _by_class(scores, self.owner.to(codes.device))

    def posterior(self, codes: Float[Tensor, "n rank"]) -> Float[Tensor, "n relations"]:
        """P(relation | code) within the bank."""
        return self.scores(codes).softmax(1)

    def agreement(
        self,
        scores: Float[Tensor, "n relations"],
        query: Float[Tensor, "n rank"],
        taught: Float[Tensor, "m rank"],
        profile: Float[Tensor, " relations"],
    ) -> Float[Tensor, " n"]:
        """How surely each query asks what a fact tells, from 0 to 1.

        `scores` are the queries', `taught` the fact's readings, `profile` the mean of their
        posteriors. The words of the fact themselves agree wholly.
        """
        ratio = TEMPERATURE * self.metric.ratio(query, taught)
        own = ratio.max(1).values
        whole = torch.logaddexp(scores.logsumexp(1), own)
        posterior = (scores - whole[:, None]).exp()
        alone = (own - whole).exp()
        norms = posterior.norm(dim=1) * profile.norm()
        alike = (posterior @ profile) / norms.clamp_min(1e-12)
        same = torch.cdist(query, taught).min(1).values.square() < SAME
        return torch.where(same, 1.0, alone + alike * (1 - alone))


def _by_class(
    scores: Float[Tensor, "n wordings"], owner: Int[Tensor, " wordings"]
) -> Float[Tensor, "n relations"]:
    """Log of the mean over each class's components of their likelihoods."""
    classes = int(owner.max()) + 1
    highest = scores.max(1, keepdim=True).values
    sums = scores.new_zeros(len(scores), classes).index_add(1, owner, (scores - highest).exp())
    size = torch.bincount(owner, minlength=classes).to(scores)
    return highest + (sums / size).clamp_min(torch.finfo(scores.dtype).tiny).log()
