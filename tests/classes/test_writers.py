"""Classes written in any order, forgotten and unlearned, end in the same bits."""

import pytest
import torch
from drawn_classes import EXAMPLES, FEATURES, METRIC, RAW, RULES, WRITERS, calibrated, draw, taught
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oneshot.classes.writers.metric import LARGEST, fit_metric
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter
from oneshot.classes.writers.sharpness import Sharpness
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.errors import BadInputError
from oneshot.images.features.integers import LEVELS


def equal(one: TalliedWriter, other: TalliedWriter) -> bool:
    ours, theirs = one.state(), other.state()
    return (
        one.names == other.names
        and ours.keys() == theirs.keys()
        and all(torch.equal(ours[key], theirs[key]) for key in ours)
    )


def test_the_metric_makes_independent_coordinates_of_less_than_variance_one() -> None:
    features, labels = draw(400, 20, 2)
    metric = fit_metric(features, labels, RAW)
    x = metric.coordinates(features)
    means = torch.stack([x[labels == c].mean(0) for c in range(400)])
    left = x - means[labels]
    # What was not seen is allowed for: the estimates are on the cautious side.
    assert (left.square().mean(0) < metric.within).all()
    assert (means.square().mean(0) < 1).all()
    assert means.mean(0).abs().max() < 1e-6
    assert metric.within.max() < 1


def test_what_is_asked_is_judged_as_what_was_taught() -> None:
    far = FEATURES * 30
    x = METRIC.coordinates(far)
    assert float(x.abs().max()) == LARGEST / LEVELS
    assert torch.equal((x * LEVELS).round().to(torch.int8), METRIC.codes(far))
    assert float(METRIC.coordinates(FEATURES).abs().max()) < LARGEST / LEVELS


def test_rows_do_not_see_each_other() -> None:
    whole = METRIC.coordinates(FEATURES)
    assert all(
        torch.equal(whole[i : i + 1], METRIC.coordinates(FEATURES[i : i + 1]))
        for i in range(len(FEATURES))
    )


@pytest.mark.parametrize("kind", WRITERS)
def test_new_examples_are_recognised_and_strangers_rejected(kind: type[TalliedWriter]) -> None:
    rule = RULES[kind]
    calibration = calibrated()
    writer = calibration.writer(rule)
    features, labels = draw(12, 40, 3)
    for c in range(6):
        writer.add(f"{c}", features[labels == c][:10])
    asked = torch.cat([features[labels == c][10:] for c in range(6)])
    right = torch.arange(6).repeat_interleave(30)

    def judged(x: Tensor) -> Tensor:
        evidence = writer.evidence(METRIC.coordinates(x))
        return calibration.sharpness[rule].probabilities(evidence)

    found = judged(asked)
    assert torch.allclose(found.sum(1), torch.ones(180, dtype=torch.float64))
    assert (found.argmax(1) == right).double().mean() > 0.8
    sure = found.amax(1)
    assert (found.argmax(1) == right)[sure > sure.median()].double().mean() > 0.9
    strange = judged(features[labels >= 6])[:, 6]
    assert strange.mean() > 3 * found[:, 6].mean()
    assert (strange > found[:, 6].median()).double().mean() > 0.9


@pytest.mark.parametrize("kind", WRITERS)
@given(order=st.permutations(sorted(EXAMPLES)), cuts=st.lists(st.integers(1, 7), min_size=6))
@settings(max_examples=12, deadline=None)
def test_any_order_and_any_portions_end_in_the_same_bits(
    kind: type[TalliedWriter], order: list[str], cuts: list[int]
) -> None:
    one, other = taught(kind, sorted(EXAMPLES)), kind(METRIC)
    for name, cut in zip(order, cuts, strict=False):
        other.add(name, EXAMPLES[name][cut:])
        other.scores(FEATURES[:1])  # a solve in between leaves no trace
    assert not equal(one, other)
    for name, cut in reversed(list(zip(order, cuts, strict=False))):
        other.add(name, EXAMPLES[name][:cut].flip(0))
    assert equal(one, other)
    assert torch.equal(one.scores(FEATURES), other.scores(FEATURES))


@pytest.mark.parametrize("kind", WRITERS)
@given(
    kept=st.sets(st.sampled_from(sorted(EXAMPLES)), min_size=1, max_size=5),
    gone=st.sets(st.integers(0, 7), min_size=1, max_size=7),
)
@settings(max_examples=12, deadline=None)
def test_what_is_forgotten_was_never_there(
    kind: type[TalliedWriter], kept: set[str], gone: set[int]
) -> None:
    writer, never = taught(kind, sorted(EXAMPLES)), taught(kind, sorted(kept))
    assert not equal(writer, never)
    for name in set(EXAMPLES) - kept:
        writer.forget(name)
    assert equal(writer, never)
    name = min(kept)
    writer.remove(name, EXAMPLES[name][sorted(gone)])
    assert not equal(writer, never)
    never = taught(kind, sorted(kept - {name}))
    never.add(name, EXAMPLES[name][[i for i in range(8) if i not in gone]])
    assert equal(writer, never)
    writer.remove(name, EXAMPLES[name][[i for i in range(8) if i not in gone]])
    assert name not in writer.names


@pytest.mark.parametrize("kind", WRITERS)
def test_an_empty_writer_knows_nothing(kind: type[TalliedWriter]) -> None:
    writer = kind(METRIC)
    assert writer.scores(FEATURES).shape == (len(FEATURES), 0)
    assert writer.ratios(FEATURES).shape == (len(FEATURES), 0)
    none = Sharpness(1.0, 1.0, 0.0).probabilities(writer.evidence(METRIC.coordinates(FEATURES)))
    assert (none == 1).all()


@pytest.mark.parametrize("kind", WRITERS)
def test_mistakes_change_nothing(kind: type[TalliedWriter]) -> None:
    writer, same = taught(kind, ["class 0", "class 1"]), taught(kind, ["class 1", "class 0"])
    bad = FEATURES[:2].clone()
    bad[0, 0] = torch.nan
    for action, message in (
        (lambda: writer.add("x", FEATURES[:0]), "at least one"),
        (lambda: writer.add("x", FEATURES[:, 1:]), "give [n, 24]"),
        (lambda: writer.add("x", bad), "NaN"),
        (lambda: writer.forget("x"), "no class 'x'"),
        (lambda: writer.remove("class 0", EXAMPLES["class 1"]), "not taught as"),
        (lambda: writer.remove("class 0", EXAMPLES["class 0"][[0, 0]]), "not taught as"),
    ):
        with pytest.raises(BadInputError, match=message.replace("[", r"\[")):
            action()
        assert equal(writer, same)


def test_a_metric_needs_classes_and_examples() -> None:
    for labels in (torch.zeros(8, dtype=torch.int64), torch.arange(8)):
        with pytest.raises(BadInputError, match="at least two classes"):
            fit_metric(FEATURES[:8], labels)


@pytest.mark.parametrize("kind", [RidgeWriter, ResidualWriter])
def test_a_kept_readout_answers_as_the_one_that_was_fitted(kind: type[TalliedWriter]) -> None:
    writer, same = taught(kind, sorted(EXAMPLES)), taught(kind, sorted(EXAMPLES))
    kept = {name: value.clone() for name, value in writer.fitted().items()}
    assert same.take_fitted(kept)
    assert torch.equal(same.scores(FEATURES), writer.scores(FEATURES))
    same.add("class 0", EXAMPLES["class 1"])  # what was kept is no longer its own
    assert not torch.equal(same.scores(FEATURES), writer.scores(FEATURES))
    assert not same.take_fitted({})
    assert not taught(kind, ["class 0"]).take_fitted(kept)
