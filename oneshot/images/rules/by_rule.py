"""The rules that fit blocks without backpropagation: their settings, and how each trains."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, NamedTuple

from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet
from oneshot.images.kinds import RuleName
from oneshot.images.model import Report
from oneshot.images.rules import evolution, feedback_alignment, hebbian, ridge, three_factor
from oneshot.images.rules.ridge import RidgeChain
from oneshot.images.rules.ridge_settings import RidgeSettings
from oneshot.images.rules.two_layer import LocalSettings, TwoLayerChain

RuleSettings = RidgeSettings | LocalSettings
RuleModel = RidgeChain | TwoLayerChain


class _Local(NamedTuple):
    settings: type[LocalSettings]
    train: Callable[[ImageSet, Any, Report], TwoLayerChain]


_LOCAL = {
    RuleName.FEEDBACK_ALIGNMENT: _Local(
        feedback_alignment.FeedbackAlignmentSettings, feedback_alignment.train
    ),
    RuleName.HEBBIAN: _Local(hebbian.HebbianSettings, hebbian.train),
    RuleName.EVOLUTION: _Local(evolution.EvolutionSettings, evolution.train),
    RuleName.THREE_FACTOR: _Local(three_factor.ThreeFactorSettings, three_factor.train),
}


def rule_settings(rule: RuleName, options: dict[str, Any]) -> RuleSettings:
    """The settings of a rule from some of their fields.

    Raises BadInputError for the gradient, which has methods, a field that the rule does not have,
    or a value that cannot be.
    """
    if rule is RuleName.GRADIENT:
        raise BadInputError("the rule gradient trains by a method; give --method")
    kind: type[RuleSettings] = RidgeSettings if rule is RuleName.RIDGE else _LOCAL[rule].settings
    known = [field.name for field in fields(kind)]
    for name in options:
        if name not in known:
            raise BadInputError(
                f"rule {rule} has no setting {name!r}; leave it out or give {', '.join(known)}"
            )
    try:
        return kind(**options)
    except TypeError as error:
        raise BadInputError(f"settings {options} of rule {rule} cannot be ({error})") from error


def restored(tensors: Mapping[str, Tensor], settings: RuleSettings, size: int) -> RuleModel:
    """The model of `size` blocks of what was saved; KeyError where a part is missing."""
    if isinstance(settings, RidgeSettings):
        return RidgeChain.from_tensors(tensors, settings, size)
    return TwoLayerChain.from_tensors(tensors, settings)


def train_by_rule(
    rule: RuleName,
    images: ImageSet,
    settings: RuleSettings,
    report: Report,
    start: RuleModel | None = None,
) -> Iterator[RuleModel]:
    """The model each time that there is more of it to save; the last one is whole.

    A ridge chain comes after each block, and goes on from the blocks of `start`; the others come
    once. Raises BadInputError for a start that is of other settings or cannot be gone on from.
    """
    if isinstance(settings, RidgeSettings):
        first = _first_blocks(settings, start)
        if len(first) == settings.blocks:
            return iter([RidgeChain(first, settings)])
        grown = ridge.grow(images, settings, report, first)
        return (chain for chain in grown if len(chain.blocks) >= len(first))
    if start is not None:
        raise BadInputError(f"rule {rule} trains in one go; train again in another folder")
    return iter([_LOCAL[rule].train(images, settings, report)])


def _first_blocks(settings: RidgeSettings, start: RuleModel | None) -> tuple[ridge.RidgeBlock, ...]:
    if start is None:
        return ()
    own = start.settings
    if isinstance(own, RidgeSettings) and not settings.independent:
        own = replace(own, blocks=settings.blocks)
    if not isinstance(start, RidgeChain) or own != settings:
        raise BadInputError(
            f"a model of {start.settings} is to go on; give its settings or another folder"
        )
    return start.blocks[: settings.blocks]
