"""A host that knows no class: two layers of whitened patches and their principal components."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.images.features.coded import BATCH, PatchCodes
from oneshot.images.features.deep import DeepBank, DeepSettings, fit_deep
from oneshot.images.features.patches import PatchSettings, fit_bank

WIDTH = 2048
"""Principal components that are kept."""

SAMPLE = 4096
"""Images that the components are found on."""


@dataclass(frozen=True, eq=False)
class PatchHost:
    """Features without labels or gradients: pooled patch responses, cut to their components."""

    bank: DeepBank
    centre: Float[Tensor, " raw"]
    components: Float[Tensor, "raw width"]

    def features(self, images: UInt8[Tensor, "n 3 32 32"]) -> Float[Tensor, "n width"]:
        """Principal components, each over its own deviation, of any number of images."""
        return (_pooled(self.bank, images) - self.centre) @ self.components


def fit_patch_codes(
    images: UInt8[Tensor, "n 3 32 32"], generator: torch.Generator, *, mirror: bool
) -> PatchCodes:
    """All responses of patches at every pixel, as codes, from pixels alone."""
    first = fit_bank(images, PatchSettings(filters=256, mirror=mirror), generator)
    bank = fit_deep(first, images, DeepSettings(filters=512), generator)
    return PatchCodes.standardised(bank, images[:SAMPLE])


def fit_patch_host(images: UInt8[Tensor, "n 3 32 32"], generator: torch.Generator) -> PatchHost:
    """A host from pixels alone."""
    first = fit_bank(images, PatchSettings(filters=512, stride=2, bin=2), generator)
    bank = fit_deep(first, images, DeepSettings(filters=512), generator)
    raw = _pooled(bank, images[torch.randperm(len(images), generator=generator)[:SAMPLE]])
    centre = raw.mean(0)
    raw -= centre
    values, vectors = torch.linalg.eigh(raw @ raw.T)
    values, vectors = values[-WIDTH:], vectors[:, -WIDTH:]
    components = raw.T @ vectors / values * len(raw) ** 0.5
    return PatchHost(bank, centre, components.contiguous())


def _pooled(bank: DeepBank, images: Tensor) -> Tensor:
    return torch.cat([bank.pooled(part) for part in torch.split(images, BATCH)])
