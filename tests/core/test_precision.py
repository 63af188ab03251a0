"""Products of small numbers: alike wherever they are computed, and by what is quick."""

import pytest
import torch
from torch import nn

from oneshot.core import precision


@pytest.mark.parametrize("quick", [True, False])
def test_maps_of_halves_are_those_of_whole_numbers_rounded_once(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_half_products", lambda device: quick)
    generator = torch.Generator().manual_seed(0)
    x, weight, bias = (
        torch.randn(shape, generator=generator).bfloat16() for shape in ((3, 5, 7), (4, 7), (4,))
    )
    found = precision.half_linear(x, weight, bias)
    exact = nn.functional.linear(x.double(), weight.double(), bias.double())
    assert found.dtype == torch.bfloat16
    assert found.shape == (3, 5, 4)
    torch.testing.assert_close(found.double(), exact, rtol=2**-7, atol=2**-7)


def test_where_the_processor_has_no_halves_nothing_is_multiplied_in_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "has_half_products", lambda device: False)
    seen, inner = [], nn.functional.linear

    def noted(x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        seen.append(x.dtype)
        return inner(x, *rest)

    monkeypatch.setattr(precision.F, "linear", noted)
    one = torch.ones(2, 2).bfloat16()
    precision.half_linear(one, one, one[0])
    assert seen == [torch.float32]


def test_accelerators_multiply_halves_and_no_bytes() -> None:
    assert precision.has_half_products("cuda")
    assert not precision.has_byte_products("cuda")
