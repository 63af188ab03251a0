"""Window codes: at every position the states of the last w tokens, projected by a metric."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

MAX_WIDTH = 6  # tokens of a name that its code looks at


def shifted(states: Float[Tensor, "batch seq width"], by: int) -> Float[Tensor, "batch seq width"]:
    """States moved `by` positions to the right, zeros (no token) moving in."""
    if by == 0:
        return states
    zeros = states.new_zeros(states.shape[0], min(by, states.shape[1]), states.shape[2])
    return torch.cat([zeros, states[:, : max(0, states.shape[1] - by)]], 1)


def windows_from(
    states: Float[Tensor, "batch seq width"], start: int, size: int = MAX_WIDTH
) -> Float[Tensor, "batch new window"]:
    """The states of positions p, p-1, ... p-size+1 side by side, at every position p >= start."""
    return torch.cat([shifted(states, j)[:, start:] for j in range(size)], 2)


def window_at(
    states: Float[Tensor, "batch seq width"], position: Int[Tensor, " batch"], size: int
) -> Float[Tensor, "batch window"]:
    """The window that ends at one position of each row."""
    rows = torch.arange(len(states), device=states.device)
    parts = []
    for j in range(size):
        index = position - j
        part = states[rows, index.clamp_min(0)]
        parts.append(part * (index >= 0).unsqueeze(1))
    return torch.cat(parts, 1)
