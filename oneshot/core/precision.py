"""Where products of small numbers are quick, and products that are quick everywhere."""

from functools import cache

import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from jaxtyping import BFloat16
from torch import Tensor


@cache
def has_half_products(device: str) -> bool:
    """Whether a kind of device ("cpu", "cuda") has fast products of bfloat16 numbers.

    Processors without AVX-512 or matrix units have none: there torch multiplies number by number,
    ten times slower than in float32.
    """
    return device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


@cache
def has_byte_products(device: str) -> bool:
    """Whether a kind of device has fast products of int8 numbers: processors with AVX-512 VNNI."""
    return device == "cpu" and torch.cpu._is_vnni_supported()


def half_linear(
    x: BFloat16[Tensor, "*n d"], weight: BFloat16[Tensor, "m d"], bias: BFloat16[Tensor, " m"]
) -> BFloat16[Tensor, "*n m"]:
    """The affine map, added up in float32 and rounded once, by whatever products are quick here."""
    if has_half_products(x.device.type):
        return F.linear(x, weight, bias)
    return F.linear(x.float(), weight.float(), bias.float()).bfloat16()
