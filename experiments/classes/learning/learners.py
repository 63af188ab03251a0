"""All that is measured in a protocol, by name, and how one of them goes through the steps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int8, Int64
from torch import Tensor

from experiments.classes.learning.library import discriminant, naive_bayes, stepwise_logistic
from experiments.classes.learning.rivals import (
    Descent,
    Head,
    Learner,
    NearestMean,
    Probe,
    Retrained,
)
from experiments.classes.learning.written import Written
from experiments.classes.measures import Course, area
from oneshot.classes.writers.metric import Metric
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter


@dataclass(frozen=True, eq=False)
class Arrivals:
    """What learners are given and asked, with each example's place in the order of classes.

    Features for heads are standardised; writers get codes and coordinates of the same examples.
    """

    train: Float[Tensor, "n width"]
    test: Float[Tensor, "m width"]
    codes: Int8[Tensor, "n coordinates"]
    coordinates: Float[Tensor, "m coordinates"]
    train_places: Int64[Tensor, " n"]
    test_places: Int64[Tensor, " m"]


def writers(metric: Metric) -> dict[str, Written]:
    """The package's own, with nothing written."""
    return {
        "residual": Written(ResidualWriter(metric)),
        "ridge": Written(RidgeWriter(metric)),
        "posterior": Written(PosteriorWriter(metric)),
    }


def closed_forms(metric: Metric) -> dict[str, Learner]:
    """The package's writers, and class means."""
    return {
        **writers(metric),
        "nearest mean": NearestMean(cosine=False),
        "nearest mean, cosine": NearestMean(cosine=True),
    }


def heads(width: int, classes: int, descent: Descent, seed: int) -> dict[str, Learner]:
    """What is trained on a step's examples, and scikit-learn's updates of the kind."""
    return {
        "fine-tuning": Head(width, classes, descent, seed),
        "fine-tuning, MLP": Head(width, classes, descent, seed, hidden=64),
        "replay, 20 a class": Head(width, classes, descent, seed, remembered=20),
        "without forgetting": Head(width, classes, descent, seed, distilled=True),
        "scikit-learn SGDClassifier, partial_fit": stepwise_logistic(classes, seed),
        "scikit-learn GaussianNB, partial_fit": naive_bayes(classes),
    }


def retrained(probe: Probe) -> dict[str, Learner]:
    """What keeps everything and is trained on all of it at each step."""
    return {
        "scikit-learn LDA, retrained": Retrained(discriminant),
        "logistic regression, retrained": Retrained(probe.fit),
    }


def follow(
    learner: Learner, arrivals: Arrivals, known: Sequence[int]
) -> tuple[dict[str, Any], Bool[Tensor, " m"]]:
    """A learner's figures, and which of all test examples it has right in the end.

    None of these is judged once, where half the classes are known.
    """
    written = isinstance(learner, Written)
    seen = arrivals.codes if written else arrivals.train
    asked = arrivals.coordinates if written else arrivals.test
    train, test = arrivals.train_places, arrivals.test_places
    course, found, before, spent = Course(known), dict[str, Any](), 0, 0.0
    right = torch.zeros(0, dtype=torch.bool)
    for count in known:
        rows, so_far = (train >= before) & (train < count), test < count
        began = time.perf_counter()
        learner.learn(seen[rows], train[rows])
        spent += time.perf_counter() - began
        right = learner.predict(asked[so_far]) == test[so_far]
        course.add(right, test[so_far])
        halfway = before < known[-1] / 2 <= count < known[-1]
        if halfway and isinstance(learner, Written | NearestMean):
            evidence = learner.taught(asked)
            found["auroc_of_none"] = round(area(evidence[so_far], evidence[~so_far]), 4)
        before = count
    return found | course.figures() | {"seconds_of_learning": round(spent, 2)}, right
