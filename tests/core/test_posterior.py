"""Posteriors are those of Bayes' rule."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oneshot.core.rules.posterior import posterior_weights
from oneshot.errors import BadInputError


def _brute_force(evidence: Tensor, z: Tensor, u: Tensor, share: float, heat: float) -> list[float]:
    """Bayes with the normal densities written out, for one query."""
    spread = 1 - share
    exponents = [
        (float(e) - float((z - share**0.5 * target).square().sum()) / (2 * spread)) / heat
        for e, target in zip(evidence, u, strict=True)
    ]
    odds = [math.exp(x) for x in exponents]
    return [o / sum(odds) for o in odds]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0, 0.95), st.sampled_from([0.5, 1.0, 3.0]))
def test_posterior_is_bayes_rule(seed: int, share: float, heat: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    evidence, z, u = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((3, 5), (3, 4), (5, 4))
    )
    evidence[0, 2] = -math.inf
    got = posterior_weights(evidence, z, u, share, heat)
    expected = [_brute_force(evidence[i], z[i], u, share, heat) for i in range(3)]
    torch.testing.assert_close(got, torch.tensor(expected, dtype=torch.float64))
    assert float(got[0, 2]) == 0


def test_rows_without_an_eligible_fact_are_null() -> None:
    evidence = torch.tensor([[-math.inf, -math.inf], [-math.inf, -50.0]])
    got = posterior_weights(evidence, torch.ones(2, 3), torch.eye(2, 3), 0.5)
    assert torch.equal(got, torch.tensor([[0.0, 0.0], [0.0, 1.0]]))


def test_no_facts_give_no_weights() -> None:
    got = posterior_weights(torch.zeros(2, 0), torch.ones(2, 3), torch.zeros(0, 3), 0.5)
    assert got.shape == (2, 0)


@pytest.mark.parametrize(("share", "heat"), [(1.0, 1.0), (-0.1, 1.0), (0.5, 0.0)])
def test_posteriors_that_do_not_exist_are_refused(share: float, heat: float) -> None:
    with pytest.raises(BadInputError, match="alpha_bar"):
        posterior_weights(torch.zeros(1, 1), torch.ones(1, 2), torch.ones(1, 2), share, heat)
