import math

import pytest
import torch
from pictures import CLASSES, SIDE, pixels
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.images.data import channel_statistics, normalise
from oneshot.images.kinds import Embedding
from oneshot.images.noprop.block import Block, BlockShape
from oneshot.images.noprop.chain import ChainSettings, Part
from oneshot.images.noprop.draws import block_generator, dropout_masks
from oneshot.images.noprop.dt import LARGEST_GAIN, WIDEST, DiscreteChain
from oneshot.images.noprop.labels import prototypes, random_embedding
from oneshot.images.noprop.stacked import Stack
from oneshot.images.noprop.trainable import Rates

T = 3
SHAPE = BlockShape(1, SIDE, SIDE, CLASSES, CLASSES)
RATES = Rates(1e-3, 1e-3)


def chain(
    blocks: tuple[int, ...] = (), together: int = 1, table: Tensor | None = None, seed: int = 0
) -> DiscreteChain:
    table = torch.eye(CLASSES) if table is None else table
    settings = ChainSettings(
        Schedule.cosine(T), RATES, seed=seed, together=together, part=Part(blocks)
    )
    statistics = channel_statistics(pixels()[0])
    shape = BlockShape(1, SIDE, SIDE, CLASSES, table.shape[1])
    return DiscreteChain(shape, statistics, table, settings, learn_table=len(table.T) != CLASSES)


def test_a_block_trained_alone_equals_the_same_block_trained_with_the_others() -> None:
    images, labels = pixels()
    together, alone = chain(), chain(blocks=(2,))
    for number in range(3):
        losses = together.step(images, labels, number)
        loss = alone.step(images, labels, number)
        assert torch.equal(losses[1:2], loss)
    for name, value in alone.stacked.tensors("blocks").items():
        stacked = together.stacked.tensors("blocks")[name]
        same = stacked if stacked.ndim == 0 else stacked[1:2]
        assert torch.equal(same, value), name


def test_blocks_that_step_together_equal_blocks_one_after_another() -> None:
    images, labels = pixels()
    one, all_at_once = chain(together=1), chain(together=T)
    for number in range(2):
        losses = one.step(images, labels, number)
        torch.testing.assert_close(all_at_once.step(images, labels, number), losses)


def test_the_loss_of_a_block_leaves_every_other_without_a_gradient() -> None:
    images, labels = pixels()
    trained = chain(together=T)
    states = [trained.stacked.lend(slice(t, t + 1)) for t in range(T)]
    for state in states:
        for value in state.values():
            value.grad = None
    stack = Stack(trained.shape, states[1], torch.float32, training=True)
    x = normalise(images, trained.mean_std)
    trained.losses(stack, [2], x, labels, 0).sum().backward()
    for t, state in enumerate(states):
        gradients = [v.grad for n, v in state.items() if "running" not in n]
        assert all((g is not None) if t == 1 else (g is None) for g in gradients)


def test_in_one_stack_the_other_blocks_gradients_are_exactly_zero() -> None:
    images, labels = pixels()
    trained = chain(together=T)
    state = trained.stacked.lend(slice(None))
    stack = Stack(trained.shape, state, torch.float32, training=True)
    losses = trained.losses(stack, [1, 2, 3], normalise(images, trained.mean_std), labels, 0)
    losses[1].backward()
    for name, value in state.items():
        if value.grad is not None and name.endswith("weight"):
            assert not value.grad[0].any(), name
            assert not value.grad[2].any(), name
    assert state["image.convolutions.0.weight"].grad is not None
    assert state["image.convolutions.0.weight"].grad[1].any()


def test_the_loss_is_that_of_equation_8_on_the_state_before_the_block() -> None:
    images, labels = pixels()
    trained = chain()
    x, t = normalise(images, trained.mean_std), 2
    block = Block(SHAPE)
    stacked = {name: value[t - 1] for name, value in trained.stacked.values.items()}
    block.load_state_dict(stacked, strict=False)
    generator = block_generator(0, t, "step", 0, torch.device("cpu"))
    before = trained.settings.schedule.alpha_bar[t - 1]
    noise = torch.randn(len(labels), CLASSES, generator=generator)
    u = torch.eye(CLASSES)[labels]
    z = math.sqrt(before) * u + math.sqrt(1 - before) * noise
    keep = [
        torch.ones(len(labels), *mask.shape[1:], dtype=torch.bool)
        for mask in dropout_masks(SHAPE, 1, torch.Generator(), cropped=False)
    ]
    drawn = dropout_masks(SHAPE, len(labels), generator)
    for whole, mask in zip(keep, drawn, strict=True):
        whole[..., : mask.shape[2], : mask.shape[3]] = mask
    estimate = block(x, z, keep).softmax(1)
    error = (estimate - u).square().sum(1).mean()
    snr = trained.settings.schedule.snr
    weight = T / 2 * 0.1 * min(float(snr[t] - snr[t - 1]), LARGEST_GAIN)
    lent = trained.stacked.lend(slice(t - 1, t))
    stack = Stack(SHAPE, lent, torch.float32, training=True)
    loss = trained.losses(stack, [t], x, labels, 0)[0]
    torch.testing.assert_close(loss, weight * error, rtol=1e-4, atol=1e-6)


def test_a_chain_learns_and_its_states_end_at_the_label() -> None:
    images, labels = pixels()
    trained = chain(together=T)
    for number in range(40):
        trained.step(images, labels, number)
    classifier = trained.walker()
    assert (classifier.logits(images).argmax(1) == labels).double().mean() > 0.9
    states = classifier.states(images)
    assert states.shape == (T + 1, len(labels), CLASSES)
    assert not states[0].any()
    sampled = trained.classifier(torch.Generator().manual_seed(0))
    assert (sampled.logits(images).argmax(1) == labels).double().mean() > 0.8
    assert classifier.logits(images[:0]).shape == (0, CLASSES)


def test_a_learned_embedding_moves_and_a_fixed_one_stays() -> None:
    images, labels = pixels()
    table = random_embedding(CLASSES, 6, torch.Generator().manual_seed(0))
    learned, fixed = chain(table=table), chain()
    for number in range(2):
        learned.step(images, labels, number)
        fixed.step(images, labels, number)
    assert not torch.equal(learned.table, table)
    assert torch.equal(fixed.table, torch.eye(CLASSES))


def test_bfloat16_stays_close_to_fp32() -> None:
    images, labels = pixels()
    settings = ChainSettings(Schedule.cosine(T), RATES, dtype=torch.bfloat16)
    statistics = channel_statistics(images)
    half = DiscreteChain(SHAPE, statistics, torch.eye(CLASSES), settings, learn_table=False)
    losses = half.step(images, labels, 0)
    torch.testing.assert_close(losses, chain().step(images, labels, 0), rtol=0.03, atol=1e-4)


def test_embeddings_are_orthogonal_where_they_can_be() -> None:
    rows = random_embedding(4, 20, torch.Generator().manual_seed(0))
    torch.testing.assert_close(rows @ rows.T, torch.eye(4))
    many = random_embedding(30, 20, torch.Generator().manual_seed(0))
    torch.testing.assert_close(many.norm(dim=1), torch.ones(30))
    assert Embedding("prototype").size(10, 784) == 784


def test_a_prototype_is_the_image_of_smallest_median_distance() -> None:
    line = torch.tensor([[0.0], [1.0], [1.2], [1.3], [9.0], [-5.0], [-4.0], [-4.1]])
    labels = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1])
    assert prototypes(line, labels, 2).flatten().tolist() == pytest.approx([1.2, -4.0])


def test_wide_embeddings_are_classified_with_one_and_the_same_draw() -> None:
    images = pixels()[0]
    wide = chain(table=random_embedding(CLASSES, WIDEST + 1, torch.Generator().manual_seed(0)))
    scores = wide.classifier().logits(images)
    assert torch.equal(wide.classifier().logits(images), scores)
    drawn = wide.classifier(torch.Generator().manual_seed(0)).logits(images)
    assert torch.equal(scores, drawn)
    assert not torch.equal(scores, wide.walker().logits(images))
    narrow = chain()
    assert torch.equal(narrow.classifier().logits(images), narrow.walker().logits(images))
