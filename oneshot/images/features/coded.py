"""Patch features standardised and rounded to int8."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int8, UInt8
from torch import Tensor

from oneshot.images.features.deep import DeepBank
from oneshot.images.features.integers import quantised
from oneshot.images.features.patches import PatchBank
from oneshot.images.model import batches

BATCH, BATCH_ON_CUDA = 2, 1000
"""Images whose responses are in memory at once: few fit a CPU's cache."""

_SAMPLE = 5000
"""Images that means and deviations are taken from."""


@dataclass(frozen=True, eq=False)
class PatchCodes:
    """A bank with the centre and scale of its features."""

    bank: PatchBank | DeepBank
    centre: Float[Tensor, " d"]
    scale: Float[Tensor, " d"]

    @classmethod
    def standardised(
        cls, bank: PatchBank | DeepBank, images: UInt8[Tensor, "n c h w"]
    ) -> "PatchCodes":
        """Mean and standard deviation of the first images' features are the centre and scale."""
        sample = [bank.pooled(part) for part in batches(images[:_SAMPLE], at_once(images))]
        features = torch.cat(sample)
        return cls(bank, features.mean(0), features.std(0).clamp_min(1e-4))

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        return {"centre": self.centre, "scale": self.scale} | self.bank.tensors()

    def __call__(self, images: UInt8[Tensor, "n c h w"]) -> Int8[Tensor, "n d"]:
        """The codes of any number of images."""
        size = (len(images), len(self.centre))
        codes = torch.empty(size, dtype=torch.int8, device=images.device)
        count = at_once(images)
        for part, rows in zip(batches(images, count), torch.split(codes, count), strict=False):
            rows.copy_(quantised(self.bank.pooled(part), self.centre, self.scale))
        return codes


def at_once(images: Tensor) -> int:
    """How many images are worked through at a time on their device."""
    return BATCH_ON_CUDA if images.device.type == "cuda" else BATCH
