"""Folders of classes: what is taught stays, what is forgotten goes, mistakes are one line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from colours import open_classes, picture, tiny_host

from oneshot.classes.folder.files import ClassFolder
from oneshot.classes.hosts.images import ImageHost
from oneshot.classes.teacher import Classes
from oneshot.classes.writers.calibration import (
    RIDGE,
)
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.errors import BadInputError, BrainError
from oneshot.memory.disk.folder import JOURNAL, WEIGHTS


def test_order_portions_and_other_classes_leave_no_trace(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    with open_classes(tmp_path / "one", RIDGE) as one, open_classes(tmp_path / "two", RIDGE) as two:
        one.teach("red", reds)
        one.teach("blue", blues)
        two.teach("blue", blues[3:])
        two.teach("rubbish", reds[:2])
        two.teach("red", reds[::-1])
        two.teach("blue", blues[:4])
        assert two.writer().names != one.writer().names
        two.forget(["rubbish"])
        ours, theirs = one.writer().state(), two.writer().state()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
        assert {e.key for e in one.folder.load()} == {e.key for e in two.folder.load()}
        assert one.guess(reds) == two.guess(reds)


def test_single_examples_are_removed_by_id_or_file(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    with open_classes(tmp_path / "one") as one, open_classes(tmp_path / "two") as two:
        one.teach("red", reds)
        two.teach("red", reds[2:])
        id = next(e.id for e in one.show("red") if e.source == reds[0])
        assert one.remove("red", [id, reds[1]]).examples == 4
        ours, theirs = one.writer().state(), two.writer().state()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
        with pytest.raises(BadInputError, match="has no example"):
            one.remove("red", [reds[0]])
        one.remove("red", reds[2:])
        assert one.classes() == []


def test_the_journal_examines_and_never_answers(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    with open_classes(tmp_path / "c") as classes:
        classes.teach("red", reds[:3])
        classes.teach("blue", blues[:3])
        before = classes.guess([reds[4], blues[4]])
        assert all(e.source in reds for e in classes.show("red"))
    for path in (tmp_path / "c").glob(f"{JOURNAL}*"):
        path.unlink()
    with open_classes(tmp_path / "c") as classes:
        assert classes.guess([reds[4], blues[4]]) == before
        assert [e.source for e in classes.show("red")] == [""] * 3


def test_mistakes_lose_nothing(tmp_path: Path, reds: list[str]) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(Path(reds[0]).read_bytes()[:200])
    with open_classes(tmp_path / "c") as classes:
        with pytest.raises(BadInputError, match="holds no classes"):
            classes.guess(reds)
        classes.teach("red", reds)
        before = classes.writer().state()
        for name, sources, message in (
            ("x", [reds[0], str(bad)], "cannot be read as a picture"),
            ("x", [str(tmp_path / "missing.png")], "does not exist"),
            ("  ", reds, "class name"),
            ("a\nb", reds, "class name"),
        ):
            with pytest.raises(BadInputError, match=message):
                classes.teach(name, sources)
        with pytest.raises(BadInputError, match="no class 'x'"):
            classes.forget(["red", "x"])
        after = classes.writer().state()
        assert all(torch.equal(before[key], after[key]) for key in before)
        with pytest.raises(BrainError, match="not of 'other'"):
            classes.folder.check_host(tiny_host("other"))


def test_exports_are_folders_and_are_taken_in(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    with open_classes(tmp_path / "one") as one, open_classes(tmp_path / "two") as two:
        one.teach("red", reds[:3])
        two.teach("blue", blues[:3])
        assert one.export(tmp_path / "carried") == 3
        with pytest.raises(BadInputError, match="exists already"):
            one.export(tmp_path / "carried")
        assert two.import_(tmp_path / "carried") == 3
        assert two.import_(tmp_path / "carried") == 0
        assert [e.name for e in two.classes()] == ["blue", "red"]
        with pytest.raises(BadInputError, match="holds no classes"):
            two.import_(tmp_path / "nothing")
    with open_classes(tmp_path / "carried") as carried:
        assert [e.name for e in carried.classes()] == ["red"]


def test_damage_is_noticed(tmp_path: Path, reds: list[str]) -> None:
    with open_classes(tmp_path / "c") as classes:
        classes.teach("red", reds)
    (path,) = (tmp_path / "c" / WEIGHTS).glob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    with pytest.raises(BrainError, match="damaged"), open_classes(tmp_path / "c") as classes:
        classes.classes()
    path.write_bytes(whole)
    (tmp_path / "c" / "calibration.safetensors").write_bytes(b"")
    with pytest.raises(BrainError, match="class doctor --repair"):
        open_classes(tmp_path / "c")


def work(folder: Path, files: list[str]) -> None:
    """Teach one picture after the other, saying each that is safe."""
    with open_classes(folder) as classes:
        for number, path in enumerate(files):
            classes.teach(f"class {number % 3}", [path])
            print(path, flush=True)


def test_a_killed_teacher_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    files = [picture(tmp_path / f"{i}.png", (i * 5 % 250, 90, 90), i) for i in range(60)]
    listed = tmp_path / "files.json"
    listed.write_text(json.dumps(files))
    open_classes(tmp_path / "c").folder.close()
    said = list[str]()
    for life in range(2):
        process = subprocess.Popen(
            [sys.executable, __file__, str(tmp_path / "c"), str(listed), str(len(said))],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        said.append(process.stdout.readline().strip())
        time.sleep(0.02 * (life + 1))
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().split()
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        with open_classes(tmp_path / "c") as classes:
            there = {e.digest for e in classes.folder.load()}
            stored = sum(e.examples for e in classes.classes())
        assert len(said) <= stored <= len(said) + 1
        assert len(there) == stored
        said = files[:stored]


if __name__ == "__main__":
    torch.set_num_threads(1)
    names = json.loads(Path(sys.argv[2]).read_text())[int(sys.argv[3]) :]
    work(Path(sys.argv[1]), names)


def test_a_change_of_the_rule_is_stored_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with open_classes(folder) as classes:
        for seed, colour in enumerate(((200, 30, 30), (30, 200, 30))):
            paths = [picture(tmp_path / f"{seed}-{i}.png", colour, 10 * seed + i) for i in range(4)]
            classes.teach(f"colour {seed}", paths)
        before = {name: tensor.clone() for name, tensor in classes.writer().state().items()}
        classes.change_rule(RIDGE)
        assert classes.rule == RIDGE
        assert classes.writer().state().keys() != before.keys(), "another rule answers"
    with open_classes(folder) as classes:
        assert classes.rule == RIDGE
        assert [entry.examples for entry in classes.classes()] == [4, 4]
        with pytest.raises(BadInputError, match="give one of posterior, ridge, residual"):
            classes.change_rule("magic")
        classes.change_rule("posterior")
        after = classes.writer().state()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_what_a_chain_fitted_is_kept_until_the_examples_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, colours = tmp_path / "c", ((200, 30, 30), (30, 200, 30), (30, 30, 200))
    files = [
        [picture(tmp_path / f"{seed}-{i}.png", colour, 10 * seed + i) for i in range(5)]
        for seed, colour in enumerate(colours)
    ]
    with open_classes(folder, "residual") as classes:
        for seed, paths in enumerate(files):
            classes.teach(f"colour {seed}", paths[:4])
        asked = [paths[4] for paths in files]
        first = classes.guess(asked)
    (kept,) = (folder / "fitted").iterdir()
    fits = []
    fit = ResidualWriter.fit

    def counted(writer: ResidualWriter) -> object:
        fits.append(1)
        return fit(writer)

    monkeypatch.setattr(ResidualWriter, "fit", counted)
    with open_classes(folder) as classes:
        assert classes.guess(asked) == first
    assert not fits, "it was read from the disk"
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")  # damage is fitted anew, to the same bits
    with open_classes(folder) as classes:
        assert classes.guess(asked) == first
        assert fits
        classes.teach("colour 0", [files[0][4]])
        assert classes.guess(asked)[0].probability != first[0].probability
    (other,) = (folder / "fitted").iterdir()
    assert other.name != kept.name


def test_the_host_is_opened_when_something_is_to_be_read(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    with open_classes(tmp_path / "c") as classes:
        classes.teach("red", reds[:4])
        classes.teach("blue", blues[:4])

    def opened() -> ImageHost:
        raise BrainError("the host was opened")

    folder = classes.folder
    with Classes(ClassFolder(folder.folder, folder.config), opened) as closed:
        assert [entry.examples for entry in closed.classes()] == [4, 4]
        first, *_ = closed.show("red")
        assert closed.remove("red", [first.id]).examples == 3
        assert closed.evaluate().n == 7
        assert closed.export(tmp_path / "out") == 7
        closed.change_rule(RIDGE)
        assert closed.forget(["blue"])[0].examples == 4
        with pytest.raises(BrainError, match="the host was opened"):
            closed.teach("blue", blues[:4])
