"""What examples left out say: how sure answers are, and how often they are right."""

import pytest
import torch
from drawn_classes import EXAMPLES, FEATURES, METRIC, RAW, RULES, WRITERS, calibrated, draw, taught
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from oneshot.classes.evaluation import places_of
from oneshot.classes.reliability import calibration_error, reliability, weighed
from oneshot.classes.writers.calibration import POSTERIOR
from oneshot.classes.writers.fitting import lower_edge
from oneshot.classes.writers.held_out import Judgement, hold_out, judge
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.sharpness import Sharpness
from oneshot.classes.writers.tallied import TalliedWriter, in_order
from oneshot.images.features.integers import LEVELS


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
