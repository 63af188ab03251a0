"""The commands of `oneshot class`, with the packaged hosts."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from oneshot.cli.main import main


@pytest.fixture(autouse=True)
def no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """typer leaves with status 0 at the end of a command that went well."""
    real = sys.exit

    def leave(status: object = None) -> None:
        if status not in (None, 0):
            real(status)

    monkeypatch.setattr(sys, "exit", leave)


@pytest.fixture(autouse=True)
def only_packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has fetched."""
    monkeypatch.setattr("oneshot.classes.folder.opening.kept_hosts", dict)


def stripes(path: Path, colour: tuple[int, int, int], period: int, seed: int) -> Path:
    """A picture of stripes, no two alike."""
    dice = np.random.default_rng(seed)
    rows = np.arange(48)[:, None, None] + dice.integers(0, period)
    pixels = np.where(rows // period % 2, colour, (230, 230, 230))
    pixels = pixels + dice.integers(-25, 25, (48, 64, 3))
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(6):
        stripes(tmp_path / "photos" / "red" / f"{seed}.png", (200, 30, 30), 12, seed)
        stripes(tmp_path / "photos" / "blue" / f"{seed}.jpg", (30, 30, 200), 4, 50 + seed)
    return tmp_path / "photos"


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """The JSON lines that a command prints."""
    main(["--json", "class", *map(str, arguments)])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as left:
        main(["class", *map(str, arguments)])
    assert left.value.code in (2, 3, 4)
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said


def test_pictures_are_taught_guessed_listed_and_forgotten(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "c"]
    red = sorted((photos / "red").iterdir())
    (taught,) = call(capsys, "teach", "red", *red[:4], *at)
    assert (taught["name"], taught["added"], taught["examples"]) == ("red", 4, 4)
    (taught,) = call(capsys, "teach", "blue", photos / "blue", *at)
    assert (taught["added"], taught["nearest"]) == (6, "red")
    (guess,) = call(capsys, "guess", red[5], *at)
    assert guess["ranking"][0]["name"] == "red"
    (listed,) = call(capsys, "list", *at)
    assert listed["classes"] == [{"name": "blue", "examples": 6}, {"name": "red", "examples": 4}]
    (shown,) = call(capsys, "show", "red", *at)
    assert {e["source"] for e in shown["examples"]} == set(map(str, red[:4]))
    (found,) = call(capsys, "eval", *at)
    assert found["n"] == 10
    assert found["accuracy_forced"] == 1.0
    (gone,) = call(capsys, "forget", "red", "--example", red[0], "--yes", *at)
    assert gone["left"] == 3
    (gone,) = call(capsys, "forget", "red", "--yes", *at)
    assert gone["forgotten"] == 3
    assert [c["name"] for c in call(capsys, "list", *at)[0]["classes"]] == ["blue"]


def test_folder_trees_are_taught_and_carried(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "red" / "notes.png").write_text("no picture")
    blue, red = call(capsys, "teach", "--folders", photos, "--classes", tmp_path / "c")
    assert (blue["added"], red["added"]) == (6, 6)
    assert "notes.png" in red["warnings"][0]
    (found,) = call(capsys, "export", tmp_path / "carried", "--classes", tmp_path / "c")
    assert found["examples"] == 12
    (found,) = call(capsys, "import", tmp_path / "carried", "--classes", tmp_path / "d")
    assert found["examples"] == 12
    (photos / "red" / "notes.png").unlink()
    (found,) = call(capsys, "eval", "--folders", photos, "--classes", tmp_path / "d")
    assert found["accuracy"] == 1.0


def test_texts_are_taught_and_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--classes", tmp_path / "t"]
    born = ["Mary Shelley was born in London.", "Chopin was born in Warsaw."]
    call(capsys, "teach", "birth", "--text", *born, *at)
    file = tmp_path / "more.jsonl"
    lines = [{"text": f"The capital of {c} is {t}.", "class": "capital"}
             for c, t in (("Peru", "Lima"), ("Kenya", "Nairobi"))]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    (taught,) = call(capsys, "teach", "--text", "--file", file, *at)
    assert (taught["name"], taught["added"]) == ("capital", 2)
    guesses = call(capsys, "guess", "Ada was born in Lima.", "Canada's capital is Ottawa.", *at)
    assert [g["ranking"][0]["name"] for g in guesses] == ["birth", "capital"]
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("Ottawa is the capital of Canada.\n\nParis is the capital of France.\n")
    (taught,) = call(capsys, "teach", "capital", "--text", sentences, *at)
    assert taught["added"] == 2
    assert "was known with 2 examples" in taught["warnings"][0]


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


def test_the_demo_shows_digits_and_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    digits, *others = call(capsys, "demo")
    one, *_, many = digits["results"]
    assert one["shots"] == 1
    assert many["accuracy"] > 0.4
    assert many["rejected"] > one["rejected"]
    guesses = [record["name"] for record in others if record["section"] == "guesses"]
    assert guesses == ["place of birth", "native language", "capital", None]


def test_the_demo_takes_the_rule_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--rule", "delta", "class", "demo"])
    assert left.value.code in (2, 3, 4)
    assert "give one of posterior, ridge, residual" in capsys.readouterr().err


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


def test_a_rule_other_than_the_folders_is_refused_or_stored(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "c"]
    call(capsys, "teach", "--folders", photos, *at)
    for command in (["list"], ["eval"], ["teach", "red", photos / "red"]):
        said = complaint(capsys, *command, *at, "--rule", "ridge")
        assert "has rule posterior, not ridge" in said
    (changed,) = call(capsys, "rule", "ridge", *at)
    assert changed == {"rule": "ridge", "before": "posterior"}
    assert call(capsys, "list", *at)[0]["rule"] == "ridge"
    assert call(capsys, "list", *at, "--rule", "ridge")[0]["rule"] == "ridge"
    assert "give one of posterior" in complaint(capsys, "rule", "magic", *at)


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


def test_the_share_of_strangers_is_kept_and_none_can_be_ruled_out(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "c"]
    call(capsys, "teach", "--folders", photos, "--strangers", 0.6, *at)
    assert call(capsys, "list", *at)[0]["strangers"] == 0.6
    red = photos / "red" / "0.png"
    (many,) = call(capsys, "guess", red, *at)
    (few,) = call(capsys, "guess", red, "--strangers", 0.1, *at)
    assert few["none"] < many["none"]
    assert call(capsys, "list", *at)[0]["strangers"] == 0.1
    (forced,) = call(capsys, "guess", red, "--no-none", *at)
    assert forced["none"] == 0
    main(["class", "guess", str(red), "--no-none", *map(str, at)])
    assert "none of these" not in capsys.readouterr().out


def test_the_examination_shows_how_honest_it_is(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "c"]
    call(capsys, "teach", "--folders", photos, *at)
    figure = tmp_path / "honest.svg"
    (found,) = call(capsys, "eval", "--figure", figure, *at)
    assert figure.read_text("utf-8").startswith("<svg")
    assert sum(b["n"] for b in found["reliability"]) == found["n"] + found["strangers"] == 24
    main(["class", "eval", *map(str, at)])
    said = capsys.readouterr().out
    assert "25% of what is asked counted as strangers" in said


def test_what_texts_the_packaged_host_knows_is_said_and_chance_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--classes", tmp_path / "t", "--text"]
    lines = Path("experiments/classes/tasks/tickets.jsonl").read_text("utf-8").splitlines()
    file = tmp_path / "few.jsonl"
    file.write_text("\n".join(line for i, line in enumerate(lines) if i % 40 < 5), "utf-8")
    main(["class", "teach", "--file", str(file), *map(str, at)])
    assert "knows sentences that state facts of 41 relations" in capsys.readouterr().err
    said = complaint(capsys, "guess", "Where is my parcel?", *at)
    assert "cannot be told apart on the host factual-lm" in said
    assert "host fetch smollm2" in said
