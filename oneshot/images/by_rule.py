"""The rules that fit blocks without backpropagation, by their names."""

from typing import Any

from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Rule
from oneshot.images.model import Classifier, Report


def train_by_rule(
    rule: Rule, images: ImageSet, options: dict[str, Any], report: Report
) -> Classifier:
    """Train by a rule that needs no gradient chain; `options` are fields of its settings.

    Raises BadInputError for an option that the rule does not have.
    """
    try:
        return _train(rule, images, options, report)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        name = str(error).rpartition("argument ")[2]
        raise BadInputError(f"rule {rule} has no setting {name}; leave it out") from error


def _train(rule: Rule, images: ImageSet, options: dict[str, Any], report: Report) -> Classifier:
    # Imported one by one: a rule that is not used costs nothing.
    match rule:
        case Rule.RIDGE:
            from oneshot.images.rules import ridge

            return ridge.train(images, ridge.RidgeSettings(**options), report)
        case Rule.FEEDBACK_ALIGNMENT:
            from oneshot.images.rules import feedback_alignment

            return feedback_alignment.train(
                images, feedback_alignment.FeedbackAlignmentSettings(**options), report
            )
        case Rule.HEBBIAN:
            from oneshot.images.rules import hebbian

            return hebbian.train(images, hebbian.HebbianSettings(**options), report)
        case Rule.EVOLUTION:
            from oneshot.images.rules import evolution

            return evolution.train(images, evolution.EvolutionSettings(**options), report)
        case Rule.THREE_FACTOR:
            from oneshot.images.rules import three_factor

            return three_factor.train(images, three_factor.ThreeFactorSettings(**options), report)
        case Rule.GRADIENT:
            raise BadInputError("the rule gradient trains by a method; give --method")
