"""`oneshot class doctor`: every fault of a folder is found, and mended where it can be."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import platformdirs
import pytest
import torch
from colours import HOST, calibration, open_classes, picture

from oneshot.classes.calibrated import calibration_paths
from oneshot.classes.folder.doctor import examine
from oneshot.classes.folder.files import CONFIG, Stored, example_key
from oneshot.cli.main import main
from oneshot.errors import BrainError
from oneshot.memory.disk.folder import CALIBRATION, JOURNAL, WEIGHTS


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_: tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three examples, in two segments."""
    with open_classes(tmp_path / "c") as classes:
        for name, colour in (("red", (220, 20, 20)), ("blue", (20, 20, 220))):
            files = [picture(tmp_path / f"{name}{i}.png", colour, i) for i in range(3)]
            classes.teach(name, files)
    return tmp_path / "c"


def keep() -> None:
    """The host's calibration, as it lies in the user's cache."""
    calibration_paths(HOST.hash)[0].write_bytes(calibration())


def faults(folder: Path, *, repair: bool = False) -> list[str]:
    """What is wrong; with `repair`, what is left wrong."""
    found = examine(folder, repair=repair)
    return [f"{f.check}: {f.detail}" for f in found if not f.ok and not f.repaired]


def check_mended(folder: Path, said: str) -> None:
    """The fault is found without being touched, is repaired, and is gone."""
    assert any(said in fault for fault in faults(folder))
    assert any(said in fault for fault in faults(folder))
    repaired = [f for f in examine(folder, repair=True) if f.repaired]
    assert any(said in f"{f.check}: {f.detail}" for f in repaired)
    assert faults(folder) == []


def names(folder: Path) -> dict[str, int]:
    with open_classes(folder) as classes:
        return {entry.name: entry.examples for entry in classes.classes()}


def test_a_sound_folder_has_no_fault(folder: Path) -> None:
    checks = [f.check for f in examine(folder, repair=False)]
    assert checks == ["configuration", "calibration", "journal", "weights", "journal and weights"]
    assert faults(folder) == []
    before = {path: path.read_bytes() for path in folder.rglob("*.safetensors")}
    assert faults(folder, repair=True) == []
    assert before == {path: path.read_bytes() for path in folder.rglob("*.safetensors")}


def test_what_holds_no_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrainError, match="holds no classes"):
        examine(tmp_path / "none", repair=True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_configuration_cannot_be_mended(folder: Path, content: str | None) -> None:
    (folder / CONFIG).unlink()
    if content is not None:
        (folder / CONFIG).write_text(content)
    (fault,) = faults(folder, repair=True)
    assert fault.startswith("configuration: ")
    assert "export" in fault or "upgrade" in fault


@pytest.mark.parametrize("content", [None, b"", calibration()[:-1]])
def test_a_calibration_comes_back_from_the_one_that_is_kept(
    folder: Path, content: bytes | None
) -> None:
    (folder / CALIBRATION).unlink()
    if content is not None:
        (folder / CALIBRATION).write_bytes(content)
    assert "calibration: " in faults(folder, repair=True)[0]
    with pytest.raises(BrainError, match="class doctor --repair"):
        open_classes(folder)
    keep()
    check_mended(folder, "calibration: ")
    assert names(folder) == {"blue": 3, "red": 3}


def test_another_calibration_than_the_weights_is_not_taken(folder: Path) -> None:
    (folder / CALIBRATION).unlink()
    keep()
    kept = calibration_paths(HOST.hash)[0]
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert "restore it" in faults(folder, repair=True)[0]
    assert not (folder / CALIBRATION).exists()


def test_a_truncated_segment_is_set_aside_and_its_examples_struck(folder: Path) -> None:
    first = min((folder / WEIGHTS).glob("*.safetensors"))
    first.write_bytes(first.read_bytes()[:100])
    with pytest.raises(BrainError, match="class doctor"):
        names(folder)
    assert "journal and weights: not compared" in faults(folder)[1]
    check_mended(folder, f"weights: {first.name}")
    assert (folder / WEIGHTS / "damaged" / first.name).exists()
    assert names(folder) == {"blue": 3}


def test_a_row_without_weights_is_struck(folder: Path) -> None:
    lost = first_key(folder)
    with open_classes(folder) as classes:
        classes.folder.store.remove([lost])
    check_mended(folder, "red0.png of 'red' is not in the weights")
    with open_classes(folder) as classes:
        assert lost not in classes.folder.journal.taught()
        assert len(classes.show("red")) == 2


def first_key(folder: Path) -> str:
    with open_classes(folder) as classes:
        noted = classes.folder.journal.taught().values()
        return next(n.key for n in noted if n.source.endswith("red0.png"))


def test_weights_without_a_row_are_entered_without_their_source(folder: Path) -> None:
    with open_classes(folder) as classes:
        key = first_key(folder)
        classes.folder.journal.run("DELETE FROM examples WHERE key = ?", key)
    check_mended(folder, "1 of the weights' examples are not in it")
    with open_classes(folder) as classes:
        assert [e.source for e in classes.show("red") if key.startswith(e.id)] == [""]
        assert key in classes.folder.journal.taught()
    assert names(folder) == {"blue": 3, "red": 3}


def test_a_damaged_journal_is_set_aside(folder: Path) -> None:
    (folder / JOURNAL).write_bytes(b"no database" * 1000)
    for path in folder.glob(f"{JOURNAL}-*"):
        path.unlink()
    check_mended(folder, "journal: ")
    assert (folder / f"damaged-{JOURNAL}").exists()
    assert names(folder) == {"blue": 3, "red": 3}


def test_an_exported_folder_has_no_journal_and_needs_none(folder: Path, tmp_path: Path) -> None:
    with open_classes(folder) as classes:
        classes.export(tmp_path / "exported")
    assert faults(tmp_path / "exported") == []
    assert not (tmp_path / "exported" / JOURNAL).exists()


@pytest.mark.parametrize(
    "name", [f".{CONFIG}.123", f".{CALIBRATION}.9", f"{WEIGHTS}/1.safetensors.tmp"]
)
def test_leftovers_of_a_killed_process_go(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"half")
    check_mended(folder, f"leftovers: {Path(name).name}")
    assert not (folder / name).exists()
    assert names(folder) == {"blue": 3, "red": 3}


def test_codes_of_another_width_than_the_calibrations_are_told(folder: Path) -> None:
    with open_classes(folder) as classes:
        held = classes.folder.load()
        classes.folder.store.remove([e.key for e in held])
        narrow = [Stored(e.key, e.name, e.digest, e.code[:-1].clone()) for e in held]
        classes.folder.append(narrow)
    (fault,) = faults(folder, repair=True)
    assert "numbers long" in fault


def test_examples_under_strange_keys_are_told(folder: Path) -> None:
    with open_classes(folder) as classes:
        code = torch.zeros_like(classes.folder.load()[0].code)
        classes.folder.append([Stored(example_key("red", "00"), "green", "00", code)])
    found = faults(folder, repair=True)
    assert any("not what their keys say (green)" in fault for fault in found)


def test_the_command_ends_with_its_status(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--json", "class", "doctor", "--classes", str(folder)]
    (folder / WEIGHTS / "1.safetensors.tmp").write_bytes(b"half")
    with pytest.raises(SystemExit) as left:
        main(command)
    assert left.value.code == 3
    findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [f["check"] for f in findings if not f["ok"]] == ["leftovers"]
    with pytest.raises(SystemExit) as left:
        main([*command, "--repair"])
    assert left.value.code == 0
    assert '"repaired": true' in capsys.readouterr().out


def test_the_doctor_of_brains_sends_on_and_touches_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as left:
        main(["--brain", str(folder), "doctor", "--repair"])
    assert left.value.code == 3
    assert f"oneshot class doctor --classes {folder}" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_journal_from_before_versions_is_read_and_kept(folder: Path) -> None:
    with closing(sqlite3.connect(folder / JOURNAL)) as old:
        before = old.execute("SELECT * FROM examples ORDER BY key").fetchall()
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        old.execute("PRAGMA user_version = 0")  # as version 0.1.0 left it
    assert faults(folder) == []
    with closing(sqlite3.connect(folder / JOURNAL)) as new:
        assert new.execute("SELECT * FROM examples ORDER BY key").fetchall() == before
        assert new.execute("PRAGMA user_version").fetchone() == (1,)
