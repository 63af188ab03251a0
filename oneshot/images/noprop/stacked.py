"""Many blocks as one set of stacked tensors [T, ...], stepped together or a few at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  its usual name
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import FunctionCtx

from oneshot.images.noprop.block import KEPT, POOL, BlockShape, fresh_state, time_embedding
from oneshot.images.noprop.draws import block_generator

MOMENTUM = 0.1
"""The weight of a new batch in the running statistics."""

Keep = Sequence[Bool[Tensor, "g n _ _ _"]]
"""Dropout masks of each convolution, for g blocks."""


def stacked_state(shape: BlockShape, blocks: Sequence[int], seed: int) -> dict[str, Tensor]:
    """Fresh parameters and running statistics of the given blocks, stacked along dimension 0.

    Block t gets the same values whichever others are made with it.
    """
    cpu = torch.device("cpu")
    states = [fresh_state(shape, block_generator(seed, t, "start", 0, cpu)) for t in blocks]
    return {name: torch.stack([state[name] for state in states]) for name in states[0]}


@dataclass(frozen=True)
class Stack:
    """g blocks: stacked parameters and running statistics, and the precision of their products.

    `training` makes batch normalisation use the batch and update the running statistics in place.
    """

    shape: BlockShape
    state: dict[str, Tensor]
    dtype: torch.dtype
    training: bool

    @property
    def size(self) -> int:
        """The number of blocks."""
        return len(self.state["out.bias"])

    def trunk(
        self, images: Float[Tensor, "n c h w"], keep: Keep | None = None
    ) -> Float[Tensor, "g n 256"]:
        """The features that every block makes of the same images."""
        return self._convolved(self._cropped(images), keep, "image")

    def label_trunk(
        self, z: Float[Tensor, "g n d"], keep: Keep | None = None
    ) -> Float[Tensor, "g n 256"]:
        """The features of label embeddings that are images, each block having its own."""
        g, n, _ = z.shape
        size = (self.shape.channels, self.shape.height, self.shape.width)
        images = z.view(g, n, *size).transpose(0, 1).reshape(n, -1, *size[1:])
        return self._convolved(self._cropped(images), keep, "label")

    def label(
        self, z: Float[Tensor, "g n d"], keep: Keep | None = None
    ) -> Float[Tensor, "g n 256"]:
        """The features of noised label embeddings."""
        if self.shape.image_labels:
            return self.label_trunk(z, keep)
        h = self._linear("label.linear", z)
        if self.shape.timed:
            return h.relu()
        h = self._norm("label.norm", h).relu()
        inner = self._norm("label.first_norm", self._linear("label.first", h)).relu()
        return h + self._norm("label.second_norm", self._linear("label.second", inner))

    def head(
        self,
        image: Float[Tensor, "g n 256"],
        label: Float[Tensor, "g n 256"],
        t: Float[Tensor, "g n"] | None = None,
    ) -> Float[Tensor, "g n classes"]:
        """Logits in fp32 from the features of image and label, and the time where there is one."""
        parts = [image, label]
        if t is not None:
            parts.append(self._linear("time", time_embedding(t)).relu())
        h = self._norm("joint_norm", self._linear("joint", torch.cat(parts, -1))).relu()
        h = self._norm("narrow_norm", self._linear("narrow", h)).relu()
        return self._linear("out", h).float()

    def _cropped(self, images: Tensor) -> Tensor:
        """Without the rows and columns that pooling drops: equal outputs for fewer products."""
        rows, columns = self.shape.used(self.shape.height), self.shape.used(self.shape.width)
        cropped = images[..., :rows, :columns].to(self.dtype)
        return cropped.contiguous(memory_format=torch.channels_last)

    def _convolved(self, h: Tensor, keep: Keep | None, name: str) -> Tensor:
        """Grouped convolutions; the first one is dense where all blocks see the same image."""
        scale = 1.0
        for layer, pooled in enumerate(self.shape.pooled):
            weight, bias = (
                self.state[f"{name}.convolutions.{layer}.{kind}"] for kind in ("weight", "bias")
            )
            # Dropout's 1/KEPT goes into the next layer's weights, which are far fewer.
            weight = (weight.flatten(0, 1) * scale).to(self.dtype)
            weight = weight.contiguous(memory_format=torch.channels_last)
            groups = 1 if name == "image" and layer == 0 else self.size
            h = F.conv2d(h, weight, bias.flatten().to(self.dtype), groups=groups)
            h = F.max_pool2d(h, POOL) if pooled else h
            h = _relu_dropout(h, None if keep is None else keep[layer])
            scale = 1.0 if keep is None else 1 / KEPT
        n, height, width = len(h), *h.shape[2:]
        h = h.view(n, self.size, -1, height, width).transpose(0, 1).flatten(2)
        code = self._linear(f"{name}.linear", h, scale)
        return self._norm(f"{name}.norm", code)

    def _linear(self, name: str, h: Tensor, scale: float = 1.0) -> Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        weight = (weight if scale == 1.0 else weight * scale).to(self.dtype)
        # The weight stands first, so that its gradient comes in its own layout and not transposed.
        return torch.baddbmm(bias[..., None].to(self.dtype), weight, h.to(self.dtype).mT).mT

    def _norm(self, name: str, h: Tensor) -> Tensor:
        if self.shape.timed:
            return h
        g, n, width = h.shape
        mean, variance, weight, bias = (
            self.state[f"{name}.{kind}"].view(-1)
            for kind in ("running_mean", "running_var", "weight", "bias")
        )
        flat = h.transpose(0, 1).reshape(n, -1)
        flat = F.batch_norm(flat, mean, variance, weight, bias, self.training, MOMENTUM)
        return flat.view(n, g, width).transpose(0, 1)


def _relu_dropout(h: Tensor, keep: Tensor | None) -> Tensor:
    if keep is None:
        return h.relu()
    g, n, channels = keep.shape[:3]
    mask = keep[..., : h.shape[2], : h.shape[3]]
    mask = mask.transpose(0, 1).reshape(n, g * channels, *h.shape[2:])
    masked: Tensor = _MaskedRelu.apply(h, mask)  # type: ignore[no-untyped-call]
    return masked


class _MaskedRelu(torch.autograd.Function):
    """relu(h) * mask, whose backward pass needs the result alone: zero where dropped or off."""

    @staticmethod
    def forward(ctx: FunctionCtx, h: Tensor, mask: Tensor) -> Tensor:
        # As bytes, because the conversion of bool is not vectorised and takes eight times as long.
        result = h.relu().mul_(mask.view(torch.uint8).to(h.dtype))
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        (result,) = ctx.saved_tensors  # type: ignore[attr-defined]
        # The gradient of a flattened result has another layout, element by element to walk through.
        last = result.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if last else torch.contiguous_format
        gradient = gradient.contiguous(memory_format=layout)
        return torch.ops.aten.threshold_backward(gradient, result, 0), None
