"""Blocks that are transformers: what z is to them, and that draws of it do not meet."""

import pytest
import torch
from modern import chain, images
from pictures import CLASSES, one_thread  # noqa: F401  (small products, busy machines)

from oneshot.images.air.transformer import VitBlock, VitShape
from oneshot.images.build import parameters_of
from oneshot.images.data import Inputs
from oneshot.images.kinds import BlockKind, Dataset
from oneshot.images.noprop.chain import Part
from oneshot.images.settings import TrainSettings

SHAPE = VitShape(1, 14, 14, CLASSES, 16)


@pytest.fixture(scope="module")
def block() -> VitBlock:
    return SHAPE.block(1, torch.empty(0), 0.0, torch.Generator().manual_seed(0))


def test_an_image_is_its_whole_patches_and_z_is_one_token_more(block: VitBlock) -> None:
    x = torch.randn(5, 1, 14, 14, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps = block.trunk(x)
        cut = block.trunk(torch.cat([x[..., :12], 0 * x[..., :2]], 3))
    assert maps.shape == (5, SHAPE.tokens, 16) == (5, 9, 16)
    assert torch.equal(maps, cut)
    assert not torch.equal(maps, block.trunk(x.flip(3)))


def test_draws_of_z_are_read_each_by_itself(block: VitBlock) -> None:
    generator = torch.Generator().manual_seed(0)
    code = torch.randn(5, 9 * 16, generator=generator)
    z = torch.randn(3, 5, CLASSES, generator=generator)
    with torch.no_grad():
        together = block.head(code, z)
        alone = torch.stack([block.head(code, draw) for draw in z])
    assert torch.allclose(together, alone, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-3)


def test_what_z_tells_is_learned() -> None:
    made = chain(BlockKind.VIT, Part((2,)), T=2)
    grey, y = torch.full_like(images().train_images, 128), images().train_labels
    z = torch.eye(CLASSES)[y]
    before = made.walker().scores_given(grey, z, 2).softmax(1)[z.bool()]
    for number in range(40):
        made.step(grey, y, number)
    after = made.walker().scores_given(grey, z, 2).softmax(1)[z.bool()]
    assert float(before.mean()) < 0.35
    assert float(after.mean()) > 0.4


def test_its_size_is_that_of_the_tiny_one() -> None:
    tiny = TrainSettings.from_mapping({"block": "vit", "dataset": "cifar10"})
    layers = 6 * 12 * 192**2
    ends = 192 * (48 + 64 + 10 + 1 + 10)
    assert parameters_of(tiny, Inputs(*Dataset.CIFAR10.size)) == [layers + ends]
