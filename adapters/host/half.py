"""A host's reading in half precision, by a copy: the host itself is never written."""

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from adapters.host.sites import find_sites
from oneshot.core.precision import has_half_products

SIZES = 50_000_000, 1_000_000_000  # parameters: below little is won, above a copy weighs too much


def multiplies_halves(model: nn.Module) -> bool:
    """Whether a host in single precision lies on a processor that is quicker at bfloat16."""
    parameter = next(model.parameters())
    here = parameter.device.type == "cpu" and parameter.dtype == torch.float32
    spread = hasattr(model, "hf_device_map")  # its modules fetch their matrices themselves
    return here and not spread and has_half_products("cpu")


def worth_halving(model: nn.Module) -> bool:
    """Whether a copy pays: matrix units, and a host neither small nor too large to copy."""
    quick = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return multiplies_halves(model) and quick and SIZES[0] <= _size(model) <= SIZES[1]


def half_of(model: nn.Module, deepest: int) -> nn.Module:
    """The model with the matrices of its layers in bfloat16, for passes that end at the deepest
    layer that is read.

    It shares all else with the model and has none of its hooks. Its passes give, bit for bit, what
    the model's would under autocast, which converts every matrix in every pass; of a host too large
    to copy that is what it does.
    """
    from transformers.pytorch_utils import Conv1D  # GPT-2's matrices

    memo: dict[int, Any] = {id(t): t for t in (*model.parameters(), *model.buffers())}
    for module in model.modules():
        memo |= {id(h): OrderedDict() for h in (module._forward_hooks, module._forward_pre_hooks)}
    for layer in find_sites(model).layers[: deepest if _size(model) <= SIZES[1] else 0]:
        for module in layer.modules():
            if isinstance(module, nn.Linear | Conv1D) and _is_single(module.weight):
                half = module.weight.detach().to(torch.bfloat16)
                memo[id(module.weight)] = nn.Parameter(half, requires_grad=False)
    found = copy.deepcopy(model, memo)
    found.forward = torch.autocast("cpu", torch.bfloat16)(found.forward)
    return found


def _size(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _is_single(weight: Tensor) -> bool:
    """Whether a matrix is stored as plain numbers in single precision, not quantised."""
    return type(weight.data) is Tensor and weight.dtype == torch.float32
