import pytest
import torch
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.noprop.block import KEPT, Block, BlockShape, parameters_per_block
from oneshot.images.noprop.draws import block_generator, dropout_masks, mask_shapes
from oneshot.images.noprop.stacked import Stack, stacked_state

CPU = torch.device("cpu")
SMALL = BlockShape(1, 20, 23, 4, 4)
SHAPES = {
    "dt": SMALL,
    "image labels": BlockShape(2, 21, 20, 3, 840, image_labels=True),
    "timed": BlockShape(1, 20, 20, 3, 3, timed=True),
}


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        (BlockShape(1, 28, 28, 10, 10), 919_946),
        (BlockShape(3, 32, 32, 10, 10), 1_215_434),
        (BlockShape(3, 32, 32, 100, 100), 1_250_084),
        (BlockShape(3, 32, 32, 10, 3072, image_labels=True), 1_992_714),
        (BlockShape(1, 28, 28, 10, 10, timed=True), 867_722),
        (BlockShape(3, 32, 32, 10, 10, timed=True), 1_163_210),
    ],
)
def test_a_block_has_the_papers_number_of_parameters(shape: BlockShape, count: int) -> None:
    assert parameters_per_block(shape) == count


def test_images_that_the_convolutions_would_eat_are_refused() -> None:
    assert BlockShape(1, 14, 14, 2, 2).features == 128
    with pytest.raises(BadInputError, match="at least 14 x 14"):
        BlockShape(1, 13, 14, 2, 2)
    assert BlockShape(3, 64, 64, 10, 10).filters == (32, 64, 128, 256)


def reference(shape: BlockShape, state: dict[str, Tensor], t: int) -> Block:
    block = Block(shape)
    block.load_state_dict({name: value[t] for name, value in state.items()}, strict=False)
    return block


def inputs(shape: BlockShape, g: int, n: int = 6) -> tuple[Tensor, Tensor, Tensor | None]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(n, shape.channels, shape.height, shape.width, generator=generator)
    z = torch.randn(g, n, shape.embedding, generator=generator)
    return images, z, torch.rand(g, n, generator=generator) if shape.timed else None


def masks(shape: BlockShape, t: int, n: int = 6) -> list[Tensor]:
    return dropout_masks(shape, n, block_generator(0, t, "drop", 0, CPU), cropped=False)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_stacked_blocks_equal_the_readable_ones(kind: str, training: bool) -> None:
    shape, g = SHAPES[kind], 3
    state = stacked_state(shape, range(g), seed=5)
    blocks = [reference(shape, state, t).train(training) for t in range(g)]
    images, z, times = inputs(shape, g)
    keep = [masks(shape, t) for t in range(g)] if training else None
    expected = torch.stack(
        [
            block(images, z[t], keep and keep[t], None if times is None else times[t])
            for t, block in enumerate(blocks)
        ]
    )
    trained = {n: v.requires_grad_() for n, v in state.items() if "running" not in n}
    stack = Stack(shape, state, torch.float32, training)
    layers = len(shape.filters)
    stacked = [torch.stack(layer) for layer in zip(*keep, strict=True)] if keep else None
    code = stack.trunk(images, stacked and stacked[:layers])
    logits = stack.head(code, stack.label(z, stacked and stacked[layers:]), times)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    (logits.square().sum() + 0).backward()
    expected.square().sum().backward()
    for t, block in enumerate(blocks):
        for name, parameter in block.named_parameters():
            gradient = trained[name].grad
            assert gradient is not None
            torch.testing.assert_close(gradient[t], parameter.grad, rtol=2e-3, atol=2e-4)
        for name, buffer in block.named_buffers():
            if "tracked" not in name:
                torch.testing.assert_close(state[name][t], buffer, rtol=1e-4, atol=1e-5)


def test_a_block_starts_the_same_whichever_others_are_made_with_it() -> None:
    together, alone = stacked_state(SMALL, [1, 2, 3], 7), stacked_state(SMALL, [2], 7)
    assert all(torch.equal(together[name][1], alone[name][0]) for name in alone)
    other = stacked_state(SMALL, [2], 8)
    assert not torch.equal(other["out.weight"], alone["out.weight"])


def test_no_pixel_that_is_cropped_reaches_the_output() -> None:
    shape = BlockShape(3, 32, 32, 10, 10)
    assert shape.used(32) == 30
    assert BlockShape(1, 28, 28, 10, 10).used(28) == 26
    block = reference(shape, stacked_state(shape, [0], 0), 0).eval()
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    z = torch.zeros(2, 10)
    changed = images.clone()
    changed[..., 30:, :] = 9.0
    changed[..., :, 30:] = 9.0
    assert torch.equal(block(images, z), block(changed, z))
    changed[..., 29, 29] = 9.0
    assert not torch.equal(block(images, z), block(changed, z))


def test_dropout_keeps_its_share_and_depends_on_its_key_alone() -> None:
    drawn = [dropout_masks(SMALL, 50, block_generator(0, 1, "drop", s, CPU)) for s in (0, 0, 1)]
    assert all(map(torch.equal, drawn[0], drawn[1]))
    assert not torch.equal(drawn[0][0], drawn[2][0])
    share = torch.cat([mask.flatten() for mask in drawn[0]]).double().mean()
    assert abs(float(share) - KEPT) < 0.005
    shapes = [tuple(mask.shape[1:]) for mask in drawn[0]]
    assert shapes == mask_shapes(SMALL, cropped=True)
    assert shapes != mask_shapes(SMALL, cropped=False)
