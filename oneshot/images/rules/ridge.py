"""The gradient-free chain: patch features, one exact Gram matrix a block, one solve."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.core.residual import residual_blocks
from oneshot.core.schedule import Schedule
from oneshot.images.data import ImageSet
from oneshot.images.features.coded import PatchCodes, at_once
from oneshot.images.features.deep import DeepBank, fit_deep
from oneshot.images.features.integers import LEVELS, integer_gram
from oneshot.images.features.patches import Filters, PatchBank, fit_bank
from oneshot.images.model import Progress, Report, batches
from oneshot.images.noprop.draws import block_generator
from oneshot.images.rules.marginal import Moments, factorised, solve_marginal
from oneshot.images.rules.ridge_settings import RidgeSettings

_ROWS = 5000
"""Images multiplied at a time."""


@dataclass(frozen=True, eq=False)
class RidgeBlock:
    """A block z_t = encode(x) @ read + z_{t-1} @ carry."""

    encode: PatchCodes
    read: Float[Tensor, "d m"]
    carry: Float[Tensor, "m m"]

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        return {"read": self.read, "carry": self.carry} | self.encode.tensors()

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], settings: RidgeSettings, block: int
    ) -> "RidgeBlock":
        """A block, counted from 0, of what was saved; KeyError where a part is missing."""
        bank: PatchBank | DeepBank
        bank = PatchBank(Filters.from_tensors(tensors, "first"), settings.patches(block))
        if settings.deep:
            bank = DeepBank.from_tensors(tensors, bank, settings.second)
        encode = PatchCodes(bank, tensors["centre"], tensors["scale"])
        return cls(encode, tensors["read"], tensors["carry"])

    def step(
        self, images: UInt8[Tensor, "n c h w"], z: Float[Tensor, "n m"]
    ) -> Float[Tensor, "n m"]:
        """z_t of a batch from its pixels and z_{t-1}."""
        return self.encode(images).float() @ self.read + z @ self.carry


@dataclass(frozen=True, eq=False)
class RidgeChain:
    """A fitted chain; its scores are z_T, which starts from zero, the mean of the noise."""

    blocks: tuple[RidgeBlock, ...]
    settings: RidgeSettings

    @property
    def size(self) -> int:
        """The number of blocks that are fitted."""
        return len(self.blocks)

    def tensors(self) -> dict[str, Tensor]:
        """What is saved."""
        parts = [
            {f"{t}.{name}": value for name, value in block.tensors().items()}
            for t, block in enumerate(self.blocks)
        ]
        return {name: value for part in parts for name, value in part.items()}

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], settings: RidgeSettings, size: int
    ) -> "RidgeChain":
        """The chain of what was saved; KeyError where a part is missing."""
        parts = [
            {n.partition(".")[2]: v for n, v in tensors.items() if n.startswith(f"{t}.")}
            for t in range(size)
        ]
        blocks = [RidgeBlock.from_tensors(part, settings, t) for t, part in enumerate(parts)]
        return cls(tuple(blocks), settings)

    def block_scores(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "T n m"]:
        """The states z_1 to z_T of every image: what each block makes of the label."""
        classes = len(self.blocks[0].carry)
        parts = [torch.zeros(len(self.blocks), 0, classes, device=images.device)]
        for batch in batches(images, at_once(images)):
            z, states = torch.zeros(len(batch), classes, device=images.device), []
            for block in self.blocks:
                z = block.step(batch, z)
                states.append(z)
            parts.append(torch.stack(states))
        return torch.cat(parts, dim=1)

    def logits(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """z_T for any number of images."""
        return self.block_scores(images)[-1]


def train(images: ImageSet, settings: RidgeSettings, report: Report) -> RidgeChain:
    """The chain fitted on the set's training images; the test images are not looked at.

    The labels' embedding is one-hot less its mean. Reports for each block the share of the
    targets' squares that its fit leaves. Raises BadInputError where the patches do not fit.
    """
    *_, chain = grow(images, settings, report)
    return chain


def grow(
    images: ImageSet,
    settings: RidgeSettings,
    report: Report,
    start: Sequence[RidgeBlock] = (),
) -> Iterator[RidgeChain]:
    """The chain after each block, as `train` builds it, so that it can be saved on the way.

    `start` holds the first blocks of a run that was stopped, which are not fitted again: the chain
    goes on to the bits that it would have had. A finished residual chain grows by asking for more
    blocks; independent blocks hold for one number of blocks only.
    """
    pixels = images.train_images
    targets = torch.nn.functional.one_hot(images.train_labels, images.classes).float()
    targets -= 1 / images.classes
    z, blocks = torch.zeros_like(targets), list[RidgeBlock]()
    with torch.no_grad():
        for t in range(settings.blocks):
            encode = start[t].encode if t < len(start) else _encoder(pixels, settings, t)
            codes = encode(pixels)
            read, carry = (
                (start[t].read, start[t].carry)
                if t < len(start)
                else _solve(codes, targets, z, settings, t)
            )
            blocks.append(RidgeBlock(encode, read, carry))
            told = _told(codes, read)
            z = told if settings.independent else z + told
            left = _left(targets, z, settings)
            figures = {"left": float(left.square().sum() / targets.square().sum())}
            report(Progress("blocks", t + 1, settings.blocks, figures, milestone=True))
            yield RidgeChain(tuple(blocks), settings)


def _left(targets: Tensor, z: Tensor, settings: RidgeSettings) -> Tensor:
    """What z leaves of the labels."""
    return targets - (z.softmax(1) - 1 / z.shape[1] if settings.fits else z)


def _encoder(pixels: Tensor, settings: RidgeSettings, block: int) -> PatchCodes:
    generator = block_generator(settings.seed, block, "patches", 0, pixels.device)
    bank = fit_bank(pixels, settings.patches(block), generator)
    if not settings.deep:
        return PatchCodes.standardised(bank, pixels)
    deep_bank = fit_deep(bank, pixels, settings.second, generator)
    return PatchCodes.standardised(deep_bank, pixels)


def _solve(
    codes: Tensor, targets: Tensor, z: Tensor, settings: RidgeSettings, block: int
) -> tuple[Tensor, Tensor]:
    """The maps of codes and of z_{t-1} in fp32, the schedule's step taken into them."""
    # What fp32 rounds of the largest eigenvalue is far below the ridge; fp64 is twice the memory.
    gram = integer_gram(codes).float().div_(LEVELS**2)
    ridge = settings.ridge * len(codes)
    if settings.fits:
        return _descend(codes, targets, z, settings, factorised(gram, ridge))
    wanted = targets if settings.independent else _left(targets, z, settings)
    moments = Moments(
        len(codes), gram, _products(codes, wanted), wanted.double().T @ wanted.double()
    )
    identity = torch.eye(wanted.shape[1], dtype=torch.float64, device=codes.device)
    if not settings.independent:
        (fit,) = solve_marginal(moments, ridge, [0.0])
        read, carry = settings.step * fit.read, identity
    else:
        schedule = Schedule.linear(settings.blocks)
        (fit,) = solve_marginal(moments, ridge, [float(schedule.alpha_bar[block])])
        a, b, _ = schedule.coefficients(block + 1)
        read, carry = a * fit.read, a * fit.state + b * identity
    # A saved chain is contiguous, and products of other layouts differ in the last bits.
    return (read / LEVELS).float().contiguous(), carry.float().contiguous()


def _descend(
    codes: Tensor, targets: Tensor, z: Tensor, settings: RidgeSettings, factor: Tensor
) -> tuple[Tensor, Tensor]:
    """The sum of a block's fits of what softmax(z) leaves, in fp32, and z carried as it is."""

    def fit(read: Tensor) -> Tensor:
        told = _told(codes, read) / LEVELS
        wanted = _products(codes, _left(targets, z + told, settings))
        return torch.cholesky_solve(wanted.float(), factor)

    start = torch.zeros(codes.shape[1], targets.shape[1], device=codes.device)
    read = residual_blocks(fit, start, settings.fits)
    return (read / LEVELS).contiguous(), torch.eye(targets.shape[1], device=codes.device)


def _told(codes: Tensor, read: Tensor) -> Float[Tensor, "n m"]:
    """What a block's map makes of all images, some rows at a time."""
    return torch.cat([part.float() @ read for part in torch.split(codes, _ROWS)])


def _products(codes: Tensor, wanted: Tensor) -> Float[Tensor, "d m"]:
    """The sum over images of features times targets, in fp64."""
    products = [
        part.float().T @ rows
        for part, rows in zip(torch.split(codes, _ROWS), torch.split(wanted, _ROWS), strict=True)
    ]
    return torch.stack(products).double().sum(0) / LEVELS
