"""Features as small integers: their Gram matrices are exact, whatever the order of the rows."""

import torch
from jaxtyping import Float, Float64, Int8, Int32
from torch import Tensor

from oneshot.core.precision import has_byte_products

LEVELS = 25
"""Steps of a code to one standard deviation; int8 then reaches five of them."""

_ROWS = 4096
"""Rows multiplied at a time."""

_EXACT = 1024
"""Rows whose products of two int8 sum exactly in fp32, 2^24 / 127^2."""

_IN_INT32 = 133_000
"""Rows whose products sum in int32, 2^31 / 127^2."""


def quantised(
    values: Float[Tensor, "n d"], centre: Float[Tensor, " d"], scale: Float[Tensor, " d"]
) -> Int8[Tensor, "n d"]:
    """Standardised values in steps of 1 / LEVELS, clipped to what int8 holds."""
    steps = (values - centre) * (LEVELS / scale)
    return steps.round_().clamp_(-127, 127).to(torch.int8)


def integer_gram(codes: Int8[Tensor, "n d"]) -> Int32[Tensor, "d d"] | Float64[Tensor, "d d"]:
    """codes^T codes, exact, in the smallest type that holds it.

    Products of int8 are about as fast as those of bfloat16 where the processor has any, and a
    hundred times slower than those of float32 where it has none.
    """
    width = codes.shape[1]
    kind = torch.int32 if len(codes) <= _IN_INT32 else torch.float64
    total = torch.zeros(width, width, dtype=kind, device=codes.device)
    exact = has_byte_products(codes.device.type) and width % 8 == 0
    for part in torch.split(codes, _ROWS if exact else _EXACT):
        if exact:
            total += torch._int_mm(part.T.contiguous(), part)
        else:
            total += (part.float().T @ part.float()).to(kind)
    return total
