"""Relation code: what is asked of it. A bank of Gaussian components with a shared covariance.

The last token's state is whitened into a code. Every calibration wording is a component of its
relation's class, under the covariance within relations. Two null classes end false fires: running
text, and answers under way. Two prompts agree as far as they belong to one class:
`sum_k P(k | taught) P(k | query)`. A relation that the bank does not know is its own class, from
the one taught prompt, which competes with the bank's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

COVARIANCE_FLOOR = 0.05  # of the mean variance, added to the shared covariance
TEMPERATURES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
OWN_SHRINK = 0.3  # of a one-shot class mean towards the mean of the bank's
NOVEL_QUANTILE = 0.98  # of leave-one-wording-out distances: farther is a new relation
FAR = 2.2  # of that squared distance: farther from every wording, nothing known is asked


@dataclass(frozen=True)
class RelationBank:
    """Components in the whitened space and the class of each: `relations`, then null classes."""

    whiten: Float[Tensor, "width rank"]
    centre: Float[Tensor, " width"]
    means: Float[Tensor, "components rank"]
    owner: Int[Tensor, " components"]
    relations: Int[Tensor, ""]
    temperature: Float[Tensor, ""]
    novelty: Float[Tensor, ""]

    def code(self, states: Float[Tensor, "points width"]) -> Float[Tensor, "points rank"]:
        """Whitened relation codes of last-token states."""
        return (states - self.centre) @ self.whiten

    def scores(self, codes: Float[Tensor, "points rank"]) -> Float[Tensor, "points classes"]:
        """Tempered log-likelihoods of the classes, up to a term common to all."""
        return class_scores(self.temperature * likelihood(codes, self.means), self.owner)

    def posterior(self, codes: Float[Tensor, "points rank"]) -> Float[Tensor, "points relations"]:
        """P(relation | code), the null classes' share left out."""
        return self.scores(codes).softmax(1)[:, : int(self.relations)]

    def wordings(self) -> Float[Tensor, "wordings rank"]:
        """The components that are wordings of relations."""
        return self.means[self.owner < self.relations]

    def novel(self, codes: Float[Tensor, "points rank"]) -> Bool[Tensor, " points"]:
        """Whether the code is farther from every wording than a new one of a relation would be."""
        return self._distance(codes, likelihood(codes, self.means)) > self.novelty

    def _distance(
        self,
        codes: Float[Tensor, "points rank"],
        likelihoods: Float[Tensor, "points components"],
    ) -> Float[Tensor, " points"]:
        """Squared distances to the nearest wording."""
        nearest = likelihoods[:, self.owner < self.relations].max(1).values
        return codes.square().sum(1) - 2 * nearest

    def own_mean(self, codes: Float[Tensor, "points rank"]) -> Float[Tensor, "points rank"]:
        """The one-shot class mean that one taught prompt makes."""
        return (1 - OWN_SHRINK) * codes + OWN_SHRINK * self.wordings().mean(0)

    def agreement(
        self,
        query: Float[Tensor, "points rank"],
        taught: Float[Tensor, "facts rank"],
        novel: Bool[Tensor, " facts"],
    ) -> Float[Tensor, "points facts"]:
        """P(query and taught prompt ask for the same relation); 0 far from all that is known."""
        likelihoods = likelihood(query, self.means)
        scores = class_scores(self.temperature * likelihoods, self.owner)
        known = scores.softmax(1)[:, : int(self.relations)] @ self.posterior(taught).T
        far = self._distance(query, likelihoods) > FAR * self.novelty
        known = known.masked_fill(far[:, None], 0)
        own = self.temperature * likelihood(query, self.own_mean(taught))
        alone = (own - torch.logaddexp(scores.logsumexp(1, keepdim=True), own)).exp()
        return torch.where(novel, alone, known)


def likelihood(
    codes: Float[Tensor, "points rank"], means: Float[Tensor, "components rank"]
) -> Float[Tensor, "points components"]:
    """Gaussian log-likelihood under unit covariance, without the terms that all share."""
    return codes @ means.T - means.square().sum(1) / 2


def class_scores(
    scores: Float[Tensor, "points components"], owner: Int[Tensor, " components"]
) -> Float[Tensor, "points classes"]:
    """Log of the mean over each class's components of their likelihoods."""
    classes = int(owner.max()) + 1
    highest = scores.max(1, keepdim=True).values
    sums = scores.new_zeros(len(scores), classes)
    sums = sums.index_add(1, owner, (scores - highest).exp())
    size = torch.bincount(owner, minlength=classes).to(scores)
    return highest + (sums / size).clamp_min(torch.finfo(scores.dtype).tiny).log()


def fit_bank(
    states: Float[Tensor, "wordings names width"],
    relation: Int[Tensor, " wordings"],
    nulls: Sequence[Float[Tensor, "_ _ width"]],
) -> RelationBank:
    """Fit from last-token states of every wording with several names.

    Each null class comes as the points of its components, [components, points, width].
    """
    states = states.double()
    wordings = states.mean(1)
    classes = int(relation.max()) + 1
    means = torch.stack([wordings[relation == k].mean(0) for k in range(classes)])
    spread = (states - means[relation][:, None]).flatten(0, 1)
    covariance = spread.T @ spread / len(spread)
    covariance += COVARIANCE_FLOOR * covariance.diagonal().mean() * torch.eye(len(covariance))
    values, vectors = torch.linalg.eigh(covariance)
    whiten, centre = vectors / values.sqrt(), means.mean(0)
    points = (states - centre) @ whiten
    temperature, novelty = _leave_wording_out(points, points.mean(1), relation)
    empty = [(null.double().mean(1) - centre) @ whiten for null in nulls]
    owner = [torch.full((len(m),), classes + i) for i, m in enumerate(empty)]
    return RelationBank(
        whiten.float(),
        centre.float(),
        torch.cat([points.mean(1), *empty]).float(),
        torch.cat([relation, *owner]),
        torch.tensor(classes),
        temperature.float(),
        novelty.float(),
    )


def _leave_wording_out(
    points: Float[Tensor, "wordings names rank"],
    wordings: Float[Tensor, "wordings rank"],
    relation: Int[Tensor, " wordings"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Temperature of least loss, and the distance that new wordings of a relation seldom exceed."""
    scores, labels, distances = [], [], []
    for row, label in enumerate(relation.tolist()):
        others = torch.arange(len(relation)) != row
        if not bool((relation[others] == label).any()):
            continue
        scores.append(
            likelihood(points[row], wordings).index_fill(1, torch.tensor([row]), -torch.inf)
        )
        labels.append(torch.full((points.shape[1],), label))
        distances.append(torch.cdist(points[row], wordings[others]).square().min(1).values)
    left, label = torch.cat(scores), torch.cat(labels)
    loss = torch.nn.functional.cross_entropy
    losses = [float(loss(class_scores(t * left, relation), label)) for t in TEMPERATURES]
    best = TEMPERATURES[losses.index(min(losses))]
    return torch.tensor(best, dtype=torch.double), torch.cat(distances).quantile(NOVEL_QUANTILE)
