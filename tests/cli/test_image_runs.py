"""Long runs: stopped and gone on from, seen without a terminal, begun from other weights."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from image_commands import RUN, data, told

from oneshot.images import planning
from oneshot.images.rules import ridge
from oneshot.images.training.checkpoint import read_checkpoint

__all__ = ["data"]


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
