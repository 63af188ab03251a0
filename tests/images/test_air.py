"""Modern blocks: what they are made of, that each learns alone, and how a chain of them answers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from modern import chain, images, settings
from pictures import CLASSES, one_thread  # noqa: F401  (small products, busy machines)

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError
from oneshot.images.air.chain import AirBackprop, AirChain, AirEnsemble, AirSettings
from oneshot.images.air.network import AirShape, Filters, Head, whitening_filters
from oneshot.images.build import make_air, parameters_of
from oneshot.images.data import Inputs, channel_statistics, normalise
from oneshot.images.kinds import BlockKind, Dataset, Method
from oneshot.images.noprop.chain import Part
from oneshot.images.settings import TrainSettings


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


def test_sizes_are_counted_and_checked() -> None:
    inputs = Inputs(*Dataset.CIFAR10.size)
    (whole,) = parameters_of(TrainSettings.from_mapping({"block": "air"}), inputs)
    stages = parameters_of(TrainSettings.from_mapping({"block": "air-split"}), inputs)
    (wide,) = parameters_of(TrainSettings.from_mapping({"block": "air", "widen": 2}), inputs)
    banks = 24 * 64 + 64**2 + 64 * 256 + 256**2 + 256**2 + 256**2
    wider = 24 * 128 + 128**2 + 128 * 512 + 512**2 + 512 * 256 + 256**2
    offsets = 2 * (64 + 256)
    assert wide - whole == 9 * (wider - banks) + offsets
    ends = 64 * 4 * 10 + 256 * 4 * 10 + 2 * 10 * 10  # heads of the first two, and their labels
    assert sum(stages) == whole + ends
    with pytest.raises(BadInputError, match="at least 14"):
        AirShape(3, 13, 32, 10)
    with pytest.raises(BadInputError, match="trained in parts"):
        chain(BlockKind.AIR_SPLIT, Part((1,)))


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
