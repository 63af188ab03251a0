"""Long runs: stopped and gone on from, seen without a terminal, begun from other weights."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pictures import write_set
from PIL import Image

from oneshot.cli.main import main
from oneshot.images import planning
from oneshot.images.rules import ridge
from oneshot.images.training.checkpoint import read_checkpoint

RUN = ["image", "train", "--dataset", "cifar10", "--T", "2", "--precision", "float32"]
RUN += ["--batch", "8"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_set(folder)
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> Any:
    """What a command prints, out and err."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert (left.value.code or 0) == status, said
    return said


def started(*arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "oneshot", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not path.is_file():
        assert time.monotonic() < deadline, "it never came"
        assert process.poll() is None, process.stderr
        time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_stop_saves_and_says_so(
    how: signal.Signals, data: Path, tmp_path: Path
) -> None:
    """Long before step 500 or two minutes: it is the wish that saves."""
    out = tmp_path / "run"
    process = started(*RUN, "--data", data, "--epochs", 100_000, "--out", out)
    wait_for(out / "metrics.jsonl", process)
    time.sleep(0.5)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    last = said.decode().strip().splitlines()[-1]
    assert last.startswith(f"stopped after {read_checkpoint(out).step:,} of 600,000 steps")
    assert "error" not in said.decode()
    assert "stopped after" in (out / "train.log").read_text()


def test_a_second_wish_ends_at_once(data: Path, tmp_path: Path) -> None:
    """Whatever is being computed: here the process is busy with something else."""
    code = (
        "import time\n"
        "from oneshot.cli.image.stopping import asked_to_stop\n"
        "with asked_to_stop() as stop:\n"
        "    print('ready', flush=True)\n"
        "    while not stop(): time.sleep(0.01)\n"
        "    print('asked', flush=True)\n"
        "    sum(range(10**12))\n"
    )
    for first, second in ((signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)):
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(first)
            assert process.stdout.readline() == "asked\n"
            process.send_signal(second)
            assert process.wait(timeout=10) == -second


def test_a_rule_stops_at_sigterm(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grow = ridge.grow

    def stopped(*given: Any) -> Any:
        yield next(iter(grow(*given)))
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    monkeypatch.setattr(ridge, "grow", stopped)
    out = tmp_path / "run"
    few = ["--set", "blocks=2", "--set", "filters=8"]
    arguments = ["--rule", "ridge", *RUN[:4], *few, "--data", data, "--out", out]
    said = told(capsys, *arguments, status=130)
    assert said.err.splitlines()[-1] == "stopped; add --resume to the same command to go on"
    assert read_checkpoint(out).step == 1


def test_checkpoints_come_by_time(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = [*RUN, "--data", data, "--epochs", 100_000, "--out", out, "--save-every", "0.2s"]
    with started(*arguments) as process:
        wait_for(out / "checkpoint.json", process)
        process.kill()
    assert 0 < read_checkpoint(out).step < 500


def test_without_a_terminal_there_is_a_line_an_epoch(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    said = told(capsys, *RUN, "--data", data, "--epochs", 3, "--out", out)
    plan, *epochs = said.err.splitlines()
    assert plan.startswith(f"cifar10 in {data}: 48 pictures, 4 classes; dt, block paper, T = 2:")
    assert len(epochs) == 3
    for number, line in enumerate(epochs, start=1):
        assert line.startswith(f"epoch {number}, train {6 * number} of 18, loss ")
        for word in ("held-out accuracy", "images/s", "left"):
            assert word in line
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [6, 12, 18]
    assert all(0 <= line["accuracy"] <= 1 and line["loss 1"] > 0 for line in lines)
    assert (out / "train.log").read_text().count("held-out accuracy") == 3
    quiet = told(capsys, *RUN, "--data", data, "--epochs", 1, "--out", tmp_path / "q", "--quiet")
    assert quiet.err == ""
    said = told(capsys, "image", "report", out, "--data", data)
    assert str(out / "report.html") in said.out
    page = (out / "report.html").read_text()
    assert page.count("<polyline") == 3
    assert "of 24 test pictures are named rightly" in page
    order = [page.index(part) for part in ("named rightly", "What is right", "Held-out accuracy")]
    assert order == sorted(order)
    assert "has no metrics.jsonl" in told(capsys, "image", "report", data, status=2).err


def test_verbose_says_what_is_done(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process = started(*RUN, "--data", data, "--epochs", 1, "--out", tmp_path / "v", "--verbose")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0
    assert b"oneshot.images.training: step 6 is saved" in said


def test_without_epochs_a_run_takes_some_ten_minutes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for each, epochs in ((25.0, 4), (1000.0, 1), (1e-9, 100)):  # 6 steps an epoch
        monkeypatch.setattr(planning, "seconds_per_step", lambda *_, each=each: each)
        if epochs < 100:
            out = tmp_path / str(epochs)
            said = told(capsys, *RUN, "--data", data, "--out", out)
            assert f"{epochs} epochs, {6 * epochs} steps" in said.err
            assert ("10 min here" if epochs == 4 else "1.7 h here") in said.err
            assert read_checkpoint(out).step == 6 * epochs
        else:
            from oneshot.images.sets.loading import load_images
            from oneshot.images.settings import TrainSettings

            images = load_images("cifar10", data, torch.device("cpu"))
            settings = TrainSettings.from_mapping({"dataset": "cifar10", "batch": 8})
            assert planning.affordable_epochs(settings, images) == epochs
    # Going on needs none of what the run was started with.
    said = told(capsys, "image", "train", "--out", tmp_path / "4", "--resume", "--data", data)
    assert "test accuracy" in said.out


def test_a_run_goes_on_for_more_epochs_where_its_schedule_allows(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    constant, falling = tmp_path / "constant", tmp_path / "falling"
    arguments = [*RUN, "--data", data]
    told(capsys, *arguments, "--epochs", 1, "--out", constant)
    told(capsys, *arguments, "--epochs", 2, "--out", constant, "--resume")
    told(capsys, *arguments, "--epochs", 2, "--out", tmp_path / "whole")
    one, other = read_checkpoint(constant), read_checkpoint(tmp_path / "whole")
    assert one.step == other.step == 12
    assert all(torch.equal(one.tensors[n], other.tensors[n]) for n in other.tensors)
    lines = [json.loads(line) for line in (constant / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [6, 12]
    fewer = told(capsys, *arguments, "--epochs", 1, "--out", constant, "--resume", status=5)
    assert "give more --epochs" in fewer.err
    missing = [*RUN, "--dataset", "mnist", "--data", tmp_path / "nowhere"]
    another = told(capsys, *missing, "--out", constant, "--resume", status=5)
    assert "a run with another dataset" in another.err  # said before pictures are looked for
    told(capsys, *arguments, "--epochs", 1, "--anneal", "--out", falling)
    more = told(capsys, *arguments, "--epochs", 2, "--out", falling, "--resume", status=5)
    assert f"give --init-from {falling} and another --out" in more.err


def test_a_run_begins_with_the_weights_of_another_one(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, tuned = tmp_path / "first", tmp_path / "tuned"
    arguments = [*RUN, "--data", data]
    told(capsys, *arguments, "--epochs", 8, "--out", first)
    slow = ["--epochs", 1, "--learning-rate", "1e-12", "--set", "weight_decay=0"]
    told(capsys, *arguments, *slow, "--out", tuned, "--init-from", first)
    told(capsys, *arguments, *slow, "--out", tmp_path / "fresh")
    name = "blocks.out.weight"
    trained, begun, fresh = (read_checkpoint(f).tensors for f in (first, tuned, tmp_path / "fresh"))
    assert not torch.allclose(trained[name], fresh[name], atol=1e-3), "training changed it"
    assert torch.allclose(trained[name], begun[name], atol=1e-6)
    assert float(begun[f"{name}.step"].max()) == 6, "the optimiser started afresh"
    other = [*arguments, "--T", 3, "--epochs", 1, "--out", tmp_path / "o", "--init-from", first]
    assert "another architecture" in told(capsys, *other, status=5).err


def test_every_setting_can_be_set(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    more = ["--set", "eta=0.05", "--set", "spacing=equal-information", "--set", "flip=true"]
    told(capsys, *RUN, "--data", data, "--epochs", 1, "--out", out, *more)
    settings = read_checkpoint(out).meta["settings"]
    assert (settings["eta"], settings["flip"]) == (0.05, True)
    assert settings["spacing"] == "equal-information"
    for wrong, message in (
        ("eta", "give a name and a value"),
        ("eta=lots", "give a number"),
        ("charm=1", "'charm' is unknown; give one of dataset, method"),
        ("T=0", "at least 1"),
    ):
        given = [*RUN[:4], "--data", data, "--out", tmp_path / "x", "--set", wrong]
        assert message in told(capsys, *given, status=2).err


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three classes of twelve pictures, one of them damaged and one twice."""
    dice = np.random.default_rng(0)
    for label, (name, colour) in enumerate(
        {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}.items()
    ):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(12):
            noise = dice.integers(-30, 30, (40 + label, 30, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    (tmp_path / "photos" / "red" / "torn.jpg").write_bytes(b"torn")
    again = (tmp_path / "photos" / "blue" / "3.png").read_bytes()
    (tmp_path / "photos" / "blue" / "again.png").write_bytes(again)
    (tmp_path / "photos" / "empty").mkdir()
    return tmp_path / "photos"


def test_a_folder_of_ones_own_pictures_trains_like_a_named_set(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["--dataset", "folder", "--data", photos, "--side", 16, "--test-share", 0.25]
    out = tmp_path / "run"
    info = json.loads(told(capsys, "--json", "image", "info", *own[:4], "--set", "side=16").out)
    assert (info["found"], info["picture"], info["classes"]) == (
        f"folder {photos}",
        "3 x 16 x 16",
        3,
    )
    few = ["--set", "blocks=1", "--set", "filters=16"]
    said = told(capsys, "--json", "--rule", "ridge", "image", "train", *own, *few, "--out", out)
    record = json.loads(said.out.splitlines()[-1])
    assert record["n"] == 9
    assert record["test_accuracy"] == 1.0
    for words in ("torn.jpg cannot be read", "is there twice", "empty holds no pictures"):
        assert words in said.err
    measured = told(capsys, "--json", "image", "eval", out, "--data", photos)
    assert json.loads(measured.out)["test_accuracy"] == 1.0
    guessed = told(capsys, "--json", "image", "predict", photos / "green" / "1.png", "--run", out)
    assert json.loads(guessed.out)["name"] == "green"
    told(capsys, *RUN[:2], *own, "--T", 2, "--epochs", 1, "--batch", 9, "--out", tmp_path / "dt")
    (photos / "black").mkdir()
    Image.new("RGB", (20, 20)).save(photos / "black" / "1.png")
    other = told(capsys, "image", "eval", out, "--data", photos, status=2)
    assert "give the --data that it was trained on" in other.err
    assert "--data PHOTOS" in told(capsys, "image", "train", "--dataset", "folder", status=2).err


def test_splits_that_were_made_before_stay(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split = tmp_path / "split"
    for part, numbers in (("train", range(8)), ("val", range(8, 12))):
        for name in ("red", "green"):
            (split / part / name).mkdir(parents=True)
            for number in numbers:
                (photos / name / f"{number}.png").rename(split / part / name / f"{number}.png")
    own = ["--dataset", "folder", "--data", split, "--side", 16]
    few = ["--set", "blocks=1", "--set", "filters=16"]
    run = ["--json", "--rule", "ridge", "image", "train", *own, *few, "--out", tmp_path / "run"]
    record = json.loads(told(capsys, *run).out.splitlines()[-1])
    assert record["n"] == 8


def test_info_says_which_set_it_found(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(*arguments: object) -> str:
        out = told(capsys, "--json", "image", "info", *arguments).out
        return str(json.loads(out)["found"])

    assert found() == "mnist in the package"
    assert found("--dataset", "cifar10", "--data", data) == f"cifar10 in {data}"
    assert found("--dataset", "cifar10").startswith("cifar10 on the hub")
    assert found("--rule", "ridge") == "mnist in the package"
    missing = told(capsys, "image", "info", "--data", data, status=2)
    assert "mnist (mnist_train.npz and mnist_test.npz) is not in" in missing.err
    assert "which holds cifar10_test.npz, cifar10_train.npz" in missing.err


def test_hostile_values_are_one_line_each(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    told(capsys, *RUN, "--data", data, "--epochs", 1, "--out", out)
    fresh = [*RUN, "--data", data, "--out", tmp_path / "x"]
    for arguments, status in (
        ([*fresh, "--shift", 40], 2),
        ([*fresh, "--epochs", 10**30], 2),
        ([*fresh, "--T", 10**9], 2),
        ([*fresh, "--learning-rate", "inf"], 2),
        ([*fresh, "--set", "weight_decay=nan"], 2),
        ([*fresh, "--save-every", "often"], 2),
        ([*fresh, "--epochs", "many"], 2),
        ([*fresh, "--device", "meta"], 2),
        ([*fresh, "--threads", 0], 2),
        ([*fresh, "--side", 20], 2),
        (["image", "eval", out, "--data", data, "--sampled", 10**9], 2),
        (["image", "bench", "--batch", 10**9], 2),
        (["image", "bench", "--dataset", "folder"], 2),
        (["image", "predict", "--run", out], 2),
        (["image", "predict", out / "none.png", "--run", out, "--top", -1], 2),
        (["--rule", "ridge", "image", "eval", out, "--data", data], 2),
        (["--rule", "ridge", *RUN[:4], "--data", data, "--out", out, "--resume"], 5),
    ):
        said = told(capsys, *arguments, status=status).err
        assert said.count("\n") == 1, said
        assert said.startswith("error: ")
    assert not (tmp_path / "x" / "checkpoint.json").exists()


def test_a_model_of_an_older_version_that_was_compiled_is_read(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    few = ["--set", "blocks=1", "--set", "filters=8"]
    told(capsys, "--rule", "ridge", *RUN[:4], *few, "--data", data, "--out", out)
    meta = (out / "checkpoint.json").read_text()
    (out / "checkpoint.json").write_text(meta.replace('"deep": 0', '"deep": 0, "fused": true'))
    assert read_checkpoint(out).meta["rule_settings"]["fused"] is True
    told(capsys, "image", "eval", out, "--data", data)
