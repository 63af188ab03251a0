"""Calibrations of hosts: kept, shipped, read again."""

from pathlib import Path

import pytest
import torch
from colours import HOST, SIDE, calibration
from drawn_classes import METRIC, RULES
from safetensors.torch import save

from oneshot.classes import calibrated as base
from oneshot.classes.hosts.images import open_image_host
from oneshot.classes.writers.calibration import (
    RIDGE,
    Calibration,
    load_calibration,
    save_calibration,
)
from oneshot.classes.writers.metric import fit_metric
from oneshot.classes.writers.sharpness import Sharpness
from oneshot.errors import BadInputError, BrainError
from oneshot.memory.disk.content import content_hash


def test_calibrations_are_saved_whole() -> None:
    loaded = load_calibration(calibration())
    assert isinstance(loaded, Calibration)
    assert content_hash(save_calibration(loaded)) == content_hash(calibration())
    assert loaded.sharpness[RIDGE].slope > 0
    with pytest.raises(BrainError, match="damaged"):
        load_calibration(calibration()[:100])


def test_hosts_without_base_classes_have_a_plain_metric(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(base.platformdirs, "user_cache_path", lambda *_: tmp_path / "cache")
    assert not base.is_calibrated(HOST)
    plain = load_calibration(base.host_calibration(HOST))
    assert plain.metric.width == 24
    contents = [torch.full((3, SIDE, SIDE), 10 * i, dtype=torch.uint8) for i in range(20)]
    data = base.keep_calibration(HOST, (contents, [i // 2 for i in range(20)]))
    assert base.is_calibrated(HOST)
    assert base.host_calibration(HOST) == data
    with pytest.raises(BadInputError, match="fewer than two base classes"):
        base.keep_calibration(HOST, (contents, [0] * 20))


def test_the_packaged_image_host_ships() -> None:
    host = open_image_host(None, "cpu")
    images = [torch.full((3, 32, 32), v, dtype=torch.uint8) for v in range(20)]
    together = host.features(images)
    assert torch.equal(together[7:8], host.features(images[7:8]))
    assert base.is_calibrated(host)
    metric = load_calibration(base.host_calibration(host)).metric
    assert metric.coordinates(together).shape == (20, metric.width)


def test_fit_metric_is_used_with_few_examples() -> None:
    metric = fit_metric(torch.randn(20, 50, generator=torch.Generator().manual_seed(0)),
                        torch.arange(20) // 2)  # fmt: skip
    assert metric.width <= 50


def test_calibrations_of_the_first_format_are_read() -> None:
    tensors = METRIC.tensors()
    data = save(tensors, {"format": "1", "sharpness": '{"ridge": [0.5, 2.0]}'})
    found = load_calibration(data)
    assert found.sharpness == dict.fromkeys(RULES.values(), Sharpness(0.5, 0.5, 4.0))
    assert torch.equal(found.metric.transform, METRIC.transform)
    halved = load_calibration(save_calibration(found)).metric.transform
    assert not torch.equal(halved, METRIC.transform)
    assert torch.allclose(halved, METRIC.transform, rtol=1e-2, atol=1e-3)
