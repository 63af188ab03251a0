"""Runs of modern blocks: stopped and gone on from, saved and loaded, in parts, on other devices."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from modern import MODERN, chain, images, settings
from pictures import CLASSES, one_thread, pixels  # noqa: F401  (small products, busy machines)

from oneshot.errors import BadInputError, Stopped
from oneshot.images.build import blocks_at_a_time, load_trainee, new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.kinds import BlockKind, Method, Precision
from oneshot.images.model import accuracy, silent
from oneshot.images.noprop.chain import Part
from oneshot.images.settings import TrainSettings
from oneshot.images.training.beginning import Place, Trainee
from oneshot.images.training.parallel import read_joined
from oneshot.images.training.train import Run

CPU = torch.device("cpu")


def run(folder: Path | None, own: TrainSettings, *, resume: bool = False) -> Run:
    return Run(new_trainee(own, images()), images(), own, Place(folder, resume))


def same(one: Trainee, other: Trainee) -> bool:
    left, right = one.tensors(), other.tensors()
    return left.keys() == right.keys() and all(torch.equal(left[n], right[n]) for n in left)


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("method", [Method.DT, Method.BACKPROP, Method.ENSEMBLE])
@pytest.mark.parametrize("block", MODERN)
def test_a_stopped_run_goes_on_to_the_same_bits(
    block: BlockKind, method: Method, precision: Precision, tmp_path: Path
) -> None:
    own = settings(block, method=method, precision=precision, flip=True)
    whole = run(None, own)
    whole.train(silent)
    stopped = run(tmp_path, own)
    before = {name: value.clone() for name, value in stopped.trainee.tensors().items()}
    with pytest.raises(Stopped):
        stopped.train(silent, stop=lambda: stopped.done == 5)
    name = "block1.head.weight"
    assert not torch.equal(before[name], stopped.trainee.tensors()[name])
    resumed = run(tmp_path, own, resume=True)
    resumed.train(silent)
    assert same(whole.trainee, resumed.trainee)


@pytest.mark.parametrize("block", MODERN)
def test_a_trained_folder_classifies_as_it_did(block: BlockKind, tmp_path: Path) -> None:
    own = settings(block, epochs=8)
    trained = run(tmp_path, own)
    classifier = trained.train(silent)
    x, y = images().test_images, images().test_labels
    assert accuracy(classifier, x, y) > 0.7
    loaded_settings, inputs, loaded = load_trainee(tmp_path, CPU)
    assert (loaded_settings, inputs) == (own, images().inputs)
    assert torch.equal(loaded.classifier().logits(x), classifier.logits(x))
    assert loaded.classifier().block_scores(x).shape == (own.T, 8, CLASSES)
    assert loaded.classifier().logits(x[:0]).shape == (0, CLASSES)


def test_a_new_run_begins_with_the_weights_of_another(tmp_path: Path) -> None:
    own = settings(epochs=1)
    first = run(tmp_path, own)
    first.train(silent)
    begun = Run(new_trainee(own, images()), images(), own, Place(start=tmp_path)).trainee.tensors()
    fresh = new_trainee(own, images()).tensors()
    for name, value in first.trainee.tensors().items():
        kept = fresh[name] if name.endswith("momentum_buffer") else value
        assert torch.equal(begun[name], kept), name
    assert not torch.equal(begun["block1.head.weight"], fresh["block1.head.weight"])


def test_processes_that_train_networks_alone_make_one_model(tmp_path: Path) -> None:
    own = settings(T=2, epochs=2)
    whole = run(tmp_path / "whole", own)
    whole.train(silent)
    for rank, t in enumerate((1, 2)):
        place = Place(tmp_path / "parts" / f"blocks-{rank}", blocks=(t,))
        Run(chain(BlockKind.AIR, Part((t,)), T=2, epochs=2), images(), own, place).train(silent)
    joined, alone = read_joined(tmp_path / "parts"), read_joined(tmp_path / "whole")
    assert joined.tensors.keys() == alone.tensors.keys()
    assert all(torch.equal(joined.tensors[name], v) for name, v in alone.tensors.items())


def test_each_picture_is_seen_both_ways_in_two_epochs() -> None:
    seen: list[torch.Tensor] = []

    class Spy:
        def step(self, images: torch.Tensor, labels: torch.Tensor, number: int) -> torch.Tensor:
            seen.append(images[labels.argsort()])
            return torch.zeros(1)

        def set_learning_rate(self, rate: float) -> None: ...

        def tensors(self) -> dict[str, torch.Tensor]:
            return {}

        def classifier(self) -> "Spy":
            return self

        def logits(self, images: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(images), 24)

        def block_scores(self, images: torch.Tensor) -> torch.Tensor:
            return torch.zeros(1, len(images), 24)

    numbered = ImageSet("toy", 24, pixels(24)[0], torch.arange(24), *pixels(8))
    own = settings(batch=24, epochs=2, flip=True, shift=0)
    Run(Spy(), numbered, own, Place()).train(silent)
    first, second = seen
    x = numbered.train_images
    ways = [(first == way).flatten(1).all(1) for way in (x, x.flip(3))]
    assert 4 < int(ways[0].sum()) < 20
    assert bool((ways[0] | ways[1]).all())
    assert torch.equal(second, first.flip(3))


def test_a_recipe_is_what_nothing_else_was_said_of() -> None:
    digits, things = (
        TrainSettings.from_mapping({"block": "air", "dataset": name, "epochs": 2})
        for name in ("mnist", "cifar100")
    )
    assert (digits.T, digits.flip, digits.width) == (1, False, 256)
    assert (things.batch, things.flip, things.width, things.anneal) == (500, True, 384, True)
    assert TrainSettings.from_mapping({"block": "air", "batch": 100}).batch == 100
    assert TrainSettings.from_mapping({}) == TrainSettings()
    for values, message in (
        ({"block": "air", "method": "ct"}, "give dt, backprop or ensemble"),
        ({"block": "air", "embedding": "learned"}, "only the paper block has embedding"),
        ({"block": "air-split", "T": 5}, "its 3 stages are the blocks"),
        ({"width": 300}, "only a modern block has width"),
        ({"widen": 2}, "only a modern block has widen"),
        ({"block": "vit", "widen": 2}, "a modern block has widen"),
        ({"block": "vgg"}, "paper, air, air-split, vit"),
    ):
        with pytest.raises(BadInputError, match=message):
            TrainSettings.from_mapping(values)


def test_hidden_squares_are_at_most_half_a_picture() -> None:
    own = settings(cutout=7, epochs=1)
    run(None, own).train(silent)
    with pytest.raises(BadInputError, match="cutout = 8 came; give at most 7"):
        run(None, replace(own, cutout=8))


def test_all_blocks_of_the_paper_step_together_on_a_gpu() -> None:
    own = TrainSettings(T=10)
    assert [blocks_at_a_time(own, torch.device(kind)) for kind in ("cpu", "cuda")] == [1, 10]
    assert blocks_at_a_time(replace(own, together=5), torch.device("cuda")) == 5
