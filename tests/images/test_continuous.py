import pytest
import torch
from pictures import CLASSES, SIDE, one_thread, pixels

from oneshot.core.schedule import Schedule
from oneshot.images.baselines.backprop import BackpropChain
from oneshot.images.baselines.ensemble import Ensemble
from oneshot.images.data import channel_statistics, normalise
from oneshot.images.noprop.block import BlockShape
from oneshot.images.noprop.chain import ChainSettings
from oneshot.images.noprop.continuous import Continuous, ContinuousSettings
from oneshot.images.noprop.ct import ContinuousTime, gamma, schedule_parameters
from oneshot.images.noprop.dt import DiscreteChain
from oneshot.images.noprop.flow import FlowMatching
from oneshot.images.noprop.labels import random_embedding
from oneshot.images.noprop.stacked import Stack
from oneshot.images.noprop.trainable import Rates
from oneshot.images.training.memory import fresh_chain, measure_memory

__all__ = ["one_thread"]

KINDS = {"ct": ContinuousTime, "fm": FlowMatching}
RATES = Rates(1e-3, 1e-3, decoupled=False)  # those of the runs; at 3e-3 a fitted block leaps away


def model(kind: str, *, learned: bool = False, anchor: bool = False) -> Continuous:
    table = torch.eye(CLASSES)
    if learned:
        table = random_embedding(CLASSES, 6, torch.Generator().manual_seed(0))
    settings = ContinuousSettings(RATES, 8, anchor=anchor or learned)
    shape = BlockShape(1, SIDE, SIDE, CLASSES, table.shape[1], timed=True)
    return KINDS[kind](shape, channel_statistics(pixels()[0]), table, settings, learn_table=learned)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("learned", [False, True])
def test_a_continuous_block_learns(kind: str, learned: bool) -> None:
    images, labels = pixels()
    trained = model(kind, learned=learned)
    first = trained.step(images, labels, 0)
    for number in range(1, 60):
        last = trained.step(images, labels, number)
    assert last[0] < first[0]
    right = trained.classifier().logits(images).argmax(1) == labels
    assert right.double().mean() > 0.8  # chance is 0.25
    table = trained.table
    assert torch.equal(table, torch.eye(CLASSES)) is not learned


def test_a_flow_that_predicts_the_label_ends_at_its_last_estimate() -> None:
    images, labels = pixels()
    table, statistics = torch.eye(CLASSES), channel_statistics(pixels()[0])
    settings = ContinuousSettings(RATES, 8, endpoint=True)
    shape = BlockShape(1, SIDE, SIDE, CLASSES, CLASSES, timed=True)
    trained = FlowMatching(shape, statistics, table, settings, learn_table=False)
    for number in range(60):
        trained.step(images, labels, number)
    right = trained.classifier().logits(images).argmax(1) == labels
    assert right.double().mean() > 0.8
    z, logits = torch.randn(3, CLASSES), torch.randn(3, CLASSES)
    moved = trained.move(z, lambda z, t: logits, 8, 8)
    torch.testing.assert_close(moved, logits.softmax(1))


def test_gamma_falls_from_its_first_end_to_its_last() -> None:
    values = schedule_parameters()
    generator = torch.Generator().manual_seed(0)
    for name in ("slope", "shift", "height"):
        values[f"gamma.{name}"] = torch.randn(32, generator=generator)
    levels = gamma(values, torch.linspace(0, 1, 101))
    assert bool((levels.diff() < 0).all())
    torch.testing.assert_close(levels[[0, -1]], values["gamma.ends"])


def test_the_learned_schedule_moves_and_gives_the_steps_of_dt() -> None:
    images, labels = pixels()
    trained = model("ct")
    assert isinstance(trained, ContinuousTime)
    before = trained.schedule(10).alpha_bar
    for number in range(3):
        trained.step(images, labels, number)
    after = trained.schedule(10)
    assert not torch.equal(before, after.alpha_bar)
    z, estimate = torch.randn(2, CLASSES), torch.randn(2, CLASSES).softmax(1)
    a, b, _ = after.coefficients(4)
    torch.testing.assert_close(after.step(z, estimate, 4), a * estimate + b * z)


def test_the_images_features_are_made_once_and_do_not_change_the_answer() -> None:
    images, labels = pixels(8)
    trained = model("ct")
    trained.step(images, labels, 0)
    made: list[int] = []

    class Counting(Stack):
        def trunk(self, *arguments: object, **options: object) -> torch.Tensor:
            made.append(1)
            return super().trunk(*arguments, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oneshot.images.noprop.continuous.Stack", Counting)
        states = trained.classifier(steps=5).states(images)
    assert made == [1]
    assert states.shape == (6, 8, CLASSES)
    stack = Stack(trained.shape, trained.block.values, torch.float32, training=False)
    z = trained.start(torch.zeros(8, CLASSES))
    for step in range(1, 6):

        def logits_at(z: torch.Tensor, t: float) -> torch.Tensor:
            code = stack.trunk(normalise(images, trained.mean_std))
            return stack.head(code, stack.label(z[None]), torch.full((1, 8), t))[0]

        z = trained.move(z, logits_at, step, 5)
    assert torch.equal(states[-1], z)


def test_the_anchor_adds_a_cross_entropy_to_flow_matching() -> None:
    images, labels = pixels()
    assert model("fm").step(images, labels, 0).shape == (1,)
    assert model("fm", anchor=True).step(images, labels, 0).shape == (2,)


def backprop(T: int = 3) -> BackpropChain:
    shape = BlockShape(1, SIDE, SIDE, CLASSES, CLASSES)
    settings = ChainSettings(Schedule.cosine(T), Rates(1e-3, 1e-3))
    statistics = channel_statistics(pixels()[0])
    return BackpropChain(shape, statistics, torch.eye(CLASSES), settings, learn_table=False)


def test_backprop_trains_the_same_chain_end_to_end() -> None:
    images, labels = pixels()
    trained = backprop()
    start = trained.stacked.values["image.linear.weight"].clone()
    for number in range(20):
        trained.step(images, labels, number)
    moved = trained.stacked.values["image.linear.weight"] != start
    assert bool(moved.flatten(1).any(1).all())
    right = trained.classifier().logits(images).argmax(1) == labels
    assert right.double().mean() > 0.9


def test_backprop_keeps_every_blocks_activations_and_noprop_one_blocks() -> None:
    """Bytes that autograd keeps for the backward pass, of ten blocks over two."""
    shape = BlockShape(1, SIDE, SIDE, CLASSES, CLASSES)
    memory = measure_memory(shape, 3, torch.float32, *pixels())
    assert memory.growth < 1.1
    assert memory.backprop_growth > 4
    assert memory.backprop_activation_mib > 2 * memory.activation_mib > 0
    chain = fresh_chain(DiscreteChain, shape, 1, torch.float32, torch.device("cpu"))
    held = [v for n, v in chain.tensors().items() if "running" not in n and n.startswith("blocks")]
    held += [v.grad for v in held if v.grad is not None]
    size = sum(value.nbytes for value in held) / 2**20
    assert memory.state_mib_per_block == pytest.approx(size, rel=0.01)


def test_an_ensemble_averages_blocks_that_read_noise() -> None:
    images, labels = pixels()
    shape = BlockShape(1, SIDE, SIDE, CLASSES, CLASSES)
    settings = ChainSettings(Schedule.cosine(3), Rates(1e-3, 1e-3))
    statistics = channel_statistics(images)
    trained = Ensemble(shape, statistics, torch.eye(CLASSES), settings, learn_table=False)
    for number in range(30):
        trained.step(images, labels, number)
    shares = trained.classifier().logits(images).exp()
    torch.testing.assert_close(shares.sum(1), torch.ones(len(images)))
    assert (shares.argmax(1) == labels).double().mean() > 0.8
    x, z = normalise(images, statistics), torch.zeros(len(images), CLASSES)
    with torch.no_grad():
        single = [trained.walker().scores(x, z, t).softmax(1) for t in (1, 2, 3)]
    torch.testing.assert_close(shares, torch.stack(single).mean(0))
