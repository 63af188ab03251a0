"""Streams that are seen once: the rivals' sums, the one pass, and the table of records."""

import json
from pathlib import Path

import pytest
import torch
from sklearn.covariance import OAS
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from experiments.classes.hosts.features import FeatureSet
from experiments.classes.learning.rivals import NearestMean
from experiments.classes.learning.streams import (
    Discriminant,
    Fourier,
    OnCodes,
    OnPixels,
    oas_shrinkage,
)
from experiments.classes.learning.written import Written
from experiments.classes.protocols.incremental import Prepared, label_free_metric
from experiments.classes.protocols.stream import Stream, all_figures, once, read_stream
from experiments.classes.stream_tables import LEARNERS, stream_table
from oneshot.classes.writers.ridge import RidgeWriter
from oneshot.images.data import ImageSet
from oneshot.images.features.coded import PatchCodes
from oneshot.images.features.patches import PatchSettings, fit_bank


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
    images = torch.arange(6, dtype=torch.uint8).view(1, 1, 2, 3)
    inner = NearestMean(cosine=False)
    unscaled = torch.tensor([[0.0], [1 / 255]])
    OnPixels(inner, unscaled, mirrored=True).learn(images, torch.tensor([0]))
    assert torch.allclose(inner.means, torch.tensor([[1.0, 1, 1, 4, 4, 4]]))


def tiny_set(classes: int = 3, each: int = 20) -> ImageSet:
    generator = torch.Generator().manual_seed(4)
    patterns = torch.randint(60, 190, (classes, 3, 32, 32), generator=generator)
    labels = torch.arange(classes).repeat_interleave(each)
    noise = torch.randint(-40, 40, (len(labels), 3, 32, 32), generator=generator)
    images = (patterns[labels] + noise).to(torch.uint8)
    return ImageSet("tiny", classes, images, labels, images, labels)


def test_a_writer_codes_images_as_they_come() -> None:
    images = tiny_set()
    bank = fit_bank(images.train_images, PatchSettings(filters=8, size=4), torch.Generator())
    codes = PatchCodes.standardised(bank, images.train_images)
    metric = label_free_metric(len(codes.centre))
    learner = OnCodes(codes, RidgeWriter(metric))
    labels = images.train_labels
    found = once(learner, images.train_images, images.test_images, labels, labels)
    assert found["accuracy"] == 100
    other = Written(RidgeWriter(metric))
    other.learn(codes(images.train_images.flip(0)), labels.flip(0))
    mine = learner.written.writer.state()
    assert all(torch.equal(mine[name], value) for name, value in other.writer.state().items())


def test_what_is_held_out_for_tuning_is_the_end_of_each_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = tiny_set()
    monkeypatch.setattr("experiments.classes.protocols.stream.load_images", lambda *_: images)
    plan = Stream("cifar10", "cifar100")
    assert read_stream(plan, None, tuning=False) is images
    split = read_stream(plan, None, tuning=True)
    assert torch.equal(split.test_images[:4], images.train_images[16:20])
    assert len(split.train_images) == 48


def test_patches_of_the_stream_itself_are_refused() -> None:
    with pytest.raises(SystemExit, match="another set"):
        Stream("cifar10", "cifar10")


def test_all_go_through_the_first_order_and_learners_by_gradient_through_all() -> None:
    images = tiny_set()
    raw, labels = images.train_images.flatten(1)[:, :48].float() / 60, images.train_labels
    features, metric = FeatureSet(raw, labels, raw, labels), label_free_metric(48)
    prepared = Prepared(features, features, metric, metric.codes(raw), metric.coordinates(raw))
    plan = Stream("cifar10", "cifar100", fourier=32, seeds=(0, 1))
    found = all_figures(plan, prepared, images, {})
    assert found["pixels"].keys() == set(LEARNERS["pixels"])
    assert found["features"].keys() == set(LEARNERS["features"])
    runs = {name: len(figures) for name, figures in found["features"].items()}
    assert runs["ridge"] == runs["nearest mean"] == 1
    assert runs["fine-tuning"] == runs["replay, 20 a class"] == 2
    assert found["features"]["ridge"][0]["same_bits_as_all_at_once"]
    assert found["features"]["ridge"][0]["accuracy"] > 90


def test_the_table_stands_on_what_records_there_are(tmp_path: Path) -> None:
    assert stream_table(tmp_path) == "no record yet"
    one = {"accuracy": 70.0, "interval": 0.9, "cpu_seconds_of_learning": 2.4}
    learners = {kind: {name: [one] for name in names} for kind, names in LEARNERS.items()}
    learners["features"]["fine-tuning"].append(one | {"accuracy": 60.0})
    metrics = {"width": 2048, "width_of_codes": 8704, "learners": learners}
    path = tmp_path / "classes-stream-mnist.json"
    path.write_text(json.dumps({"metrics": metrics}))
    lines = stream_table(tmp_path).splitlines()
    assert lines[0] == "| from | learner | MNIST % | MNIST, CPU seconds of learning |"
    assert "| pixels | RanDumb, published, 25,000 random Fourier features | 98.3 |  |" in lines
    assert "| patches, all 8,704 | **ridge** | 70.0 ± 0.9 | 2 |" in lines
    assert "| patches, 2,048 components | fine-tuning | 65.0 ± 0.9 | 2 |" in lines
