"""The adjoint method: its gradients are those of backpropagation through the same solver."""

import pytest
import torch
from pictures import CLASSES, SIDE, pixels
from torch import Tensor

from oneshot.images.baselines import adjoint
from oneshot.images.baselines.adjoint import Adjoint, pull_back, solve
from oneshot.images.data import channel_statistics
from oneshot.images.noprop.block import BlockShape
from oneshot.images.noprop.continuous import ContinuousSettings
from oneshot.images.noprop.labels import random_embedding
from oneshot.images.noprop.trainable import Rates
from oneshot.images.training.memory import activation_bytes


def model(steps: int, rate: float = 1e-3, *, learned: bool = False) -> Adjoint:
    table = torch.eye(CLASSES)
    if learned:
        table = random_embedding(CLASSES, 6, torch.Generator().manual_seed(0))
    settings = ContinuousSettings(Rates(rate, 1e-3), steps)
    shape = BlockShape(1, SIDE, SIDE, CLASSES, table.shape[1], timed=True)
    statistics = channel_statistics(pixels()[0])
    return Adjoint(shape, statistics, table, settings, learn_table=learned)


def gradients(trained: Adjoint) -> dict[str, Tensor]:
    """Of one training step, as they are when the optimiser is asked to move."""
    found: dict[str, Tensor] = {}
    values = trained.block.values | trained.ends.values

    def keep() -> None:
        found.update({n: v.grad.clone() for n, v in values.items() if v.grad is not None})

    trained.update = keep  # type: ignore[method-assign]
    trained.step(*pixels(), 0)
    return found


def through_the_solver(trained: Adjoint, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """The same with every step kept: z_1 depends on the leaves, and `a` goes back along it."""

    def backprop(field: adjoint.Field, _: Tensor, a: Tensor, steps: int) -> None:
        z = torch.zeros_like(a)
        solve(field, z, steps).backward(a)

    with monkeypatch.context() as patch:
        patch.setattr(adjoint, "pull_back", backprop)
        return gradients(trained)


def distance(steps: int, monkeypatch: pytest.MonkeyPatch, *, learned: bool = False) -> float:
    """The relative error of the gradient, all parameters taken as one vector."""
    one = gradients(model(steps, learned=learned))
    other = through_the_solver(model(steps, learned=learned), monkeypatch)
    assert one.keys() == other.keys()
    assert ("table" in one) is learned
    assert all(value.any() for value in other.values())
    whole, error = (
        torch.cat([value.flatten() for value in values])
        for values in (other.values(), [one[n] - other[n] for n in other])
    )
    return float(error.norm() / whole.norm())


@pytest.mark.parametrize("learned", [False, True])
def test_gradients_equal_those_of_backprop_within_a_hundredth(
    learned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 64 steps, and the nearer the shorter the steps; the kinks of ReLU make it first order."""
    near = distance(64, monkeypatch, learned=learned)
    assert near < 1e-2
    assert near < distance(8, monkeypatch, learned=learned) / 3


def test_a_pulled_back_state_starts_where_it_came_from() -> None:
    """On a field with a known solution: z' = c z, with the gradient of c by hand."""
    c = torch.tensor(-1.3, dtype=torch.float64, requires_grad=True)
    z = torch.tensor([[0.5, 2.0]], dtype=torch.float64)
    end = solve(lambda z, t: c * z, z, 200).detach()
    torch.testing.assert_close(end, z * torch.exp(c.detach()), rtol=1e-5, atol=0)
    start, a = pull_back(lambda z, t: c * z, end, torch.ones_like(z), 200)
    torch.testing.assert_close(start, z, rtol=1e-4, atol=0)
    torch.testing.assert_close(a, torch.exp(c.detach()).expand_as(a), rtol=1e-4, atol=0)
    assert c.grad is not None
    torch.testing.assert_close(c.grad, end.sum(), rtol=1e-4, atol=0)


def test_nothing_is_kept_of_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = (
        activation_bytes(lambda steps=steps: model(steps).step(*pixels(), 0)) for steps in (2, 20)
    )
    assert many == few
    kept = activation_bytes(lambda: through_the_solver(model(20), monkeypatch))
    assert kept > 3 * many


def test_an_ode_learns_and_ends_where_its_solver_ends() -> None:
    images, labels = pixels()
    trained = model(4, rate=3e-3)
    losses = [float(trained.step(images, labels, number)) for number in range(40)]
    assert losses[-1] < losses[0] / 2
    classifier = trained.classifier()
    right = classifier.logits(images).argmax(1) == labels
    assert right.double().mean() > 0.8
    assert not classifier.states(images)[0].any()
