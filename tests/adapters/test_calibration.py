"""Calibrations are made by forward passes, kept in files, and read back to the same answers."""

from pathlib import Path

import pytest
import torch
from conftest import SETTINGS, small_material, tiny_host

from adapters.address.calibration import calibrate
from adapters.address.material import Material, Worded
from adapters.write.state import load_calibration, save_calibration
from oneshot.errors import BrainError

CPU = torch.device("cpu")


def test_the_same_material_gives_the_same_calibration() -> None:
    host = tiny_host("gpt2")
    again = calibrate(host.model, host.tokenizer, small_material(), SETTINGS, lambda *_: None)
    for name, tensor in vars(host.calibration.metric).items():
        assert torch.equal(tensor, getattr(again.metric, name)), name
    assert again.layers == host.calibration.layers
    assert again.relations == host.calibration.relations


def test_progress_ends_at_its_total() -> None:
    host, seen = tiny_host("gpt2"), list[tuple[int, int]]()
    some = Material(small_material().wordings[:120], small_material().background[:5])
    calibrate(host.model, host.tokenizer, some, SETTINGS, lambda _, n, of: seen.append((n, of)))
    assert seen[-1][0] == seen[-1][1] > 120
    assert [n for n, _ in seen] == sorted(n for n, _ in seen)


def test_wordings_of_one_relation_come_nearer_than_those_of_others() -> None:
    host = tiny_host("gpt2")
    metric, centres = host.calibration.metric, host.calibration.centres
    assert len(centres) == len({w.relation for w in small_material().wordings})
    own = metric.ratio(centres, centres)
    assert bool((own.diagonal() >= own.max(1).values - 1e-3).double().mean() > 0.8)


def test_a_calibration_is_read_back_as_it_was_but_for_the_precision_that_it_is_kept_in(
    tmp_path: Path,
) -> None:
    made = tiny_host("gpt2").calibration
    save_calibration(made, tmp_path / "c.safetensors")
    again = load_calibration(tmp_path / "c.safetensors", CPU)
    assert again.layers == made.layers
    assert again.relations == made.relations
    assert torch.equal(again.metric.between, made.metric.between)
    torch.testing.assert_close(again.metric.last, made.metric.last, rtol=1e-2, atol=1e-3)
    assert torch.equal(again.scale, made.scale)
    save_calibration(again, tmp_path / "d.safetensors")
    twice = load_calibration(tmp_path / "d.safetensors", CPU)
    for name, tensor in vars(again.metric).items():
        assert torch.equal(tensor, getattr(twice.metric, name)), name


@pytest.mark.parametrize("content", [b"", b"no safetensors at all", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.safetensors"
    path.write_bytes(content)
    with pytest.raises(BrainError, match="no calibration of this version"):
        load_calibration(path, CPU)


def test_a_wording_that_ends_before_its_value_is_told_from_one_that_goes_on() -> None:
    host = tiny_host("gpt2")
    clozes = [Worded("r", f"The colour of {name} is", name, cloze=True) for name in ("Ann", "Bo")]
    assert all(w.cloze for w in clozes)
    assert host.calibration.value.weight.shape[0] == len(host.calibration.layers.last)
