"""The protocols' figures and rivals: what they measure is what they say."""

import json

import pytest
import torch
from sklearn.neighbors import NearestCentroid

from experiments.classes import answer_tables, tables
from experiments.classes.answered import Answered, figures, rejected_at
from experiments.classes.learning.library import discriminant, naive_bayes, stepwise_logistic
from experiments.classes.learning.rivals import Descent, Head, NearestMean, Probe, Retrained
from experiments.classes.learning.written import Written
from experiments.classes.measures import Course, area, places, steps_of
from experiments.classes.protocols.few_shot import Episodes, by_nearest_mean, draw, measured
from experiments.classes.protocols.sentences import sentences, wordings_of
from experiments.classes.protocols.splits import arrival, base_classes, new_classes
from experiments.classes.protocols.tasks import TASKS, read_task
from experiments.classes.protocols.tasks import draws as task_draws
from oneshot.classes.writers.metric import fit_metric
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter


def clusters(classes=6, each=30, width=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    means = 4 * torch.randn(classes, width, generator=generator)
    labels = torch.arange(classes).repeat_interleave(each)
    return means[labels] + torch.randn(len(labels), width, generator=generator), labels


def taught_in_steps(learner, features, labels, steps=3):
    for rows in torch.arange(len(labels)).chunk(steps):
        learner.learn(features[rows], labels[rows])
    return float((learner.predict(features) == labels).double().mean())


def test_base_and_new_classes_part_all_and_orders_differ():
    base, new = base_classes(100, 50), new_classes(100, 50)
    assert sorted([*base.tolist(), *new.tolist()]) == list(range(100))
    orders = {tuple(arrival(new, seed).tolist()) for seed in range(3)}
    assert len(orders) == 3
    assert all(sorted(order) == new.tolist() for order in orders)


@pytest.mark.parametrize(
    ("classes", "base", "steps", "known"),
    [(100, 50, 5, [50, 60, 70, 80, 90, 100]), (10, 0, 5, [2, 4, 6, 8, 10])],
)
def test_steps_end_with_all_classes(classes, base, steps, known):
    assert steps_of(classes, base, steps) == known


def test_forgetting_is_the_best_less_the_last():
    course = Course([1, 2])
    course.add(torch.tensor([True, True]), torch.tensor([0, 0]))
    course.add(torch.tensor([True, False, True, True]), torch.tensor([0, 0, 1, 1]))
    figures = course.figures()
    assert figures["after_each_step"] == [100.0, 75.0]
    assert figures["forgetting"] == 50.0
    assert figures["average"] == 87.5


def test_area_is_the_share_of_pairs_in_order():
    assert area(torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])) == 1
    assert area(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 2.0])) == 0.5


def test_places_follow_the_order_of_arrival():
    found = places(torch.tensor([0, 1, 2, 3]), torch.tensor([2, 0, 1]))
    assert found.tolist() == [1, 2, 0, -1]


def test_closed_forms_keep_what_fine_tuning_forgets():
    features, labels = clusters()
    descent = Descent(epochs=20, rate=0.05)
    metric = fit_metric(features, labels)
    codes = metric.codes(features)
    for writer in (RidgeWriter(metric), ResidualWriter(metric), PosteriorWriter(metric)):
        learner = Written(writer)
        for rows in torch.arange(len(labels)).chunk(3):
            learner.learn(codes[rows], labels[rows])
        right = learner.predict(metric.coordinates(features)) == labels
        assert right.double().mean() > 0.95
    assert taught_in_steps(NearestMean(cosine=False), features, labels) > 0.95
    forgetful = taught_in_steps(Head(8, 6, descent, 0), features, labels)
    replaying = taught_in_steps(Head(8, 6, descent, 0, remembered=20), features, labels)
    assert forgetful < 0.6 < replaying
    assert taught_in_steps(Retrained(Probe(iterations=30).fit), features, labels) > 0.95


def test_the_library_learners_keep_or_forget_as_what_they_stand_for():
    features, labels = clusters()
    assert taught_in_steps(Retrained(discriminant), features, labels) > 0.95
    assert taught_in_steps(naive_bayes(6), features, labels) > 0.95
    assert taught_in_steps(stepwise_logistic(6, 0), features, labels) < 0.9
    means = NearestMean(cosine=False)
    taught_in_steps(means, features, labels)
    library = NearestCentroid().fit(features.numpy(), labels.numpy())
    asked = clusters(seed=1)[0] / 2
    assert means.predict(asked).tolist() == library.predict(asked.numpy()).tolist()


def test_nothing_of_a_class_that_has_not_come_is_answered():
    features, labels = clusters()
    for learner in (
        naive_bayes(6),
        stepwise_logistic(6, 0),
        Retrained(Probe().fit),
        Retrained(discriminant),
    ):
        for known in (1, 2):
            rows = labels == known - 1
            learner.learn(features[rows], labels[rows])
            assert set(learner.predict(features).tolist()) <= set(range(known))


def test_distillation_changes_what_a_head_keeps():
    features, labels = clusters()
    plain, kept = (
        Head(8, 6, Descent(epochs=3, distillation=3.0), 0, distilled=distilled)
        for distilled in (False, True)
    )
    for head in (plain, kept):
        taught_in_steps(head, features, labels)
    old = [
        head.scores(features[labels < 2]).softmax(1)[:, :2].sum(1).mean() for head in (plain, kept)
    ]
    assert old[1] > 2 * old[0]


@pytest.mark.parametrize("kind", [RidgeWriter, ResidualWriter])
def test_the_learner_answers_as_its_writer(kind):
    features, labels = clusters()
    metric = fit_metric(features, labels)
    learner = Written(kind(metric))
    learner.learn(metric.codes(features), labels)
    x = metric.coordinates(features)
    assert torch.equal(learner.predict(x), learner.writer.answers(x).argmax(1))
    assert area(learner.taught(x), learner.taught(x + 50)) == 1


def test_episodes_have_no_image_twice_and_are_measured():
    features, labels = clusters(classes=8)
    plan = Episodes(shots=(1,), ways=3, asked=5, strangers=2, episodes=4)
    rows = [torch.where(labels == label)[0] for label in labels.unique()]
    episode = draw(rows, 2, plan, torch.Generator().manual_seed(0))
    everything = torch.cat([*episode.taught, episode.asked, episode.strangers])
    assert len(everything.unique()) == len(everything) == 3 * 7 + 2 * 5
    names = ("posterior", "nearest mean", "nearest mean, cosine")
    answers = {name: by_nearest_mean(features, cosine="cosine" in name) for name in names}
    found = measured(features, labels, answers, plan)["1"]
    assert found["nearest mean"]["mean"] > 90
    assert found["posterior less nearest mean, paired"] == {"mean": 0.0, "interval": 0.0}


def test_wordings_and_subjects_of_the_parts_are_different_ones():
    parts = {part: wordings_of(part, 0) for part in ("teach", "tune", "test")}
    sets = [{w for found in part.values() for w in found} for part in parts.values()]
    assert len(set.union(*sets)) == sum(map(len, sets))
    taught, asked = sentences("teach", 5, 0), sentences("test", 5, 0)
    assert len(taught) == len(asked) == 41 * 5
    assert not {s.text for s in taught} & {s.text for s in asked}
    assert any(s.never_trained for s in asked)
    assert not any(s.never_trained for s in taught)


def test_tables_say_what_the_records_hold(tmp_path):
    figures = {"average": 60.0, "last": 50.0, "forgetting": 5.0, "auroc_of_none": 0.7}
    probe = {"average": 61.0, "last": 51.5, "forgetting": 4.0}
    orders = {
        "0": {"ridge": figures, "logistic regression, retrained": probe},
        "1": {"ridge": figures | {"last": 52.0}},
    }
    metrics = {"steps": {"10": orders}}
    record = {"metrics": metrics, "config": {"base": 0}}
    (tmp_path / "classes-cifar100-zero-10.json").write_text(json.dumps(record))
    table = tables.classes_table(tmp_path)
    assert (
        "| CIFAR-100 from zero, on patches, 10 steps | **ridge** | 60.0 | 51.0 | 5.0 | 0.700 |"
        in table
    )
    assert "| logistic regression, retrained | 61.0 | 51.5 | 4.0 |  |" in table
    assert tables.text_table(tmp_path) == tables.few_shot_table(tmp_path) == "no record yet"


def test_answers_are_counted_forced_and_with_none_of_these():
    probabilities = torch.tensor(
        [[0.8, 0.1, 0.1], [0.3, 0.1, 0.6], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.6, 0.2, 0.2]]
    )
    truth = torch.tensor([0, 0, 0])
    near = torch.tensor([3.0, 2.0, 1.0, 0.0, 0.5])
    found = figures([Answered(probabilities, probabilities[:, :2], near, truth)])
    shares = {name: found[name][0] for name in ("forced", "answered", "false_rejects")}
    assert shares == {"forced": 66.67, "answered": 33.33, "false_rejects": 33.33}
    assert (found["n"], found["strangers"], found["strangers_rejected"][0]) == (3, 2, 50.0)
    assert found["auroc"]["distance"] == 1.0
    assert rejected_at(torch.arange(100.0), torch.tensor([4.0, 50.0]), 0.05) == 0.5


def test_what_is_asked_of_a_task_is_never_taught():
    for name in TASKS:
        task = read_task(name)
        assert task.labels.bincount().tolist() == [40] * (int(task.labels.max()) + 1)
        assert len(set(task.texts)) == len(task.texts)
        for shots in (5, 20):
            for taught, asked in task_draws(task, shots, 3, tuning=False):
                assert not set(taught.tolist()) & set(asked.tolist())
                assert (task.labels[taught].bincount() == shots).all()


def test_tables_of_answers_say_what_the_records_hold(tmp_path):
    entry = {"n": 10_000, "rule": "ridge", "cpu_seconds": 3.2, "forced": [74.0, 0.9]}
    entry |= {"answered": [73.0, 0.9], "false_rejects": [1.7, 0.3], "error_forced": 0.02}
    record = {"config": {"sets": ["cifar10"]}, "metrics": {"cifar10": [entry]}}
    (tmp_path / "classes-shipped-all.json").write_text(json.dumps(record))
    row = "| CIFAR-10, n = 10,000 | ridge | 74.0 ± 0.9 | 73.0 ± 0.9 | 1.7 ± 0.3 | 0.020 | 3 |"
    assert row in answer_tables.everything_table(tmp_path)
    assert answer_tables.rejection_table(tmp_path) == "no record yet"
    assert answer_tables.tasks_table(tmp_path) == "no record yet"
