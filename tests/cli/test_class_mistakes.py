"""What users give `oneshot class` by mistake: one line, and nothing made."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from class_commands import call, complaint, no_exit, only_packaged, photos, stripes
from PIL import Image

from oneshot.cli.main import main

__all__ = ["no_exit", "only_packaged", "photos"]


def test_a_missing_file_is_no_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    at = ["--classes", tmp_path / "t"]
    (tmp_path / "table.csv").write_text("a,b\n")
    for given in ("nofile.txt", "my notes.txt", "./nofile", tmp_path / "none", "notes.md", "x.PNG"):
        assert "cannot be read" in complaint(capsys, "teach", "a", "--text", given, *at), given
        assert "does not exist" in complaint(capsys, "teach", "a", given, *at), given
    (tmp_path / "photos").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for given in ("photos/mugs", "mugs/", "photos/mug.s"):  # a folder that is misspelt
        assert "image-classes holds no classes" in complaint(capsys, "guess", given), given
    assert "none of sentences" in complaint(capsys, "teach", "a", "--text", "table.csv", *at)
    # What is no path stays a sentence, whatever stands in it.
    said = ["It broke at 9.30.", "and/or", "e.g. this", "See https://example.org."]
    (taught,) = call(capsys, "teach", "a", "--text", *said, *at)
    assert taught["added"] == 4


def test_lines_end_with_line_feeds_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "t"]
    texts = ["It is late.\u2028Where is it?", "It broke.\u0085Send another.", "A\u2029B\x0bC\x0cD"]
    lines = [json.dumps({"text": t, "class": "c"}, ensure_ascii=False) for t in texts]
    file = tmp_path / "a.jsonl"
    file.write_bytes("\r\n".join(lines).encode("utf-8"))
    (taught,) = call(capsys, "teach", "--text", "--file", file, *at)
    assert taught["added"] == 3
    sentences = tmp_path / "a.txt"
    sentences.write_bytes("\n".join(["First.\u2028Still first.", "", "Second."]).encode("utf-8"))
    (taught,) = call(capsys, "teach", "d", "--text", sentences, *at)
    assert taught["added"] == 2


def test_commands_that_only_read_make_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    red = next((photos / "red").iterdir())
    typo = tmp_path / "typo"
    for arguments in (
        ["list"],
        ["show", "red"],
        ["guess", red],
        ["guess", "Where is it?"],
        ["eval"],
        ["eval", "--folders", photos],
        ["export", tmp_path / "out"],
        ["forget", "red", "--yes"],
        ["rule", "ridge"],
    ):
        for place in (["--classes", typo], []):
            assert "holds no classes; teach one first" in complaint(capsys, *arguments, *place)
    assert not typo.exists()
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "out").exists()
    # An exported folder has no journal, and looking at it makes none.
    call(capsys, "teach", "red", red, "--classes", tmp_path / "c")
    call(capsys, "export", tmp_path / "out", "--classes", tmp_path / "c")
    before = sorted(p.name for p in (tmp_path / "out").iterdir())
    (shown,) = call(capsys, "show", "red", "--classes", tmp_path / "out")
    assert len(shown["examples"]) == 1
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == before


def test_folders_that_hold_nothing_are_said_and_hidden_ones_skipped(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / ".git").mkdir()
    (photos / "green").mkdir()
    stripes(photos / ".thumbnails" / "1.png", (0, 0, 0), 4, 0)
    main(["--json", "class", "teach", "--folders", str(photos), "--classes", str(tmp_path / "c")])
    said = capsys.readouterr()
    assert [json.loads(line)["name"] for line in said.out.splitlines()] == ["blue", "red"]
    assert said.err == f"warning: {photos / 'green'} holds no pictures and is left out\n"


def test_what_was_done_to_a_picture_is_said(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "c"]
    frames = [Image.open(photos / "red" / f"{n}.png").convert("P") for n in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    (Image.fromarray(np.full((40, 40), 0.5, np.float32))).save(tmp_path / "float.tif")
    call(capsys, "teach", "blue", photos / "blue", *at)
    (taught,) = call(capsys, "teach", "red", photos / "red", tmp_path / "moving.gif", *at)
    assert taught["warnings"][0] == (
        f"{tmp_path / 'moving.gif'}: the first of 3 frames or pages is looked at"
    )
    plain, moving, floats = call(
        capsys,
        "guess",
        photos / "red" / "0.png",
        tmp_path / "moving.gif",
        tmp_path / "float.tif",
        *at,
    )
    assert plain["prepared"] == []
    assert moving["prepared"] == ["the first of 3 frames or pages is looked at"]
    assert floats["prepared"] == ["its numbers are taken as brightness from 0 to 1"]
    main(["class", "guess", str(tmp_path / "moving.gif"), *map(str, at)])
    assert "the first of 3 frames" in capsys.readouterr().out


def test_a_bad_picture_of_a_folder_is_left_out_and_a_named_one_refused(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", str(tmp_path / "c")]
    call(capsys, "teach", "--folders", photos, *at)
    bad = photos / "red" / "00.png"
    bad.write_bytes((photos / "red" / "0.png").read_bytes()[:200])
    main(["--json", "class", "guess", str(photos / "red"), *at])
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 6
    assert said.err.startswith(f"warning: left out: {bad} cannot be read as a picture")
    assert "cannot be read as a picture" in complaint(capsys, "guess", bad, *at)
    for path in (photos / "red").iterdir():
        path.write_bytes(b"")
    assert "none of these could be read" in complaint(capsys, "guess", photos / "red", *at)


def test_hostile_values_are_one_line(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "c"]
    call(capsys, "teach", "--folders", photos, *at)
    red = photos / "red"
    for arguments, message in (
        (["guess", red, "--top", 0], "at least 1"),
        (["guess", red, "--top", "many"], "see `oneshot class guess --help`"),
        (["guess", red, "--nope"], "see `oneshot class guess --help`"),
        (["guess", red, "--strangers", 1.5], "give a share from 0 to 0.99"),
        (["guess", red, "--strangers", "nan"], "give a share from 0 to 0.99"),
        (["list", "--device", "meta"], "give auto, cpu or cuda"),
        (["list", "--device", "cuda:99"], "is not there; give auto, cpu"),
        (["list", "--threads", 0], "give 1 to"),
        (["list", "--threads", 10**9], "give 1 to"),
        (["lisst"], "--help"),
    ):
        assert message in complaint(capsys, *arguments, *at), arguments


def test_mistakes_are_one_line(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "c"]
    (tmp_path / "empty").mkdir()
    text = tmp_path / "text.png"
    text.write_text("no picture")
    call(capsys, "teach", "blue", photos / "blue", *at)
    for arguments, message in (
        (["teach", "x", text, *at], "cannot be read as a picture"),
        (["teach", "x", tmp_path / "empty", *at], "holds no pictures"),
        (["teach", "--folders", tmp_path / "empty", *at], "holds no folders"),
        (["teach", "x", *at], "no examples of 'x'"),
        (["teach", *at], "takes a name"),
        (["guess", "--text", "y" * 1_000_000, "--classes", tmp_path / "t"], "holds no classes"),
        (["teach", "x", "--text", "y" * 1_000_000, "--classes", tmp_path / "t"], "give at most"),
        (["teach", "x", "--text", "a sentence", *at], "holds image classes, not text"),
        (["guess", tmp_path / "missing.jpg", *at], "does not exist"),
        (["guess", "missing", *at], "does not exist"),
        (["forget", "x", "--yes", *at], "no class 'x'"),
        (["forget", "--yes", *at], "forget takes names"),
        (["show", "x", *at], "no class 'x'"),
        (["teach", "x", photos / "red", "--host", tmp_path / "none", *at], "cannot load"),
        (["import", tmp_path / "empty", *at], "holds no classes"),
        (["calibrate", "--base", photos / "red"], "holds no folders"),
    ):
        assert message in complaint(capsys, *arguments), arguments
    (listed,) = call(capsys, "list", *at)
    assert listed["classes"] == [{"name": "blue", "examples": 6}]
