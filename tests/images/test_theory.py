"""What local rules compute, on data small enough to know the answer."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.images.rules.marginal import Moments, solve_marginal
from oneshot.images.rules.oja import oja_step


def normal(seed, *size):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size, generator=generator, dtype=torch.float64)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_a_hebbian_rank_one_update_is_a_projected_gradient_step_of_reconstruction(seed):
    """y (x - y w), y = w . x, is half the descent of |x - y w|^2 in w on the unit sphere."""
    x, w = normal(seed, 6), normal(seed + 1, 6)
    w = (w / w.norm()).requires_grad_()
    loss = (x - (w @ x) * w).square().sum()
    (gradient,) = torch.autograd.grad(loss, w)
    unit = w.detach()
    tangent = gradient - (gradient @ unit) * unit
    hebbian = oja_step(unit[:, None], x[None])[:, 0]
    torch.testing.assert_close(hebbian, -tangent / 2)


def test_the_plain_hebbian_product_is_the_gradient_of_association():
    """x y^T is the descent of half |y - W^T x|^2 where the memory is still empty."""
    x, y = normal(1, 5), normal(2, 3)
    W = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad((y - x @ W).square().sum() / 2, W)
    torch.testing.assert_close(torch.outer(x, y), -gradient)


def test_oja_s_rule_finds_the_first_principal_components():
    spread = torch.tensor([3.0, 2.0, 1.5, 0.5, 0.3, 0.1], dtype=torch.float64)
    turn = torch.linalg.qr(normal(3, 6, 6)).Q
    data = normal(4, 4000, 6) * spread @ turn.T
    principal = torch.linalg.svd(data, full_matrices=False).Vh[:3]
    for component in principal:
        w = normal(5, 6, 1)
        for epoch in range(20):
            for batch in torch.split(data, 40):
                w = w + 0.02 / (1 + epoch) * oja_step(w, batch)
        assert float(w.norm()) == pytest.approx(1, abs=0.01)
        assert float((component @ w).abs()) > 0.999
        data = data - data @ w @ w.T  # what this unit explains is hidden from the next one


def test_xor_is_beyond_hebb_on_the_inputs_and_within_it_on_a_fixed_expansion():
    corners = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=2)))
    labels = corners.prod(1)
    plain = corners.T @ labels
    assert not plain.any(), "the sum of x y over the corners is zero"
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(2, 200, generator=generator)
    biases = torch.randn(200, generator=generator)
    expanded = (corners @ directions + biases).relu()
    expanded = expanded - expanded.mean(0)
    hebbian = expanded.T @ labels
    assert torch.equal((expanded @ hebbian).sign(), labels)


def test_a_chain_on_residuals_is_boosting_on_the_same_features():
    """Blocks of a few random units each, fitted on what is left, against trees on all units."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    generator = np.random.default_rng(0)
    inputs = generator.uniform(-1, 1, (600, 4))
    targets = np.sin(3 * inputs[:, 0]) + inputs[:, 1] * inputs[:, 2]
    units = np.maximum(inputs @ generator.normal(size=(4, 120)) + generator.normal(size=120), 0)
    trees = ensemble.GradientBoostingRegressor(n_estimators=12, max_depth=3, random_state=0)
    trees.fit(units[:400], targets[:400])
    losses = chain_losses(units, targets, blocks=12)
    variance = float(targets[400:].var())
    boosted = float(np.square(trees.predict(units[400:]) - targets[400:]).mean())
    assert all(later < sooner for sooner, later in itertools.pairwise(losses[:3]))
    assert losses[-1] < boosted < variance
    assert losses[-1] < 0.25 * variance


def chain_losses(units, targets, blocks):
    """Squared errors on the rows from 400 on after each block of ten units, fitted on the rest."""
    left = torch.from_numpy(targets - targets[:400].mean())[:, None]
    losses = []
    for part in torch.from_numpy(units).split(units.shape[1] // blocks, dim=1):
        features = part - part[:400].mean(0)
        (block,) = solve_marginal(Moments.of(features[:400], left[:400]), 1.0, [0.0])
        left = left - features @ block.read
        losses.append(float(left[400:].square().mean()))
    return losses
