"""How long work takes on whatever device does it."""

import time
from collections.abc import Callable

import torch


def seconds(device: torch.device, work: Callable[..., object], *arguments: object) -> float:
    """Until the work is done, where a device takes orders and does them later."""
    _wait(device)
    began = time.perf_counter()
    work(*arguments)
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
