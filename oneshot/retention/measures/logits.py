"""One forward pass over rows of tokens of different lengths."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def row_logits(model: Any, rows: Sequence[list[int]]) -> list[Tensor]:
    """The logits in fp32 at each row's tokens."""
    longest, device = max(map(len, rows)), next(model.parameters()).device
    ids = torch.zeros(len(rows), longest, dtype=torch.long, device=device)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, device=device)
        mask[i, : len(row)] = 1
    logits = model(input_ids=ids, attention_mask=mask).logits.float()
    return [logits[i, : len(row)] for i, row in enumerate(rows)]
