"""Tests of the optimiser that makes steps orthogonal: torch's steps, whatever the precision."""

import pytest
import torch
from torch import Tensor, nn

from oneshot.images.air import muon

RATE, MOMENTUM, ITERATIONS = 0.1, 0.6, 3
SHAPES = (8, 24), (24, 8), (16, 16)


def stepped(make: str, steps: int = 3) -> list[Tensor]:
    """Weights of several shapes after a few steps on gradients that are the same each time."""
    generator = torch.Generator().manual_seed(0)
    weights = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]
    optimiser: torch.optim.Optimizer
    if make == "torch":
        optimiser = torch.optim.Muon(
            weights, lr=RATE, weight_decay=0.0, momentum=MOMENTUM, ns_steps=ITERATIONS
        )
    else:
        optimiser = muon.Muon(weights, RATE, MOMENTUM, ITERATIONS)
        for weight in weights:
            optimiser.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
    for _ in range(steps):
        for weight in weights:
            weight.grad = torch.randn(weight.shape, generator=generator)
        optimiser.step()
    return [weight.detach() for weight in weights]


@pytest.mark.parametrize("halves", [True, False])
def test_steps_are_those_of_torch(halves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muon, "has_half_products", lambda device: halves)
    for own, theirs in zip(stepped("own"), stepped("torch"), strict=True):
        if halves:
            assert torch.equal(own, theirs)
        else:
            assert not torch.equal(own, theirs)
            torch.testing.assert_close(own, theirs, atol=0.02, rtol=0)


def test_without_halves_singular_values_are_near_one_and_nothing_is_rounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(muon, "has_half_products", lambda device: False)
    matrix = torch.randn(8, 24, generator=torch.Generator().manual_seed(1))
    found = muon.orthogonal(matrix, 5)
    assert found.dtype == torch.float32
    assert torch.linalg.svdvals(found).sub(1).abs().max() < 0.4
