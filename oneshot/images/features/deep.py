"""A second layer of whitened patches, on the maps of the first."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.features.patches import (
    Filters,
    PatchBank,
    softened,
    whitened_filters,
    window_means,
)

_SOFTENING = 0.1
"""Share of the patches' mean square that is added to each one's, so that flat ones stay small."""

_BATCH = 20


@dataclass(frozen=True)
class DeepSettings:
    """The second layer; raises BadInputError for values out of range.

    The first layer's maps are cut to `channels` principal components; `filters` patches of `size` x
    `size` bins slide over them and are pooled over `cells` x `cells` windows. `whitening` and
    `quiet` are as in the first layer; `sample` images give the statistics.
    """

    filters: int = 512
    channels: int = 32
    size: int = 3
    cells: int = 2
    whitening: float = 3.0
    quiet: float = 0.5
    sample: int = 2000

    def __post_init__(self) -> None:
        counts = (self.filters, self.channels, self.size, self.cells, self.sample)
        if min(counts) < 1 or self.whitening <= 0 or not 0 < self.quiet < 1:
            raise BadInputError(
                f"second-layer settings {self} came; give positive counts and whitening, "
                "and a quiet share between 0 and 1"
            )


@dataclass(frozen=True, eq=False)
class DeepBank:
    """Two layers; the features are those of the first followed by those of the second."""

    first: PatchBank
    centre: Float[Tensor, " maps"]
    components: Float[Tensor, "maps channels"]
    softening: Float[Tensor, ""]
    filters: Filters
    settings: DeepSettings

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        maps = {"centre": self.centre, "components": self.components, "softening": self.softening}
        own = {f"maps.{name}": value for name, value in maps.items()}
        return self.first.tensors() | own | self.filters.tensors("second")

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], first: PatchBank, settings: DeepSettings
    ) -> "DeepBank":
        """The second layer of what was saved; KeyError where a part is missing."""
        centre, components, softening = (
            tensors[f"maps.{name}"] for name in ("centre", "components", "softening")
        )
        second = Filters.from_tensors(tensors, "second")
        return cls(first, centre, components, softening, second, settings)

    def pooled(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """Square roots of the pooled excesses of both layers, each 2 * filters * cells^2."""
        low, high = self._both(images)
        if self.first.settings.mirror:
            mirrored = self._both(images.flip(3))
            low, high = (low + mirrored[0]) / 2, (high + mirrored[1]) / 2
        return torch.cat([low.flatten(1), high.flatten(1)], dim=1).sqrt_()

    def _both(self, images: Tensor) -> tuple[Tensor, Tensor]:
        bins = self.first.bins(images)
        patches = _patches(bins, self.centre, self.components, self.settings.size)
        excess = self.filters.excess(softened(patches, self.softening).bfloat16())
        return (
            window_means(bins, self.first.settings.cells),
            window_means(excess, self.settings.cells).float(),
        )


def fit_deep(
    first: PatchBank,
    images: UInt8[Tensor, "n c h w"],
    settings: DeepSettings,
    generator: torch.Generator,
) -> DeepBank:
    """The second layer from random patches of the first one's maps; nothing looks at labels.

    The generator lives on the images' device. Raises BadInputError where patches or channels are
    larger than the maps, or filters are more than patches.
    """
    chosen = torch.randperm(len(images), generator=generator, device=images.device)
    parts = torch.split(images[chosen[: settings.sample]], _BATCH)
    bins = torch.cat([first.bins(part) for part in parts])
    if settings.size > min(bins.shape[1:3]) or settings.channels > bins.shape[3]:
        raise BadInputError(
            f"patches of {settings.size} bins and {settings.channels} channels were asked of maps "
            f"of {tuple(bins.shape[1:])}; ask for fewer"
        )
    maps = _rooted(bins).flatten(0, 2)
    centre = maps.mean(0)
    components = torch.linalg.eigh(torch.cov(maps.T)).eigenvectors[:, -settings.channels :]
    patches = _patches(bins, centre, components, settings.size).flatten(0, 2)
    if len(patches) < settings.filters:
        raise BadInputError(
            f"{settings.filters} filters were asked of {len(patches)} patches; ask for fewer"
        )
    patches = patches[torch.randperm(len(patches), generator=generator, device=images.device)]
    softening = _SOFTENING * patches.square().mean()
    patches = softened(patches, softening)
    filters = whitened_filters(patches, settings.filters, settings.whitening, settings.quiet)
    return DeepBank(first, centre, components.contiguous(), softening, filters, settings)


def _patches(bins: Tensor, centre: Tensor, components: Tensor, size: int) -> Tensor:
    """Patches of the principal components' maps, [n, rows, columns, size^2 * channels]."""
    maps = (_rooted(bins) - centre) @ components
    return maps.unfold(1, size, 1).unfold(2, size, 1).flatten(3)


def _rooted(bins: Tensor) -> Tensor:
    # The root of zero takes thirty times as long on a CPU, and many bins are zero.
    return bins.clamp_min(1e-10).sqrt_()
