import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from oneshot.core.features import STEPS, BinaryFeatures
from oneshot.errors import BadInputError


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _steps(*values: int) -> Tensor:
    return torch.tensor(values)


def _agreement(a: Tensor, b: Tensor) -> float:
    return float((a == b).float().mean())


def test_features_are_signs_and_follow_the_seed() -> None:
    entity, relation, step = _random(20, 6), _random(20, 3, seed=1), torch.arange(20) % STEPS
    first, again, other = (BinaryFeatures(6, 3, 256, s)(entity, relation, step) for s in (1, 1, 2))
    assert first.shape == (20, 256)
    assert first.dtype == torch.float32
    assert bool((first.abs() == 1).all())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_row_does_not_depend_on_its_batch() -> None:
    features = BinaryFeatures(16, 5, 512, 0)
    entity, relation, step = _random(9, 16), _random(9, 5, seed=1), torch.arange(9)
    together = features(entity, relation, step)
    alone = [features(entity[i : i + 1], relation[i : i + 1], step[i : i + 1]) for i in range(9)]
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("distance", [0.5, 1.0, 4.0, 12.0])
def test_agreement_falls_with_the_angle_as_documented(distance: float) -> None:
    width = 2.0
    first = 8.0 * normalize(_random(1, 10), dim=1)
    second = first + distance * width * normalize(_random(1, 10, seed=1), dim=1)
    a, b = (torch.cat([code, torch.tensor([[width]])], 1) for code in (first, second))
    angle = math.acos(float(torch.cosine_similarity(a, b)))
    features = BinaryFeatures(10, 1, 20_000, 0, width)
    relation = torch.ones(1, 1)
    a, b = (features(code, relation, _steps(0)) for code in (first, second))
    assert _agreement(a, b) == pytest.approx(1 - angle / math.pi, abs=0.015)


def test_one_entity_agrees_and_two_do_not() -> None:
    features = BinaryFeatures(32, 1, 4096, 0, width=1.0)
    codes = 6.0 * normalize(_random(2, 32), dim=1)
    near = codes[:1] + normalize(_random(1, 32, seed=1), dim=1)
    taught, same, other = features(
        torch.cat([codes[:1], near, codes[1:]]), torch.ones(3, 1), _steps(0, 0, 0)
    )
    assert _agreement(taught, same) > 0.9
    assert _agreement(taught, other) < 0.65


def test_every_part_of_the_address_has_to_match() -> None:
    features = BinaryFeatures(8, 4, 4096, 0)
    entity, classes = _random(1, 8).expand(3, 8), torch.eye(4)[[0, 1, 0]]
    taught, other_relation, other_step = features(entity, classes, _steps(2, 2, 3))
    assert _agreement(taught, other_relation) == pytest.approx(0.5, abs=0.05)
    assert _agreement(taught, other_step) == pytest.approx(0.5, abs=0.05)


def test_a_zero_relation_still_gives_signs() -> None:
    f = BinaryFeatures(2, 2, 64, 0)(torch.zeros(1, 2), torch.zeros(1, 2), _steps(STEPS - 1))
    assert bool((f.abs() == 1).all())


@pytest.mark.parametrize("step", [-1, STEPS])
def test_steps_out_of_range_are_refused(step: int) -> None:
    with pytest.raises(BadInputError, match="steps"):
        BinaryFeatures(2, 2, 8, 0)(torch.zeros(1, 2), torch.zeros(1, 2), _steps(step))


@pytest.mark.parametrize("sizes", [(0, 1, 8), (1, 0, 8), (1, 1, 0)])
def test_empty_sizes_and_widths_are_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(BadInputError, match="positive"):
        BinaryFeatures(*sizes, seed=0)
    with pytest.raises(BadInputError, match="width"):
        BinaryFeatures(1, 1, 8, seed=0, width=0.0)


def test_no_rows_give_no_features() -> None:
    features = BinaryFeatures(2, 3, 8, 0)
    none = features(torch.zeros(0, 2), torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
    assert none.shape == (0, features.size)
