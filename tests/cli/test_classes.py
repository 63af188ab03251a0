"""The commands of `oneshot class`, with the packaged hosts."""

import json
from pathlib import Path

import pytest
from class_commands import call, complaint, no_exit, only_packaged, photos

from oneshot.cli.main import main

__all__ = ["no_exit", "only_packaged", "photos"]


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
