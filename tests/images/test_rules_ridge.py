"""The gradient-free chain: the noise is integrated out, and a chain classifies real digits."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import one_thread

from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Rule
from oneshot.images.model import Classifier, accuracy, silent
from oneshot.images.rules import ridge
from oneshot.images.rules.marginal import Moments, solve_marginal
from oneshot.images.rules.ridge import train
from oneshot.images.rules.ridge_settings import RidgeSettings
from oneshot.images.rules.saved import RuleRun, load_model, save_model
from oneshot.images.sets.loading import load_images
from oneshot.images.settings import TrainSettings
from oneshot.images.training.checkpoint import CheckpointError

__all__ = ["one_thread"]

TINY = RidgeSettings(blocks=2, filters=16, stride=3, mirror=False)
ALONE = replace(TINY, independent=True)
SHARP = replace(TINY, fits=12)


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return load_images("mnist", None, torch.device("cpu")).first(600, 300)


def example(seed, n=12, d=5, m=3):
    generator = torch.Generator().manual_seed(seed)
    draw = [torch.randn(n, k, generator=generator, dtype=torch.float64) for k in (d, m)]
    return draw[0], draw[1], generator


def fitted(inputs, targets, ridge):
    eye = torch.eye(inputs.shape[1], dtype=torch.float64)
    return torch.linalg.solve(inputs.T @ inputs + ridge * eye, inputs.T @ targets)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.0, 1.0), st.floats(0.01, 10.0))
def test_the_marginal_solution_is_least_squares_on_noise_of_exact_moments(seed, share, ridge):
    """Noise that runs through plus and minus sqrt(m) e_j has the normal's first two moments."""
    F, U, _ = example(seed)
    m = U.shape[1]
    noise = m**0.5 * torch.cat([torch.eye(m), -torch.eye(m)]).double()
    z = share**0.5 * U[:, None] + (1 - share) ** 0.5 * noise
    inputs = torch.cat([F[:, None].expand(-1, 2 * m, -1), z], dim=2).flatten(0, 1)
    expected = fitted(inputs, U.repeat_interleave(2 * m, 0), ridge * 2 * m)
    (found,) = solve_marginal(Moments.of(F, U), ridge, [share])
    torch.testing.assert_close(torch.cat([found.read, found.state]), expected)


def test_sampled_solutions_approach_the_marginal_one():
    F, U, generator = example(3)
    (limit,) = solve_marginal(Moments.of(F, U), 0.5, [0.4])
    distances = []
    for draws in (50, 20_000):
        noise = torch.randn(draws, *U.shape, generator=generator, dtype=torch.float64)
        z = 0.4**0.5 * U + 0.6**0.5 * noise
        inputs = torch.cat([F.expand(draws, -1, -1), z], dim=2).flatten(0, 1)
        solution = fitted(inputs, U.repeat(draws, 1), 0.5 * draws)
        distances.append(float((solution - torch.cat([limit.read, limit.state])).norm()))
    assert distances[1] < 0.02
    assert distances[1] < distances[0] / 4


def test_every_share_comes_from_one_factorisation():
    F, U, _ = example(4)
    shares = [0.0, 0.3, 0.9]
    together = solve_marginal(Moments.of(F, U), 1.0, shares)
    for share, denoiser in zip(shares, together, strict=True):
        (alone,) = solve_marginal(Moments.of(F, U), 1.0, [share])
        torch.testing.assert_close(alone.read, denoiser.read)
    assert not together[0].state.any(), "pure noise says nothing"
    torch.testing.assert_close(together[0].read, fitted(F, U, 1.0))


def test_a_ridge_that_is_not_positive_is_refused():
    F, U, _ = example(5)
    with pytest.raises(BadInputError, match="positive"):
        solve_marginal(Moments.of(F, U), 0.0, [0.5])


@pytest.fixture(scope="module")
def residual_chain(digits):
    return train(digits, TINY, silent)


@pytest.fixture(scope="module")
def deep_chain(digits):
    return train(digits, replace(TINY, blocks=1, stride=1, bin=3, deep=24, deep_cells=3), silent)


@pytest.fixture(scope="module")
def independent_chain(digits):
    return train(digits, ALONE, silent)


@pytest.fixture(scope="module")
def sharp_chain(digits):
    return train(digits, SHARP, silent)


@pytest.mark.parametrize(
    ("kind", "floor"),
    [
        ("residual_chain", 0.85),
        ("independent_chain", 0.75),
        ("deep_chain", 0.85),
        ("sharp_chain", 0.8),
    ],
)
def test_a_chain_classifies_digits(digits, kind, floor, request):
    chain = request.getfixturevalue(kind)
    assert isinstance(chain, Classifier)
    assert accuracy(chain, digits.test_images, digits.test_labels) > floor


@pytest.mark.parametrize("plan", [TINY, SHARP])
def test_each_residual_block_leaves_less(digits, plan):
    left: list[float] = []
    train(digits, plan, lambda progress: left.append(progress.figures["left"]))
    assert len(left) == 2
    assert left[1] < left[0] < 1


def test_independent_blocks_know_nothing_of_each_other(digits, independent_chain, monkeypatch):
    """Block 2 is the same, bit for bit, when block 1 has been spoilt."""
    solve, calls = ridge.solve_marginal, []

    def spoilt(moments, strength, shares):
        calls.append(shares)
        found = solve(moments, strength, shares)
        return [replace(d, read=d.read * 0) for d in found] if len(calls) == 1 else found

    monkeypatch.setattr(ridge, "solve_marginal", spoilt)
    chain = train(digits, ALONE, silent)
    assert not chain.blocks[0].read.any()
    assert torch.equal(chain.blocks[1].read, independent_chain.blocks[1].read)
    assert calls == [[pytest.approx(1e-6)], [pytest.approx(0.5, abs=1e-5)]]


@pytest.mark.parametrize("kind", ["residual_chain", "sharp_chain"])
def test_a_stopped_chain_goes_on_to_the_same_bits(digits, kind, request):
    chain = request.getfixturevalue(kind)
    first, *_ = ridge.grow(digits, chain.settings, silent)
    assert len(first.blocks) == 1
    *_, second = ridge.grow(digits, chain.settings, silent, start=first.blocks)
    assert second.blocks[0].read is first.blocks[0].read
    assert torch.equal(second.blocks[1].read, chain.blocks[1].read)


def test_test_images_are_not_looked_at(digits, residual_chain):
    blank = ImageSet(
        digits.name,
        10,
        digits.train_images,
        digits.train_labels,
        torch.zeros_like(digits.test_images),
        torch.zeros_like(digits.test_labels),
    )
    chain = train(blank, TINY, silent)
    assert torch.equal(chain.blocks[1].read, residual_chain.blocks[1].read)


@pytest.mark.parametrize(
    "kind", ["residual_chain", "independent_chain", "deep_chain", "sharp_chain"]
)
def test_a_saved_chain_answers_bit_for_bit(digits, kind, request, tmp_path):
    chain = request.getfixturevalue(kind)
    save_model(tmp_path, RuleRun(Rule.RIDGE, TrainSettings(), digits.inputs), chain)
    _, loaded = load_model(tmp_path, torch.device("cpu"))
    assert loaded.settings == chain.settings
    assert torch.equal(loaded.logits(digits.test_images), chain.logits(digits.test_images))


def test_a_damaged_folder_is_refused(digits, residual_chain, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_model(tmp_path, torch.device("cpu"))
    save_model(tmp_path, RuleRun(Rule.RIDGE, TrainSettings(), digits.inputs), residual_chain)
    (state,) = tmp_path.glob("*.safetensors")
    state.write_bytes(state.read_bytes()[:-5])
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(tmp_path, torch.device("cpu"))


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": 0},
        {"ridge": 0.0},
        {"sizes": []},
        {"step": 1.5},
        {"fits": -1},
        {"fits": 3, "independent": True},
        {"fits": 3, "step": 0.5},
    ],
)
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(BadInputError, match="came; give"):
        RidgeSettings(**change)


def test_no_images_give_no_scores(digits, residual_chain):
    assert residual_chain.logits(digits.test_images[:0]).shape == (0, 10)
