"""The calibration of an exported host goes into the package, and an old one out of it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.host import export
from oneshot.facts.calibrated import calibration_name


@pytest.fixture
def calibrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "calibrations"
    place.mkdir()
    monkeypatch.setattr(export, "CALIBRATIONS", place)
    monkeypatch.setattr(export, "load_host", lambda _: SimpleNamespace(hash="abc-1"))
    monkeypatch.setattr(export, "make_calibration", lambda host, _: host.hash)
    monkeypatch.setattr(export, "save_calibration", lambda made, path: path.write_text(made))
    return place


def test_the_calibration_stands_in_the_package_and_not_beside_the_model(
    calibrations: Path, tmp_path: Path
) -> None:
    target = tmp_path / "host"
    target.mkdir()
    export.write_calibration(target)
    assert (calibrations / calibration_name("abc-1")).read_text() == "abc-1"
    assert not list(target.iterdir())


def test_the_old_host_s_calibration_goes(calibrations: Path, tmp_path: Path) -> None:
    old, other = (calibrations / calibration_name(f"{name}-1") for name in ("abc", "def"))
    old.write_text("old")
    other.write_text("another host's")
    export.drop_calibration(tmp_path)
    assert old.exists(), "no host stood there"
    (tmp_path / "config.json").write_text("{}")
    export.drop_calibration(tmp_path)
    assert not old.exists()
    assert other.exists()
