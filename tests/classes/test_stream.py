"""Streams that are seen once: the rivals' sums, the one pass, and the table of records."""

import json
from pathlib import Path

import pytest
import torch
from sklearn.covariance import OAS
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from experiments.classes.hosts.features import FeatureSet
from experiments.classes.learning.rivals import NearestMean
from experiments.classes.learning.streams import Discriminant, Fourier, Mirrored, oas_shrinkage
from experiments.classes.protocols.incremental import Prepared, label_free_metric
from experiments.classes.protocols.stream import Pixels, Stream, on_pixels, once, one_order
from experiments.classes.stream_tables import PATCHES, PIXELS, stream_table


def clouds(classes: int = 5, each: int = 40, width: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(classes, width, generator=generator)
    labels = torch.arange(classes).repeat_interleave(each)
    return means[labels] + torch.randn(len(labels), width, generator=generator), labels


def test_shrinkage_is_that_of_the_library() -> None:
    features, _ = clouds()
    known = OAS().fit(features.double().numpy())
    lower = torch.cov(features.double().T, correction=0).tril()
    assert oas_shrinkage(lower, len(features)) == pytest.approx(known.shrinkage_)


@pytest.mark.parametrize("columns", [5, 2000])
def test_the_stream_answers_as_the_library_on_everything(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.classes.learning.streams._COLUMNS", columns)
    features, labels = clouds()
    means = torch.stack([features[labels == label].mean(0) for label in range(5)])
    within = torch.cov((features - means[labels]).T, correction=0)
    library = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage=oas_shrinkage(within.tril(), len(features)), store_covariance=True
    ).fit(features.numpy(), labels.numpy())
    learner = Discriminant(features.shape[1])
    once(learner, features, features, labels, labels)
    asked = 2 * torch.randn(500, 12, generator=torch.Generator().manual_seed(1))
    agree = learner.predict(asked) == torch.from_numpy(library.predict(asked.numpy()))
    assert agree.all()


def test_one_pass_gives_each_class_once_in_its_order() -> None:
    seen = []

    class Listener(NearestMean):
        def learn(self, features: torch.Tensor, labels: torch.Tensor) -> None:
            seen.append((labels.unique().tolist(), len(labels)))
            super().learn(features, labels)

    features, labels = clouds(classes=3, each=10)
    mixed = torch.randperm(30, generator=torch.Generator().manual_seed(2))
    found = once(Listener(cosine=False), features[mixed], features, labels[mixed], labels)
    assert seen == [([0], 10), ([1], 10), ([2], 10)]
    assert found["accuracy"] > 80


def test_random_features_tell_apart_what_no_line_does() -> None:
    generator = torch.Generator().manual_seed(3)
    points = torch.randn(600, 2, generator=generator)
    labels = (points.norm(dim=1) > 1.1).long()
    line = once(Discriminant(2), points, points, labels, labels)["accuracy"]
    lifted = Fourier(Discriminant(200), 2, 200, seed=0)
    assert once(lifted, points, points, labels, labels)["accuracy"] > line + 20


def test_mirror_images_are_learned_too() -> None:
    image = torch.arange(6.0).view(1, 6)
    learner = Mirrored(NearestMean(cosine=False), (1, 2, 3))
    learner.learn(image, torch.tensor([0]))
    inner = learner.learner
    assert isinstance(inner, NearestMean)
    assert inner.means.tolist() == [[1.0, 1.0, 1.0, 4.0, 4.0, 4.0]]


def test_colour_alone_is_mirrored() -> None:
    digits = on_pixels(Stream("patches", "mnist", fourier=8, mirrored=False), (1, 4, 4), 0)
    colour = on_pixels(Stream("patches", "cifar10", fourier=8), (3, 4, 4), 0)
    assert digits.keys() == colour.keys() == set(PIXELS)
    assert {isinstance(learner, Mirrored) for learner in digits.values()} == {False}
    assert {isinstance(learner, Mirrored) for learner in colour.values()} == {True}


def test_all_learners_go_through_the_first_order_and_those_by_gradient_through_all() -> None:
    images, labels = clouds(classes=3, each=20, width=3 * 4 * 4)
    features = FeatureSet(images, labels, images, labels)
    metric = label_free_metric(48)
    prepared = Prepared(
        features, features, metric, metric.codes(images), metric.coordinates(images)
    )
    plan, pixels = Stream("patches", "cifar10", fourier=32), Pixels(features, (3, 4, 4))
    first, second = (one_order(plan, prepared, pixels, seed) for seed in (0, 1))
    assert first["pixels"].keys() == set(PIXELS)
    assert first["patches"].keys() == set(PATCHES)
    assert first["patches"]["ridge"]["same_bits_as_all_at_once"]
    assert first["patches"]["ridge"]["accuracy"] > 90
    assert second.keys() == {"patches"}
    assert second["patches"].keys() == set(PATCHES[PATCHES.index("replay, 20 a class") :])


def test_the_table_stands_on_what_records_there_are(tmp_path: Path) -> None:
    assert stream_table(tmp_path) == "no record yet"
    one = {"accuracy": 70.0, "interval": 0.9, "cpu_seconds_of_learning": 2.4}
    first = {"pixels": dict.fromkeys(PIXELS, one), "patches": dict.fromkeys(PATCHES, one)}
    second = {"patches": {"fine-tuning": one | {"accuracy": 60.0}}}
    record = {"metrics": {"orders": {"0": first, "1": second}}}
    (tmp_path / "classes-stream-mnist.json").write_text(json.dumps(record))
    lines = stream_table(tmp_path).splitlines()
    assert lines[0] == "| from | learner | MNIST % | MNIST, CPU seconds of learning |"
    assert "| pixels | RanDumb, published, 25,000 random Fourier features | 98.3 |  |" in lines
    assert "| patches | **ridge** | 70.0 ± 0.9 | 2 |" in lines
    assert "| patches | fine-tuning | 65.0 ± 0.9 | 2 |" in lines
