"""scikit-learn's own methods on the same features, as learners of a protocol."""

from collections.abc import Callable

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import GaussianNB

from experiments.classes.learning.rivals import Features, Labels


class Stepwise:
    """An estimator that scikit-learn updates with each step's examples by `partial_fit`."""

    def __init__(self, estimator: GaussianNB | SGDClassifier, classes: int) -> None:
        self.estimator, self.classes, self.seen = estimator, np.arange(classes), 0

    def learn(self, features: Features, labels: Labels) -> None:
        """Take in a step's examples; those of earlier steps are gone."""
        self.seen = max(self.seen, int(labels.max()) + 1)
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(self.seen))
        self.estimator.partial_fit(features[order].numpy(), labels[order].numpy(), self.classes)

    def predict(self, features: Features) -> Labels:
        """The likeliest of the classes so far."""
        if isinstance(self.estimator, GaussianNB):
            scores = self.estimator.predict_joint_log_proba(features.numpy())
        else:
            scores = self.estimator.decision_function(features.numpy())
        return torch.from_numpy(scores[:, : self.seen].argmax(1))


def discriminant(features: Features, labels: Labels) -> Callable[[Features], Labels]:
    """What linear discriminant analysis answers after fitting all of these at once."""
    if len(labels.unique()) == 1:  # the estimator wants two classes
        return lambda asked: labels[:1].expand(len(asked))
    estimator = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    estimator.fit(features.numpy(), labels.numpy())
    return lambda asked: torch.from_numpy(estimator.predict(asked.numpy()))


def naive_bayes(classes: int) -> Stepwise:
    """Gaussians with a diagonal covariance each, updated step by step; all classes as likely."""
    return Stepwise(GaussianNB(priors=np.full(classes, 1 / classes)), classes)


def stepwise_logistic(classes: int, seed: int) -> Stepwise:
    """One-against-all logistic regression by stochastic gradient, one pass a step."""
    estimator = SGDClassifier(loss="log_loss", alpha=1e-4, random_state=seed)
    return Stepwise(estimator, classes)
