"""Relation code: what is asked of it. A bank of Gaussian classes with a shared covariance (LDA).

The last token's state is whitened into a code; calibration relations are class means of codes;
one background class (running text) ends the false fires there. Two prompts agree as far as they
belong to one class: `sum_k P(k | taught) P(k | query)`. A relation that the bank does not know is
its own class, from the one taught prompt, which competes with the bank's.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

COVARIANCE_FLOOR = 0.05  # of the mean variance, added to the shared covariance
TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
OWN_SHRINK = 0.3  # of a one-shot class mean towards the mean of the bank's
NOVEL_QUANTILE = 0.98  # of leave-one-template-out distances: farther is a new relation


@dataclass(frozen=True)
class RelationBank:
    """Classes in the whitened space; the last one is the background."""

    whiten: Float[Tensor, "width rank"]
    centre: Float[Tensor, " width"]
    means: Float[Tensor, "classes rank"]
    temperature: Float[Tensor, ""]
    novelty: Float[Tensor, ""]

    def code(self, states: Float[Tensor, "points width"]) -> Float[Tensor, "points rank"]:
        """Whitened relation codes of last-token states."""
        return (states - self.centre) @ self.whiten

    def scores(self, codes: Float[Tensor, "points rank"]) -> Float[Tensor, "points classes"]:
        """Tempered log-likelihoods of the classes, up to a term common to all."""
        return self.temperature * likelihood(codes, self.means)

    def posterior(self, codes: Float[Tensor, "points rank"]) -> Float[Tensor, "points relations"]:
        """P(relation | code), the background's share left out."""
        return self.scores(codes).softmax(1)[:, :-1]

    def distance(self, codes: Float[Tensor, "points rank"]) -> Float[Tensor, " points"]:
        """Squared distance to the nearest relation."""
        return torch.cdist(codes, self.means[:-1]).square().min(1).values

    def novel(self, codes: Float[Tensor, "points rank"]) -> Bool[Tensor, " points"]:
        """Whether the code is farther from every relation than a new wording of one would be."""
        return self.distance(codes) > self.novelty

    def own_mean(self, codes: Float[Tensor, "points rank"]) -> Float[Tensor, "points rank"]:
        """The one-shot class mean that one taught prompt makes."""
        return (1 - OWN_SHRINK) * codes + OWN_SHRINK * self.means[:-1].mean(0)

    def agreement(
        self,
        query: Float[Tensor, "points rank"],
        taught: Float[Tensor, "facts rank"],
        novel: Bool[Tensor, " facts"],
    ) -> Float[Tensor, "points facts"]:
        """P(query and taught prompt ask for the same relation)."""
        scores = self.scores(query)
        known = scores.softmax(1)[:, :-1] @ self.posterior(taught).T
        own = self.temperature * likelihood(query, self.own_mean(taught))
        alone = (own - torch.logaddexp(scores.logsumexp(1, keepdim=True), own)).exp()
        return torch.where(novel, alone, known)


def likelihood(
    codes: Float[Tensor, "points rank"], means: Float[Tensor, "classes rank"]
) -> Float[Tensor, "points classes"]:
    """Gaussian log-likelihood under unit covariance, without the terms that all classes share."""
    return codes @ means.T - means.square().sum(1) / 2


def fit_bank(
    states: Float[Tensor, "templates names width"],
    relation: Int[Tensor, " templates"],
    background: Float[Tensor, "points width"],
) -> RelationBank:
    """Fit from last-token states of every template with several names, and of running text."""
    states = states.double()
    template_means = states.mean(1)
    classes = int(relation.max()) + 1
    means = torch.stack([template_means[relation == k].mean(0) for k in range(classes)])
    spread = (states - means[relation][:, None]).flatten(0, 1)
    covariance = spread.T @ spread / len(spread)
    covariance += COVARIANCE_FLOOR * covariance.diagonal().mean() * torch.eye(len(covariance))
    values, vectors = torch.linalg.eigh(covariance)
    whiten, centre = vectors / values.sqrt(), means.mean(0)
    points = (states - centre) @ whiten
    templates = points.mean(1)
    class_means = (means - centre) @ whiten
    temperature, novelty = _leave_template_out(points, templates, class_means, relation)
    everything = torch.cat([class_means, ((background.double().mean(0) - centre) @ whiten)[None]])
    return RelationBank(
        whiten.float(), centre.float(), everything.float(), temperature.float(), novelty.float()
    )


def _leave_template_out(
    points: Float[Tensor, "templates names rank"],
    templates: Float[Tensor, "templates rank"],
    means: Float[Tensor, "classes rank"],
    relation: Int[Tensor, " templates"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Temperature of least loss, and the distance that new wordings of a relation seldom exceed."""
    scores, distances = [], []
    for row, label in enumerate(relation.tolist()):
        others = relation == label
        others[row] = False
        if not others.any():
            continue
        left = means.clone()
        left[label] = templates[others].mean(0)
        scores.append((likelihood(points[row], left), label))
        distances.append(torch.cdist(points[row], left).square().min(1).values)
    losses = [
        sum(-(t * s).log_softmax(1)[:, k].mean() for s, k in scores) for t in TEMPERATURES
    ]
    best = min(range(len(losses)), key=lambda i: float(losses[i]))
    novelty = torch.cat(distances).quantile(NOVEL_QUANTILE)
    return torch.tensor(TEMPERATURES[best], dtype=torch.double), novelty
