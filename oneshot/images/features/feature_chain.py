"""A frozen host for small images: a chain of convolutional blocks, each trained alone."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from oneshot.errors import HostError
from oneshot.files.durable import write_atomically
from oneshot.images.data import normalise
from oneshot.images.model import batches

WEIGHTS, INDEX = "host.safetensors", "host.json"
KIND = "feature-chain"

_BATCH = 64

_NORM = "weight", "bias", "running_mean", "running_var"
_EPSILON = 1e-5  # of torch's batch normalisation


@dataclass(frozen=True)
class FeatureChainSettings:
    """The shape of a chain: a block of each of `widths`, pooled to `cells` x `cells` for features.

    A block with no cells adds nothing to the features. Every block halves the sides of its input;
    all but the first have `depth` convolutions. `mirror` averages an image's features with its
    mirror image's. Images are `side` pixels high and wide.
    """

    widths: Sequence[int] = (48, 96, 192, 384)
    cells: Sequence[int] = (0, 0, 1, 2)
    depth: int = 2
    side: int = 32
    mirror: bool = True

    def __post_init__(self) -> None:
        # TOML and JSON have lists only.
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "cells", tuple(self.cells))
        if len(self.widths) != len(self.cells) or min(*self.widths, self.depth, self.side) < 1:
            raise HostError(
                f"chain settings {self} came; give positive widths and a number of cells for each"
            )

    @property
    def features(self) -> int:
        """Numbers that the chain gives of an image."""
        return sum(w * c * c for w, c in zip(self.widths, self.cells, strict=True))


class FeatureBlock(nn.Module):
    """One block: a convolution, pooling, then residual convolutions; `normed` while training."""

    def __init__(self, before: int, width: int, depth: int, *, normed: bool) -> None:
        super().__init__()
        shapes = [(before, width), *[(width, width)] * (depth - 1)]
        convolutions = [nn.Conv2d(i, o, 3, padding=1) for i, o in shapes]
        for convolution in convolutions:  # twice as fast in this memory order on a CPU
            weight = convolution.weight.data
            convolution.weight.data = weight.contiguous(memory_format=torch.channels_last)
        self.convolutions = nn.ModuleList(convolutions)
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width, eps=_EPSILON) if normed else nn.Identity() for _ in shapes
        )

    def forward(self, maps: Float[Tensor, "n _ _ _"]) -> Float[Tensor, "n _ _ _"]:
        """Maps of half the height and width."""
        for n, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            found: Tensor = nn.functional.relu(norm(convolution(maps)), inplace=True)
            maps = maps + found if n else nn.functional.max_pool2d(found, 2)
        return maps

    def folded(self) -> "FeatureBlock":
        """The same map with the normalisation's running statistics taken into the convolutions."""
        state = self.state_dict()
        for n in range(len(self.convolutions)):
            taken = {name: state.pop(f"norms.{n}.{name}") for name in _NORM}
            scale = taken["weight"] * (taken["running_var"] + _EPSILON).rsqrt()
            state[f"convolutions.{n}.weight"] = (
                state[f"convolutions.{n}.weight"] * scale[:, None, None, None]
            )
            state[f"convolutions.{n}.bias"] = (
                state[f"convolutions.{n}.bias"] - taken["running_mean"]
            ) * scale + taken["bias"]
            del state[f"norms.{n}.num_batches_tracked"]
        width, before = state["convolutions.0.weight"].shape[:2]
        plain = FeatureBlock(before, width, len(self.convolutions), normed=False)
        plain.load_state_dict(state)
        return plain


class FeatureChain(nn.Module):
    """Frozen blocks one after another; `features` reads what they leave of an image."""

    statistics: Tensor

    def __init__(
        self,
        blocks: Sequence[FeatureBlock],
        statistics: Float[Tensor, "2 3"],
        settings: FeatureChainSettings,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.register_buffer("statistics", statistics)
        self.settings = settings
        self.requires_grad_(False).eval()

    @torch.no_grad()
    def features(
        self, images: UInt8[Tensor, "n 3 side side"], batch: int = _BATCH
    ) -> Float[Tensor, "n width"]:
        """Pooled responses of the blocks in fp32; width is that of the settings."""
        parts = [torch.zeros(0, self.settings.features, device=images.device)]
        for part in batches(images, batch):
            found = self._features(part)
            if self.settings.mirror:
                found = (found + self._features(part.flip(3))) / 2
            parts.append(found)
        return torch.cat(parts)

    def _features(self, images: Tensor) -> Tensor:
        maps = normalise(images, self.statistics)
        maps = maps.contiguous(memory_format=torch.channels_last)
        found = []
        for block, cells in zip(self.blocks, self.settings.cells, strict=True):
            maps = block(maps)
            if cells:
                found.append(nn.functional.adaptive_avg_pool2d(maps, cells).flatten(1))
        return torch.cat(found, 1)


def save_feature_chain(folder: Path, chain: FeatureChain) -> None:
    """Write a chain, its weights in fp16, to a folder; each file is replaced whole."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half().contiguous() for name, value in chain.state_dict().items()}
    index = {"kind": KIND, "settings": asdict(chain.settings)}
    write_atomically(folder / WEIGHTS, save(weights))
    write_atomically(folder / INDEX, (json.dumps(index, indent=1) + "\n").encode("utf-8"))


def load_feature_chain(folder: Path, device: torch.device) -> FeatureChain:
    """The chain of a folder, in fp32; HostError where there is none or it is damaged."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        if index["kind"] != KIND:
            raise HostError(f"{folder} holds a {index['kind']}; give a folder with a {KIND}")
        settings = FeatureChainSettings(**index["settings"])
        weights = load_file(folder / WEIGHTS)
        chain = FeatureChain(_blocks(settings, normed=False), torch.zeros(2, 3), settings)
        chain.load_state_dict({name: value.float() for name, value in weights.items()})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise HostError(
            f"{folder} holds no whole image host ({reason}); give a folder with {INDEX} "
            f"and {WEIGHTS}"
        ) from error
    return chain.to(device)


def trainable_blocks(settings: FeatureChainSettings) -> list[FeatureBlock]:
    """Blocks with batch normalisation, to be trained, folded and frozen."""
    return _blocks(settings, normed=True)


def _blocks(settings: FeatureChainSettings, *, normed: bool) -> list[FeatureBlock]:
    before = (3, *settings.widths[:-1])
    depths = (1, *[settings.depth] * (len(before) - 1))
    return [
        FeatureBlock(i, o, d, normed=normed)
        for i, o, d in zip(before, settings.widths, depths, strict=True)
    ]
