"""Blocks fitted on what softmax leaves: what one is, and where many of them end."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.core.residual import STEP, residual_blocks


def problem(seed, n=60, d=4, classes=3, ridge=0.05):
    """The fit and the loss of examples whose classes overlap."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    labels = (x @ torch.randn(d, classes, generator=generator, dtype=torch.float64)).argmax(1)
    noisy = torch.rand(n, generator=generator) < 0.2
    labels[noisy] = torch.randint(classes, (int(noisy.sum()),), generator=generator)
    truth = torch.nn.functional.one_hot(labels, classes).double()
    gram = x.T @ x + ridge * torch.eye(d, dtype=torch.float64)

    def fit(weights):
        return torch.linalg.solve(gram, x.T @ (truth - (x @ weights).softmax(1)))

    def loss(weights):
        return float(torch.nn.functional.cross_entropy(x @ weights, labels))

    return fit, loss, torch.zeros(d, classes, dtype=torch.float64)


def test_the_first_block_is_a_step_of_least_squares():
    fit, _, start = problem(0)
    assert torch.equal(residual_blocks(fit, start, 1), STEP * fit(start))
    assert torch.equal(residual_blocks(fit, start, 0), start)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_many_blocks_end_where_nothing_is_left_to_fit(seed):
    """At the maximum of the likelihood, which is what a probe trained by gradients looks for."""
    fit, loss, start = problem(seed)
    few, many = (residual_blocks(fit, start, blocks) for blocks in (5, 2000))
    assert loss(many) < loss(few) < loss(start)
    assert fit(many).abs().max() < 1e-3 * fit(start).abs().max()
