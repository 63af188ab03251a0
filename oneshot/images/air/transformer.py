"""A block that is a small vision transformer, into whose last layers z comes as a token.

After the vision transformer (arXiv 2010.11929), with norms without scales and matrices whose rows
keep a norm of about one, as the optimiser of these blocks has it.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from jaxtyping import Float
from torch import Tensor, nn

from oneshot.images.air.network import SCALE, Bank

SIDE, HEAD, GROWTH = 4, 64, 4
"""Pixels along a patch's side, numbers of a head of attention, hidden units to a number."""

EARLY, LATE = 4, 2
"""Layers that see the image alone, and layers that see z and the block's own token as well."""

BRANCH: float = (2 * (EARLY + LATE)) ** -0.5
"""What each of the branches adds of itself, so that their sum is of the order of one."""


@dataclass(frozen=True)
class VitShape:
    """What blocks are made for: the size of images, the classes, the numbers of a token."""

    channels: int
    height: int
    width: int
    classes: int
    size: int = 192

    split: ClassVar[bool] = False

    @property
    def tokens(self) -> int:
        """Whole patches of an image."""
        return (self.height // SIDE) * (self.width // SIDE)

    def block(
        self, t: int, whitening: Tensor, evidence: float, generator: torch.Generator
    ) -> "VitBlock":
        """A fresh block; it learns by itself what the others begin with."""
        return VitBlock(self, generator)

    def parameters(self, t: int) -> int:
        """The trained numbers in block t."""
        block = VitBlock(self, torch.Generator())
        return sum(parameter.numel() for parameter in block.parameters())


class Matrix(Bank):
    """A linear map whose matrix the optimiser makes orthogonal; its rows begin with norm one."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(after, before))

    def reset(self, generator: torch.Generator) -> None:
        """Rows in random directions."""
        draw = torch.randn(self.weight.shape, generator=generator)
        self.weight.data.copy_(F.normalize(draw, dim=1))

    def forward(self, h: Float[Tensor, "*n before"]) -> Float[Tensor, "*n after"]:
        """The products."""
        return F.linear(h, self.weight.to(h.dtype))


class Layer(nn.Module):
    """Attention between tokens, then a hidden layer for each of them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.heads = max(1, size // HEAD)
        self.mixed, self.told = Matrix(size, 3 * size), Matrix(size, size)
        self.up, self.down = Matrix(size, GROWTH * size), Matrix(GROWTH * size, size)

    def forward(self, h: Float[Tensor, "n tokens d"]) -> Float[Tensor, "n tokens d"]:
        """The tokens with what both branches add."""
        n, tokens, size = h.shape
        parts = self.mixed(_normed(h)).view(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(*parts.unbind())
        h = h + BRANCH * self.told(seen.transpose(1, 2).reshape(n, tokens, size))
        added: Tensor = BRANCH * self.down(F.silu(self.up(_normed(h))))
        return h + added


class Patches(nn.Module):
    """Patches of an image as tokens, each with its place."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.embed = Matrix(shape.channels * SIDE**2, shape.size)
        self.places = nn.Parameter(torch.empty(shape.tokens, shape.size))

    def forward(self, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n tokens d"]:
        """The tokens; rows and columns that fill no patch are left out."""
        rows, columns = (side // SIDE * SIDE for side in pixels.shape[2:])
        cut = F.pixel_unshuffle(pixels[..., :rows, :columns].contiguous(), SIDE)
        return _normed(self.embed(cut.flatten(2).mT)) + self.places.to(pixels.dtype)


class VitHead(nn.Module):
    """The layers that see z, and the scores of the classes from the block's own token."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.size = shape.size
        self.label = Matrix(shape.classes, shape.size)
        self.own = nn.Parameter(torch.empty(shape.size))
        self.layers = nn.Sequential(*(Layer(shape.size) for _ in range(LATE)))
        self.weight = nn.Parameter(torch.empty(shape.classes, shape.size))

    def code(self, maps: Float[Tensor, "n tokens d"]) -> Float[Tensor, "n _"]:
        """The image's tokens in a row; one pass of the layers before serves every z."""
        return maps.flatten(1)

    def forward(
        self, code: Float[Tensor, "n _"], z: Float[Tensor, "*k n classes"]
    ) -> Float[Tensor, "*k n classes"]:
        """Logits in fp32 for one or several draws of z."""
        image = code.view(len(code), -1, self.size).expand(*z.shape[:-1], -1, -1)
        label = self.label(z.to(code.dtype))[..., None, :]
        own = self.own.to(code.dtype).expand(label.shape)
        tokens = torch.cat([own, label, image], -2).flatten(0, -3)
        read = _normed(self.layers(tokens)[:, 0]).float()
        scores: Tensor = SCALE * F.linear(read, self.weight)
        return scores.view(z.shape)


class VitBlock(nn.Module):
    """One block: what it makes of the image, and what that and z say of the label."""

    def __init__(self, shape: VitShape, generator: torch.Generator) -> None:
        super().__init__()
        layers = (Layer(shape.size) for _ in range(EARLY))
        patches = Patches(shape)
        self.trunk = nn.Sequential(patches, *layers)
        self.head = VitHead(shape)
        for module in self.modules():
            if isinstance(module, Matrix):
                module.reset(generator)
        for free in (patches.places, self.head.own, self.head.weight):
            draw = torch.randn(free.shape, generator=generator)
            free.data.copy_(draw / (shape.size**0.5 if free is self.head.weight else 2))


def _normed(h: Float[Tensor, "*n d"]) -> Float[Tensor, "*n d"]:
    return F.rms_norm(h, h.shape[-1:])
