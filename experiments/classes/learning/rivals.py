"""What one would do instead on the same frozen features: learners that see a step's classes only.

Each has `learn` for the examples of a step and `predict`; labels are places in the order in which
classes come, so that `predict` chooses among 0 to the largest label seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

Features = Float[Tensor, "n width"]
Labels = Int64[Tensor, " n"]
Fit = Callable[[Features, Labels], Callable[[Features], Labels]]
"""From all examples what answers."""

REMEMBERED = 20
"""Examples of a class that replay keeps."""


class Learner(Protocol):
    """A way of adding classes step by step."""

    def learn(self, features: Features, labels: Labels) -> None:
        """Take in the new classes of a step."""
        ...

    def predict(self, features: Features) -> Labels:
        """The most likely of the classes so far."""
        ...


@dataclass(frozen=True)
class Descent:
    """How heads are trained in a step: SGD with momentum 0.9 on batches of 256."""

    epochs: int = 5
    rate: float = 0.02
    decay: float = 1e-4
    distillation: float = 3.0
    """Weight of the old head's answers in learning without forgetting."""


class NearestMean:
    """The class whose mean is nearest, by Euclid or by the cosine."""

    def __init__(self, *, cosine: bool) -> None:
        self.cosine, self.means = cosine, torch.empty(0)

    def learn(self, features: Features, labels: Labels) -> None:
        """A mean for each new class."""
        features = self._scaled(features)
        means = [features[labels == label].mean(0) for label in labels.unique()]
        self.means = torch.cat([self.means.reshape(-1, features.shape[1]), torch.stack(means)])

    def predict(self, features: Features) -> Labels:
        """The nearest."""
        return self.distances(features).argmin(1)

    def distances(self, features: Features) -> Float[Tensor, "n classes"]:
        """Distances to the means."""
        return torch.cdist(self._scaled(features), self._scaled(self.means))

    def taught(self, features: Features) -> Float[Tensor, " n"]:
        """How near the nearest is."""
        return -self.distances(features).amin(1)

    def _scaled(self, rows: Tensor) -> Tensor:
        return nn.functional.normalize(rows, dim=1) if self.cosine else rows


class Head:
    """A head trained by SGD on each step's examples: fine-tuning, replay or distillation."""

    def __init__(
        self,
        width: int,
        classes: int,
        descent: Descent,
        seed: int,
        *,
        hidden: int = 0,
        remembered: int = 0,
        distilled: bool = False,
    ) -> None:
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.descent, self.remembered, self.distilled = descent, remembered, distilled
        layers = [nn.Linear(width, hidden), nn.ReLU()] if hidden else []
        self.net = nn.Sequential(*layers, nn.Linear(hidden or width, classes))
        self.seen = 0
        self.memory: tuple[Tensor, Tensor] | None = None

    def learn(self, features: Features, labels: Labels) -> None:
        """Train on the step's examples, with what the method keeps of earlier ones."""
        before, self.seen = self.seen, int(labels.max()) + 1
        old = self.scores(features)[:, :before].softmax(1) if self.distilled and before else None
        loss = self._loss(old)
        optimiser = torch.optim.SGD(
            self.net.parameters(),
            lr=self.descent.rate,
            momentum=0.9,
            weight_decay=self.descent.decay,
            nesterov=True,
        )
        for _ in range(self.descent.epochs):
            order = torch.randperm(len(features), generator=self.generator)
            for rows in torch.split(order, 256):
                optimiser.zero_grad()
                loss(rows, features[rows], labels[rows]).backward()
                optimiser.step()
        if self.remembered:
            self._remember(features, labels)

    def predict(self, features: Features) -> Labels:
        """The class of the highest score."""
        return self.scores(features)[:, : self.seen].argmax(1)

    @torch.no_grad()
    def scores(self, features: Features) -> Float[Tensor, "n classes"]:
        """Logits of all classes, also of those not seen yet."""
        found: Tensor = self.net(features)
        return found

    def _loss(self, old: Tensor | None) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        entropy, seen = nn.functional.cross_entropy, self.seen

        def loss(rows: Tensor, features: Tensor, labels: Tensor) -> Tensor:
            if self.memory is not None:
                # As many remembered examples in a batch as new ones.
                kept, known = self.memory
                drawn = torch.randint(len(kept), (len(rows),), generator=self.generator)
                features = torch.cat([features, kept[drawn]])
                labels = torch.cat([labels, known[drawn]])
            scores = self.net(features)[:, :seen]
            if old is None:
                return entropy(scores, labels)
            # New labels are told from one another alone, so that old scores are not pushed down.
            known_before = old.shape[1]
            kept_answers = entropy(scores[:, :known_before], old[rows])
            new = entropy(scores[:, known_before:], labels - known_before)
            return new + self.descent.distillation * kept_answers

        return loss

    def _remember(self, features: Tensor, labels: Tensor) -> None:
        rows = []
        for label in labels.unique():
            places = torch.where(labels == label)[0]
            order = torch.randperm(len(places), generator=self.generator)
            rows.append(places[order[: self.remembered]])
        chosen = torch.cat(rows)
        kept = [features[chosen], labels[chosen]]
        if self.memory is not None:
            kept = [torch.cat([a, b]) for a, b in zip(self.memory, kept, strict=True)]
        self.memory = kept[0], kept[1]


@dataclass(frozen=True)
class Probe:
    """Multinomial logistic regression by L-BFGS on the mean loss and `decay` times the squares."""

    decay: float = 1e-3
    iterations: int = 60

    def fit(self, features: Features, labels: Labels) -> Callable[[Features], Labels]:
        """What answers after training on all of these at once."""
        weights = torch.zeros(features.shape[1], int(labels.max()) + 1, requires_grad=True)
        bias = torch.zeros(weights.shape[1], requires_grad=True)
        optimiser = torch.optim.LBFGS(
            [weights, bias],
            max_iter=self.iterations,
            history_size=10,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Tensor:
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(features @ weights + bias, labels)
            loss = loss + self.decay * weights.square().sum()
            loss.backward()
            return loss

        optimiser.step(closure)
        return lambda asked: (asked @ weights.detach() + bias.detach()).argmax(1)


class Retrained:
    """What is fitted anew at each step on everything so far: a frozen host's upper bound."""

    def __init__(self, fit: Fit) -> None:
        self.fit, self.kept = fit, list[tuple[Features, Labels]]()

    def learn(self, features: Features, labels: Labels) -> None:
        """Keep the examples and train on all that are kept."""
        self.kept.append((features, labels))
        everything, names = (torch.cat(parts) for parts in zip(*self.kept, strict=True))
        self._answer = self.fit(everything, names)

    def predict(self, features: Features) -> Labels:
        """The likeliest class."""
        return self._answer(features)
