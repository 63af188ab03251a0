"""Patch features against a direct computation, and exact integer Gram matrices."""

from dataclasses import replace
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.errors import BadInputError
from oneshot.images.features import integers
from oneshot.images.features.deep import DeepSettings, fit_deep
from oneshot.images.features.integers import LEVELS, integer_gram, quantised
from oneshot.images.features.patches import PatchSettings, fit_bank, window_means

SMALL = PatchSettings(filters=8, size=4, stride=2, bin=2, cells=2, mirror=False, sample=500)


def random_images(count=20, channels=3, height=13, width=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(
        256, (count, channels, height, width), generator=generator, dtype=torch.uint8
    )


def small_bank(patch_settings=SMALL, images=None):
    images = random_images() if images is None else images
    return fit_bank(images, patch_settings, torch.Generator().manual_seed(1))


def direct_responses(bank, image):
    """Responses at each position of one image by the definition, [rows, columns, filters]."""
    size, stride = bank.settings.size, bank.settings.stride
    rows = range(0, image.shape[1] - size + 1, stride)
    columns = range(0, image.shape[2] - size + 1, stride)
    filters = bank.filters
    found = torch.empty(len(rows), len(columns), len(filters.offsets))
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            patch = image[:, top : top + size, left : left + size].permute(1, 2, 0).flatten()
            patch = patch.float() - patch.float().mean()
            contrast = (patch.square().mean() + 100).sqrt()
            found[i, j] = patch @ filters.weights.float() / contrast - filters.offsets
    return found


def test_features_are_those_of_the_definition():
    images = random_images()
    bank = small_bank()
    pooled = bank.pooled(images[:1]).view(2, 2, 2, 8).square()
    responses = direct_responses(bank, images[0])  # 5 rows, the last outside any bin, x 5
    high = (responses - bank.filters.thresholds).relu()[:4, :4]
    low = (-responses - bank.filters.thresholds).relu()[:4, :4]
    for sign, part in enumerate((high, low)):
        bins = part.reshape(2, 2, 2, 2, -1).mean((1, 3))
        torch.testing.assert_close(pooled[0, 0, sign], bins.mean((0, 1)), rtol=0.05, atol=0.02)


def test_filters_sum_to_zero_and_thresholds_silence_the_stated_share():
    bank = small_bank()
    assert bank.filters.weights.float().sum(0).abs().max() < 0.02
    images = random_images(seed=5)
    responses = torch.stack([direct_responses(bank, image) for image in images])
    silent = (responses.abs() < bank.filters.thresholds).float().mean()
    assert abs(float(silent) - SMALL.quiet) < 0.1


def test_whitened_directions_have_about_unit_spread():
    images = random_images(100)
    bank = small_bank(images=images)
    responses = torch.stack([direct_responses(bank, image) for image in images]).flatten(0, 2)
    assert 0.7 < float(responses.std(0).mean()) < 1.1


def test_mirrored_features_do_not_tell_an_image_from_its_mirror_image():
    images = random_images()
    mirrored = PatchSettings(filters=8, size=4, cells=2, bin=2, mirror=True, sample=500)
    bank = small_bank(mirrored)
    torch.testing.assert_close(bank.pooled(images), bank.pooled(images.flip(3)))


def test_the_same_generator_gives_the_same_bank():
    first, second = small_bank(), small_bank()
    assert torch.equal(first.filters.weights, second.filters.weights)
    assert torch.equal(first.filters.thresholds, second.filters.thresholds)


DEEP = DeepSettings(filters=6, channels=5, size=2, cells=2, sample=50)


def deep_bank(mirror=False, settings=DEEP):
    images = random_images()
    first = PatchSettings(filters=8, size=4, bin=2, cells=2, mirror=mirror, sample=500)
    generator = torch.Generator().manual_seed(2)
    return fit_deep(small_bank(first, images), images, settings, generator)


def test_the_second_layer_adds_its_features_to_the_first_one_s():
    images, bank = random_images(seed=3), deep_bank()
    pooled = bank.pooled(images)
    shallow = bank.first.pooled(images)
    torch.testing.assert_close(pooled[:, : shallow.shape[1]], shallow)
    maps = (bank.first.bins(images).sqrt() - bank.centre) @ bank.components
    corner = torch.cat([maps[:, i, j] for i in range(2) for j in range(2)], dim=1)
    corner = corner.view(20, 2, 2, 5).permute(0, 3, 1, 2).flatten(1)  # channel, row, column
    corner = corner / (corner.square().mean(1, keepdim=True) + bank.softening).sqrt()
    responses = corner @ bank.filters.weights.float() - bank.filters.offsets
    expected = (responses - bank.filters.thresholds).relu()
    whole = replace(bank, settings=replace(DEEP, cells=5))  # a window for every position
    found = whole.pooled(images)[:, shallow.shape[1] :].view(20, 5, 5, 2, 6)
    torch.testing.assert_close(found[:, 0, 0, 0].square(), expected, rtol=0.05, atol=0.03)


def test_the_second_layer_does_not_tell_an_image_from_its_mirror_image():
    images, bank = random_images(seed=3), deep_bank(mirror=True)
    torch.testing.assert_close(bank.pooled(images), bank.pooled(images.flip(3)))


@pytest.mark.parametrize("change", [{"channels": 17}, {"size": 6}, {"filters": 5000}])
def test_a_second_layer_larger_than_its_maps_is_refused(change):
    with pytest.raises(BadInputError, match="ask for fewer"):
        deep_bank(settings=replace(DEEP, **change))


@pytest.mark.parametrize("change", [{"filters": 0}, {"quiet": 0.0}, {"whitening": -1.0}])
def test_second_layer_settings_out_of_range_are_refused(change):
    with pytest.raises(BadInputError, match="second-layer settings"):
        replace(DEEP, **change)


def test_windows_are_means_that_overlap():
    bins = torch.arange(9.0).view(1, 9, 1, 1)
    assert window_means(bins, 3)[0, :, 0, 0].tolist() == [1.5, 3.5, 6.5]


@pytest.mark.parametrize("cells", [1, 2, 3, 4])
def test_windows_cover_every_bin(cells):
    patch_settings = PatchSettings(filters=4, size=4, bin=1, cells=cells, sample=200)
    pooled = small_bank(patch_settings).pooled(random_images())
    assert pooled.shape == (20, cells * cells * 8)
    assert bool(torch.isfinite(pooled).all())


def test_a_patch_larger_than_the_image_is_refused():
    with pytest.raises(BadInputError, match="go smaller"):
        small_bank(PatchSettings(filters=4, size=14))


def test_a_bin_larger_than_the_image_is_refused():
    with pytest.raises(BadInputError, match="an image has 2 x 1 patches; give smaller"):
        small_bank(PatchSettings(filters=4, size=12, bin=3))


def test_more_filters_than_patches_are_refused():
    with pytest.raises(BadInputError, match="ask for fewer"):
        small_bank(PatchSettings(filters=5000, size=12, bin=1))


@pytest.mark.parametrize("change", [{"filters": 0}, {"quiet": 1.0}, {"whitening": 0.0}])
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(BadInputError, match="patch settings"):
        PatchSettings(**change)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 5000), st.sampled_from([3, 8, 16]), st.integers(0, 2**31), st.booleans())
def test_gram_matrices_are_exact_and_ignore_the_order_of_rows(rows, width, seed, quick):
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(-127, 128, (rows, width), generator=generator).to(torch.int8)
    with mock.patch.object(integers, "has_byte_products", return_value=quick):
        gram = integer_gram(codes)
        again = integer_gram(codes[torch.randperm(rows, generator=generator)])
    assert torch.equal(gram.long(), codes.long().T @ codes.long())
    assert torch.equal(gram, again)


def test_codes_are_within_half_a_step_and_clipped():
    values = torch.tensor([[0.0, 1.0], [0.51, 1e6], [-2.0, -1e6]])
    codes = quantised(values, torch.zeros(2), torch.ones(2))
    assert codes[1:, 1].tolist() == [127, -127]
    assert ((codes[:, 0].float() / LEVELS - values[:, 0]).abs() <= 0.5 / LEVELS + 1e-6).all()
