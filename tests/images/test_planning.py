"""What suits a machine: the precision that a run has where none is asked for."""

from pathlib import Path

import pytest
import torch

from oneshot.cli.image import options
from oneshot.images import planning
from oneshot.images.kinds import Precision

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def test_a_processor_without_products_of_halves_trains_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(planning, "has_half_products", lambda device: device == "cuda")
    assert planning.quick_precision(CPU) == Precision.FP32
    assert planning.quick_precision(CUDA) == Precision.BF16


@pytest.mark.parametrize("quick", Precision)
def test_what_was_asked_for_goes_before_what_is_quick(
    quick: Precision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = next(precision for precision in Precision if precision is not quick)
    monkeypatch.setattr(planning, "quick_precision", lambda device: quick)
    monkeypatch.setattr(options, "chosen_device", lambda: CPU)
    config = tmp_path / "run.toml"
    config.write_text(f'epochs = 2\nprecision = "{other}"\n')
    assert options.settings_of(None).precision == quick
    assert options.settings_of(None, precision=other).precision == other
    assert options.settings_of(config).precision == other
    assert options.settings_of(config, precision=quick).precision == quick
