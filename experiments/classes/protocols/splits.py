"""Which classes a host is trained on, and in which order others come."""

import torch
from jaxtyping import Int64
from torch import Tensor

_SPLIT = 1993
"""The seed of the split into base and new classes, which is the same for all runs."""


def base_classes(classes: int, base: int) -> Int64[Tensor, " base"]:
    """The classes that a host is trained on, sorted."""
    return _split(classes)[:base].sort().values


def new_classes(classes: int, base: int) -> Int64[Tensor, " new"]:
    """The classes that a host of so many base classes has never seen, sorted."""
    return _split(classes)[base:].sort().values


def tuning_classes(classes: int, base: int, count: int) -> Int64[Tensor, " count"]:
    """Of the classes that the host has never seen, those that tell how sure its answers are."""
    return _split(classes)[base : base + count].sort().values


def asked_classes(classes: int, base: int, count: int) -> Int64[Tensor, " rest"]:
    """The classes that neither the host nor that has seen."""
    return _split(classes)[base + count :].sort().values


def arrival(classes: Int64[Tensor, " n"], seed: int) -> Int64[Tensor, " n"]:
    """The order in which classes come."""
    return classes[torch.randperm(len(classes), generator=torch.Generator().manual_seed(seed))]


def _split(classes: int) -> Tensor:
    return torch.randperm(classes, generator=torch.Generator().manual_seed(_SPLIT))
