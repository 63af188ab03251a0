"""Classes written in any order, forgotten and unlearned, end in the same bits."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from torch import Tensor

from oneshot.classes.evaluation import places_of
from oneshot.classes.reliability import calibration_error, reliability, weighed
from oneshot.classes.writers.calibration import (
    POSTERIOR,
    RESIDUAL,
    RIDGE,
    Calibration,
    calibrate,
    load_calibration,
    save_calibration,
)
from oneshot.classes.writers.fitting import lower_edge
from oneshot.classes.writers.held_out import Judgement, hold_out, judge
from oneshot.classes.writers.metric import Metric, fit_metric
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter
from oneshot.classes.writers.sharpness import Sharpness
from oneshot.classes.writers.tallied import TalliedWriter, in_order
from oneshot.classes.writers.writer import Writer
from oneshot.errors import BadInputError
from oneshot.images.features.integers import LEVELS

RAW, CLASSES = 24, 30
RULES = {PosteriorWriter: POSTERIOR, RidgeWriter: RIDGE, ResidualWriter: RESIDUAL}
WRITERS = tuple(RULES)


def draw(classes: int, each: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features of classes whose means spread over some directions more than over others."""
    generator = torch.Generator().manual_seed(seed)
    spread = torch.linspace(0.1, 2.0, RAW)
    means = torch.randn(classes, RAW, generator=generator) * spread
    labels = torch.arange(classes).repeat_interleave(each)
    return means[labels] + torch.randn(len(labels), RAW, generator=generator), labels


METRIC: Metric = fit_metric(*draw(CLASSES, 20, 0))
FEATURES, LABELS = draw(6, 8, 1)
EXAMPLES = {f"class {c}": FEATURES[c == LABELS] for c in range(6)}


@cache
def calibrated() -> Calibration:
    return calibrate(*draw(CLASSES, 20, 0))


def equal(one: Writer, other: Writer) -> bool:
    ours, theirs = one.state(), other.state()
    return (
        one.names == other.names
        and ours.keys() == theirs.keys()
        and all(torch.equal(ours[key], theirs[key]) for key in ours)
    )


def taught(kind: type[TalliedWriter], names: list[str]) -> TalliedWriter:
    writer = kind(METRIC)
    for name in names:
        writer.add(name, EXAMPLES[name])
    return writer


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
    assert isinstance(writer, Writer)


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


@pytest.mark.parametrize("kind", WRITERS)
def test_holding_out_leaves_the_writer_as_it_was(kind: type[TalliedWriter]) -> None:
    writer = taught(kind, ["class 0", "class 1"])
    writer.add("single", EXAMPLES["class 2"][:1])
    before = writer.state()
    found = hold_out(writer)
    after = writer.state()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert found.truth.bincount().tolist() == [8, 8, 1]
    assert found.single.sum() == 1
    for name in ("class 0", "class 1"):  # one example of each class is left out at a time
        writer.remove_codes(name, in_order(METRIC.codes(EXAMPLES[name]))[3:4])
    x = in_order(METRIC.codes(EXAMPLES["class 1"]))[3:4].double() / LEVELS
    (row,) = torch.where((found.evidence.scores == writer.answers(x)).all(1))[0].tolist()
    assert found.truth[row] == 1


def away(seed: int) -> tuple[Tensor, Tensor]:
    """Nine classes, all of them far from the base classes."""
    generator = torch.Generator().manual_seed(5)
    features, labels = draw(9, 20, seed)
    return features + 1.5 * torch.randn(RAW, generator=generator), labels


def test_probabilities_follow_what_was_taught() -> None:
    """Where every class lies far from the base classes, strangers from there are rejected too."""
    calibration = calibrated()
    features, labels = away(6)
    writer = calibration.writer(POSTERIOR)
    for c in range(6):
        writer.add(f"{c}", features[labels == c][:10])
    host = calibration.sharpness[POSTERIOR]
    own = judge(host, writer).sharpness
    evidence = writer.evidence(METRIC.coordinates(features))

    def rejected(sharpness: Sharpness, places: Tensor) -> float:
        none = sharpness.none(evidence.rows(places), 0.25)
        return float((none > 0.5).double().mean())

    assert own.middle > host.middle
    assert rejected(own, labels >= 6) > rejected(host, labels >= 6)
    assert rejected(own, labels < 6) <= 0.1
    alone = calibration.writer(POSTERIOR)
    alone.add("only", features[:5])
    assert judge(host, alone) == Judgement(host)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("shots", [5, 15])
def test_what_is_said_is_about_as_often_right(kind: type[TalliedWriter], shots: int) -> None:
    """The expected calibration error over folders of their own classes, strangers among them."""
    calibration, rule = calibrated(), RULES[kind]
    sure, right, known = list[Tensor](), list[Tensor](), list[Tensor]()
    for seed in range(10):
        features, labels = draw(9, shots + 20, 20 + seed)
        writer = calibration.writer(rule)
        asked = torch.zeros(len(labels), dtype=torch.bool)
        for c in range(9):
            rows = torch.where(labels == c)[0]
            asked[rows[shots:]] = True
            if c < 6:
                writer.add(f"{c}", features[rows[:shots]])
        sharpness = judge(calibration.sharpness[rule], writer).sharpness
        evidence = writer.evidence(METRIC.coordinates(features[asked]))
        found = sharpness.probabilities(evidence, 0.25)
        answers, truth = places_of(found), labels[asked].clamp_max(6)
        sure.append(found[:, 6].where(answers == 6, found[:, :6].amax(1)))
        right.append(answers == truth)
        known.append(truth < 6)
    weights = weighed(torch.cat(known), 0.25)
    bins = reliability(torch.cat(sure), torch.cat(right), weights)
    assert calibration_error(bins) < 0.06
    assert torch.cat(right).double().mean() > 0.5
    false = ~torch.cat(right) & (torch.cat(sure) > 0.5) & torch.cat(known)
    assert false.double().mean() < 0.3


@given(share=st.floats(0, 0.95), more=st.floats(0.01, 0.99))
def test_more_strangers_expected_never_make_a_class_likelier(share: float, more: float) -> None:
    writer = taught(PosteriorWriter, ["class 0", "class 1"])
    evidence, sharpness = writer.evidence(METRIC.coordinates(FEATURES)), Sharpness(0.5, 0.3, 1.0)
    few = sharpness.probabilities(evidence, share)
    many = sharpness.probabilities(evidence, share + (1 - share) * more)
    assert (many[:, -1] >= few[:, -1]).all()
    assert torch.allclose(many.sum(1), torch.ones(len(FEATURES), dtype=torch.float64))
    assert not sharpness.probabilities(evidence, 0.0)[:, -1].any()


@pytest.mark.parametrize("count", [8, 15, 40, 400])
def test_a_twentieth_of_new_values_lies_below_the_edge(count: int) -> None:
    generator = torch.Generator().manual_seed(count)
    drawn = torch.randn(300, count + 50, dtype=torch.float64, generator=generator)
    shares = [float((row[count:] < lower_edge(row[:count], 0.05)).double().mean()) for row in drawn]
    assert sum(shares) / len(shares) == pytest.approx(0.05, abs=0.02)


def test_chance_is_told_from_knowledge() -> None:
    sharpness = Sharpness(1.0, 1.0, 0.0)
    assert Judgement(sharpness, 6, 15).by_chance(3)
    assert not Judgement(sharpness, 7, 15).by_chance(3)
    assert not Judgement(sharpness, 0, 11).by_chance(3)
    noise, sample = calibrated().writer(POSTERIOR), draw(30, 1, 77)[0]
    for c in range(3):
        noise.add(f"{c}", sample[c::3])
    assert judge(sharpness, noise).by_chance(3)
    assert not judge(sharpness, taught(PosteriorWriter, sorted(EXAMPLES))).by_chance(6)


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


def test_calibrations_of_the_first_format_are_read() -> None:
    tensors = METRIC.tensors()
    data = save(tensors, {"format": "1", "sharpness": '{"ridge": [0.5, 2.0]}'})
    found = load_calibration(data)
    assert found.sharpness == dict.fromkeys(RULES.values(), Sharpness(0.5, 0.5, 4.0))
    assert torch.equal(found.metric.transform, METRIC.transform)
    halved = load_calibration(save_calibration(found)).metric.transform
    assert not torch.equal(halved, METRIC.transform)
    assert torch.allclose(halved, METRIC.transform, rtol=1e-2, atol=1e-3)
