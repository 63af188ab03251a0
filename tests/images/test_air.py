"""Modern blocks: what they are made of, that each learns alone, and that runs are whole."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pictures import CLASSES, SIDE, one_thread, pixels  # noqa: F401

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError
from oneshot.images.air.chain import AirBackprop, AirChain, AirEnsemble, AirSettings
from oneshot.images.air.network import AirShape, Filters, Head, whitening_filters
from oneshot.images.build import load_trainee, make_air, new_trainee, parameters_of
from oneshot.images.data import ImageSet, Inputs, channel_statistics, normalise
from oneshot.images.kinds import BlockKind, Dataset, Method, Precision
from oneshot.images.model import accuracy, silent
from oneshot.images.noprop.chain import WHOLE, Part
from oneshot.images.settings import TrainSettings
from oneshot.images.training.beginning import Place, Trainee
from oneshot.images.training.parallel import read_joined
from oneshot.images.training.train import Run

CPU = torch.device("cpu")
MODERN = (BlockKind.AIR, BlockKind.AIR_SPLIT)


def images() -> ImageSet:
    return ImageSet("toy", CLASSES, *pixels(24), *pixels(8))


def settings(block: BlockKind = BlockKind.AIR, **changes: object) -> TrainSettings:
    small = {"width": 16, "batch": 8, "epochs": 3, "shift": 1, "flip": False, "save_every": 4}
    return TrainSettings.from_mapping({"block": block, **small, **changes})


def chain(block: BlockKind, part: Part = WHOLE, **changes: object) -> AirChain:
    made = new_trainee(settings(block, **changes), images(), part)
    assert isinstance(made, AirChain)
    return made


def same(one: Trainee, other: Trainee) -> bool:
    left, right = one.tensors(), other.tensors()
    return left.keys() == right.keys() and all(torch.equal(left[n], right[n]) for n in left)


def test_whitened_patches_are_uncorrelated_and_of_deviation_1() -> None:
    generator = torch.Generator().manual_seed(0)
    grains = torch.randn(50, 3, 17, 17, generator=generator)
    pictures = torch.nn.functional.avg_pool2d(grains, 2, stride=1)  # neighbours are alike
    patches = torch.nn.functional.unfold(pictures, 2).transpose(1, 2).flatten(0, 1)
    before = torch.corrcoef(patches.T) - torch.eye(12)
    assert float(before.abs().max()) > 0.3
    filters = whitening_filters(pictures)
    maps = torch.nn.functional.conv2d(pictures, filters).transpose(0, 1).flatten(1)
    assert torch.equal(filters[12:], -filters[:12])
    after = torch.cov(maps[:12]) - torch.eye(12)
    assert float(after.abs().max()) < 0.01


def test_new_filters_copy_the_maps_before() -> None:
    filters = Filters(4, 6)
    filters.reset(torch.Generator().manual_seed(0))
    maps = torch.randn(2, 4, 5, 5, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        made = filters(maps)
    assert torch.allclose(made[:, :4], maps, atol=1e-6)
    assert not torch.allclose(made[:, 4], maps[:, 0], atol=0.1)


@given(st.floats(0.001, 0.97), st.integers(0, 2**31))
def test_a_head_begins_with_exactly_what_a_noised_label_says(share: float, seed: int) -> None:
    z = torch.randn(3, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    head = Head(2, 5, 1, share**0.5 / (1 - share)).double()
    head.reset(torch.Generator().manual_seed(0))
    with torch.no_grad():
        said = head(torch.zeros(3, 2, dtype=torch.float64), z).softmax(-1)
    distances = torch.cdist(z, math.sqrt(share) * torch.eye(5, dtype=torch.float64))
    posterior = (-(distances**2) / (2 * (1 - share))).softmax(-1)
    assert torch.allclose(said, posterior, atol=1e-5)


@pytest.mark.parametrize("method", [Method.DT, Method.ENSEMBLE])
def test_a_network_trained_alone_is_the_one_trained_beside_others(method: Method) -> None:
    alone = chain(BlockKind.AIR, Part((2,)), T=2, method=method)
    both = chain(BlockKind.AIR, T=2, method=method)
    x, y = images().train_images, images().train_labels
    for number in range(3):
        alone.step(x[:8], y[:8], number)
        both.step(x[:8], y[:8], number)
    whole = both.tensors()
    assert all(torch.equal(value, whole[name]) for name, value in alone.tensors().items())
    assert not torch.equal(whole["block1.head.weight"], whole["block2.head.weight"])


def test_no_gradient_passes_from_a_stage_to_the_one_before() -> None:
    plain, odd = chain(BlockKind.AIR_SPLIT), chain(BlockKind.AIR_SPLIT)
    for t in (2, 3):
        odd.blocks[t].head.weight.data.mul_(-3)
    x, y = images().train_images[:8], images().train_labels[:8]
    losses = [made.step(x, y, 0) for made in (plain, odd)]
    assert losses[0][1] != losses[1][1]
    for name, value in plain.tensors().items():
        if name.startswith("block1."):
            assert torch.equal(value, odd.tensors()[name]), name


def test_backpropagation_passes_through_all_stages() -> None:
    plain = chain(BlockKind.AIR_SPLIT, method=Method.BACKPROP)
    odd = chain(BlockKind.AIR_SPLIT, method=Method.BACKPROP)
    assert isinstance(plain, AirBackprop)
    odd.blocks[3].head.weight.data.mul_(-3)
    x, y = images().train_images[:8], images().train_labels[:8]
    for made in (plain, odd):
        made.step(x, y, 0)
    name = "block1.trunk.1.first.weight"
    assert not torch.equal(plain.tensors()[name], odd.tensors()[name])


def run(folder: Path | None, own: TrainSettings, *, resume: bool = False) -> Run:
    return Run(new_trainee(own, images()), images(), own, Place(folder, resume))


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("method", [Method.DT, Method.BACKPROP, Method.ENSEMBLE])
@pytest.mark.parametrize("block", MODERN)
def test_a_stopped_run_goes_on_to_the_same_bits(
    block: BlockKind, method: Method, precision: Precision, tmp_path: Path
) -> None:
    from oneshot.errors import Stopped

    own = settings(block, method=method, precision=precision, flip=True)
    whole = run(None, own)
    whole.train(silent)
    stopped = run(tmp_path, own)
    before = {name: value.clone() for name, value in stopped.trainee.tensors().items()}
    with pytest.raises(Stopped):
        stopped.train(silent, stop=lambda: stopped.done == 5)
    name = "block1.trunk.1.first.weight"
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


def test_a_model_that_mirrors_says_the_same_of_mirror_images() -> None:
    x = images().test_images
    for flip in (False, True):
        made = chain(BlockKind.AIR, flip=flip, precision="float32")
        made.step(images().train_images, images().train_labels, 0)
        one, other = (made.classifier().logits(seen) for seen in (x, x.flip(3)))
        assert torch.allclose(one, other, atol=1e-5) == flip


def test_z_is_walked_from_zero_or_from_noise_to_a_label() -> None:
    made = chain(BlockKind.AIR, T=3)
    walker = made.walker()
    x = images().test_images
    states = walker.states(x)
    assert states.shape == (4, 8, CLASSES)
    assert float(states[0].abs().max()) == 0
    assert torch.allclose(states[-1].sum(1), torch.ones(8), atol=0.01)
    scores = walker.block_scores(x)
    assert torch.equal(walker.scores_given(x, states[1], 2), scores[1])
    assert torch.equal(walker.logits(x), scores[-1])
    drawn = [made.walker(torch.Generator().manual_seed(0)).states(x) for _ in range(2)]
    assert torch.equal(*drawn)
    assert not torch.equal(drawn[0], states)


def test_an_ensemble_is_the_mean_of_its_blocks() -> None:
    made = chain(BlockKind.AIR, T=2, method=Method.ENSEMBLE, precision="float32")
    assert isinstance(made, AirEnsemble)
    x, zero = images().test_images, torch.zeros(8, CLASSES)
    shares = [made.walker().scores_given(x, zero, t).softmax(1) for t in (1, 2)]
    said = made.classifier().logits(x).softmax(1)
    assert torch.allclose(said, (shares[0] + shares[1]) / 2, atol=1e-5)
    assert made.blocks[2].head.label.abs().max() < 0.01  # z_0 says nothing


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
        ({"block": "vgg"}, "paper, air, air-split"),
    ):
        with pytest.raises(BadInputError, match=message):
            TrainSettings.from_mapping(values)


def test_sizes_are_counted_and_checked() -> None:
    inputs = Inputs(*Dataset.CIFAR10.size)
    (whole,) = parameters_of(TrainSettings.from_mapping({"block": "air"}), inputs)
    stages = parameters_of(TrainSettings.from_mapping({"block": "air-split"}), inputs)
    ends = 64 * 4 * 10 + 256 * 4 * 10 + 2 * 10 * 10  # heads of the first two, and their labels
    assert sum(stages) == whole + ends
    with pytest.raises(BadInputError, match="at least 14"):
        AirShape(3, 13, 32, 10)
    with pytest.raises(BadInputError, match="trained in parts"):
        chain(BlockKind.AIR_SPLIT, Part((1,)))


@pytest.mark.gpu
@pytest.mark.parametrize("block", MODERN)
def test_a_cuda_device_trains_and_classifies(block: BlockKind, tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    cuda = torch.device("cuda")
    moved = ImageSet("toy", CLASSES, *(v.to(cuda) for v in (*pixels(24), *pixels(8))))
    own = settings(block, epochs=8)
    classifier = Run(new_trainee(own, moved), moved, own, Place(tmp_path)).train(silent)
    assert accuracy(classifier, moved.test_images, moved.test_labels) > 0.7
    _, _, loaded = load_trainee(tmp_path, cuda)
    x = moved.test_images
    assert torch.equal(loaded.classifier().logits(x), classifier.logits(x))


def test_whatever_is_made_lies_on_the_filters_device() -> None:
    """What a CUDA run needs, seen without one: no tensor is made on another device by itself."""
    own, inputs = settings(), images().inputs
    meta = torch.device("meta")
    filters = torch.zeros(8, 1, 2, 2, device=meta)
    made = make_air(own, inputs, torch.zeros(2, 1, device=meta), filters)
    assert {value.device for value in made.tensors().values()} == {meta}
    assert made.walker().table.device == meta


def test_statistics_and_filters_come_from_training_pictures() -> None:
    seen = images()
    made = chain(BlockKind.AIR)
    statistics = channel_statistics(seen.train_images)
    wanted = whitening_filters(normalise(seen.train_images, statistics))
    assert torch.equal(made.tensors()["whitening"], wanted)
    assert torch.equal(made.tensors()["mean_std"], statistics)
    assert (seen.train_images.shape[2], SIDE) == (14, 14)


def test_a_schedule_that_ends_in_the_label_needs_no_readout() -> None:
    own = AirSettings(Schedule.cosine(2), 0.1)
    made = AirChain(
        AirShape(1, 14, 14, CLASSES, (16, 16, 16)),
        torch.tensor([[0.0], [1.0]]),
        whitening_filters(images().train_images.float() / 255),
        own,
    )
    x = images().test_images
    z, scores = made.walker().states(x)[-1], made.walker().logits(x)
    assert torch.equal(z.argmax(1), scores.argmax(1))
