"""How a gradient-free chain is built."""

from collections.abc import Sequence
from dataclasses import dataclass

from oneshot.errors import BadInputError
from oneshot.images.features.deep import DeepSettings
from oneshot.images.features.patches import PatchSettings


@dataclass(frozen=True)
class RidgeSettings:
    """How a chain is built; raises BadInputError for values out of range.

    Block t takes `sizes[t % len(sizes)]` as its patch size; the rest of the features is as in
    PatchSettings, to which `deep` filters of a second layer add theirs, of which `deep_size`,
    `deep_channels` and `deep_cells` are as in DeepSettings. `ridge`, times the number of images, is
    added to the Gram matrix of standardised features. Block t is fitted on what the blocks before
    it leave of the label, of which fit the share `step` is taken; with `independent` it is fitted
    alone, as in NoProp, to tell the label from features and z_{t-1} ~ q(z_{t-1} | label), the noise
    integrated out. With `fits`, what is left of the label is the one-hot vector less softmax(z),
    and each block sums so many fits of it.
    """

    blocks: int = 5
    ridge: float = 0.02
    independent: bool = False
    step: float = 1.0
    fits: int = 0
    sizes: Sequence[int] = (6,)
    filters: int = 1024
    stride: int = 2
    bin: int = 2
    cells: int = 3
    mirror: bool = True
    deep: int = 0
    deep_size: int = 3
    deep_channels: int = 32
    deep_cells: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        # TOML has lists only.
        object.__setattr__(self, "sizes", tuple(self.sizes))
        counts = 1 <= self.blocks <= 1000 and self.filters <= 65_536 and self.deep <= 65_536
        if not counts or not 0 < self.ridge < 1e9 or not self.sizes or not 0 < self.step <= 1:
            raise BadInputError(
                f"ridge settings {self} came; give 1 to 1,000 blocks, ridge > 0, at least one "
                "size, 0 < step <= 1, at most 65,536 filters"
            )
        if self.fits < 0 or (self.fits and (self.independent or self.step != 1)):
            raise BadInputError(
                f"fits = {self.fits} came; give 0 or more, and neither `independent` nor `step`"
            )

    @property
    def second(self) -> DeepSettings:
        """The second layer of every block that has one."""
        return DeepSettings(
            filters=self.deep,
            channels=self.deep_channels,
            size=self.deep_size,
            cells=self.deep_cells,
        )

    def patches(self, block: int) -> PatchSettings:
        """The features of a block, counted from 0."""
        return PatchSettings(
            filters=self.filters,
            size=self.sizes[block % len(self.sizes)],
            stride=self.stride,
            bin=self.bin,
            cells=self.cells,
            mirror=self.mirror,
        )
