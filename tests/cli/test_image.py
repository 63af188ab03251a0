import itertools
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

from oneshot.cli.image.display import figures_text
from oneshot.cli.main import main
from oneshot.images.kinds import RuleName
from oneshot.images.rules import ridge
from oneshot.images.training.checkpoint import read_checkpoint

TRAIN = ["--json", "image", "train", "--dataset", "cifar10", "--T", "2"]
TRAIN += ["--precision", "float32", "--batch", "8"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_set(folder)
    return folder


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """The JSON lines that a command prints."""
    main([str(argument) for argument in arguments])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "oneshot", *map(str, arguments)]


@pytest.fixture(autouse=True)
def no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """typer leaves with status 0 at the end of a command that went well."""
    real = sys.exit

    def leave(status: object = None) -> None:
        if status not in (None, 0):
            real(status)

    monkeypatch.setattr(sys, "exit", leave)


def test_info_gives_the_parameters_per_block(capsys: pytest.CaptureFixture[str]) -> None:
    (record,) = call(capsys, "--json", "image", "info", "--dataset", "cifar10")
    assert record["parameters_per_block"] == 1_215_434
    assert record["parameters"] == 12_154_340
    (record,) = call(capsys, "--json", "image", "info", "--method", "ct")
    assert record["blocks"] == 1
    (record,) = call(capsys, "--json", "--rule", "hebbian", "image", "info", "--T", 4)
    assert (record["rule"], record["T"], record["sharpness"]) == ("hebbian", 4, 60.0)


def test_a_model_is_trained_measured_analysed_and_used(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    *steps, last = call(capsys, *TRAIN, "--data", data, "--epochs", 8, "--out", out)
    assert last["test_accuracy"] > 0.8
    assert last["n"] == 24
    assert steps[-1]["step"] == steps[-1]["steps"] == 48
    assert "loss 2" in steps[-1]
    (record,) = call(capsys, "--json", "image", "eval", out, "--data", data, "--sampled", 2)
    assert record["test_accuracy"] == last["test_accuracy"]
    assert record["test_accuracy_sampled"] > 0.5
    (record,) = call(capsys, "--json", "image", "analyse", out, "--data", data)
    assert [found["block"] for found in record["blocks"]] == [1, 2]
    assert record["chain"] == last["test_accuracy"]
    picture = tmp_path / "picture.png"
    pixels = np.zeros((14, 14, 3), dtype=np.uint8)
    pixels[7:, :7] = 180
    Image.fromarray(pixels).save(picture)
    (record,) = call(capsys, "--json", "image", "predict", picture, "--run", out)
    assert record["class"] == 2
    assert sum(record["shares"]) == pytest.approx(1.0, abs=1e-5)


def test_mistakes_are_one_line_and_a_status(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    call(capsys, *TRAIN, "--data", data, "--epochs", 1, "--out", out)
    wrong = tmp_path / "wrong.png"
    Image.fromarray(np.zeros((15, 14, 3), dtype=np.uint8)).save(wrong)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    for arguments, status, message in (
        (["image", "predict", wrong, "--run", out, "--as-is"], 2, "14 x 15 pixels; give 14 x 14"),
        (["image", "predict", wrong, "--run", out, "--top", 0], 2, "at least 1"),
        (["image", "predict", text, "--run", out], 2, "cannot be read as a picture"),
        (["image", "predict", wrong, "--run", tmp_path], 5, "holds no checkpoint"),
        ([*TRAIN, "--data", data, "--epochs", 1, "--out", out], 5, "add --resume"),
        ([*TRAIN, "--data", data, "--seed", 2, "--out", out, "--resume"], 5, "another seed"),
        ([*TRAIN, "--data", tmp_path / "none"], 2, "does not exist"),
        (["--rule", "magic", *TRAIN, "--data", data], 2, "give one of gradient, ridge"),
        (["--device", "abacus", *TRAIN, "--data", data], 2, "give auto, cpu or cuda"),
        (["--device", "cuda:99", *TRAIN, "--data", data], 2, "is not there; give auto, cpu"),
        (["image", "eval", out, "--data", data, "--rule", "x", "--sampled", -1], 2, "at least 0"),
        (["image", "analyse", out, "--data", data, "--count", 0], 2, "at least 1"),
        (["image", "bench", "--batch", 1], 2, "at least 2"),
        (["image", "bench", "--steps", 0], 2, "at least 1"),
    ):
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr().err
        assert exit_.value.code == status, said
        assert message in said.replace("\n", " ")
        assert said.count("\n") == 1
    call(capsys, "--json", "image", "predict", wrong, "--run", out)


def test_a_rule_comes_from_the_config_or_the_command_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "rule.toml"
    config.write_text('rule = "ridge"\ndataset = "cifar10"\nblocks = 1\nfilters = 8\n')
    out = tmp_path / "run"
    arguments = ["--json", "image", "train", "--config", config, "--data", data, "--out", out]
    *_, last = call(capsys, *arguments)
    assert last["test_accuracy"] > 0.5
    for rule, more, message in (
        ("hebbian", [], "has no setting"),
        ("ridge", ["--epochs", 2], "no setting 'epochs'"),
        ("ridge", [], "add --resume"),
        ("ridge", ["--resume", "--seed", 3], "give its settings"),
    ):
        with pytest.raises(SystemExit):
            call(capsys, "--rule", rule, *arguments, *more)
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1
    assert call(capsys, *arguments, "--resume")[-1]["test_accuracy"] == last["test_accuracy"]


@pytest.mark.parametrize("rule", [rule for rule in RuleName if rule is not RuleName.GRADIENT])
def test_a_model_of_a_rule_is_measured_analysed_and_used(
    rule: RuleName, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, config, picture = tmp_path / "run", tmp_path / "rule.toml", tmp_path / "picture.png"
    few = "blocks = 2\nfilters = 8" if rule is RuleName.RIDGE else "hidden = 8\nepochs = 2"
    config.write_text(f'dataset = "cifar10"\n{few}\n')
    Image.fromarray(np.zeros((14, 14, 3), dtype=np.uint8)).save(picture)
    train = ["--json", "--rule", rule, "image", "train", "--config", config]
    *_, last = call(capsys, *train, "--data", data, "--out", out)
    (record,) = call(capsys, "--json", "image", "eval", out, "--data", data)
    assert record["test_accuracy"] == last["test_accuracy"]
    (record,) = call(capsys, "--json", "image", "analyse", out, "--data", data)
    assert record["chain"] == last["test_accuracy"]
    assert len(record["after_blocks" if rule is RuleName.RIDGE else "blocks"]) >= 2
    (record,) = call(capsys, "--json", "image", "predict", picture, "--run", out)
    assert record["class"] == int(np.argmax(record["shares"]))


def test_ctrl_c_keeps_the_blocks_of_a_ridge_chain(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, out = tmp_path / "rule.toml", tmp_path / "run"
    config.write_text('rule = "ridge"\ndataset = "cifar10"\nblocks = 2\nfilters = 8\n')
    arguments = ["--json", "image", "train", "--config", config, "--data", data, "--out", out]
    for blocks, said in ((0, "nothing is saved yet"), (1, "add --resume")):
        grow = ridge.grow

        def stopped(*given: Any, blocks: int = blocks, grow: Any = grow) -> Any:
            yield from itertools.islice(grow(*given), blocks)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(ridge, "grow", stopped)
            with pytest.raises(SystemExit) as exit_:
                call(capsys, *arguments)
        assert exit_.value.code == 130
        assert said in capsys.readouterr().err
    assert read_checkpoint(out).step == 1
    call(capsys, *arguments, "--resume")
    assert read_checkpoint(out).step == 2


def test_bench_prints_its_ratio_to_the_plain_loop(capsys: pytest.CaptureFixture[str]) -> None:
    arguments: list[object] = [
        "--json",
        "image",
        "bench",
        "--dataset",
        "mnist",
        "--T",
        2,
        "--batch",
        4,
    ]
    arguments += ["--steps", 1]
    (record,) = call(capsys, *arguments)
    expected = record["images_per_second"] / record["eager_images_per_second"]
    assert record["ratio"] == pytest.approx(expected, rel=1e-2)
    assert record["peak_share"] > 0
    assert record["memory_growth"] < 1.1 < 4 < record["memory_backprop_growth"]


def test_the_live_line_shows_losses_and_speed() -> None:
    figures = {"loss 1": 0.5, "loss 2": 0.25, "images/s": 1234.5}
    assert figures_text(figures) == "1,234 images/s  loss 0.5 0.25"


def wait_for_checkpoint(folder: Path, process: subprocess.Popen[bytes], step: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        index = folder / "checkpoint.json"
        if index.is_file() and json.loads(index.read_text())["step"] >= step:
            return
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    raise AssertionError("no checkpoint came")


def long_run(data: Path, tmp_path: Path, out: str) -> list[str]:
    config = tmp_path / "long.toml"
    config.write_text("save_every = 3\nanneal = true\nflip = true\nepochs = 4\n")
    return command(*TRAIN, "--config", config, "--data", data, "--out", tmp_path / out)


def test_a_run_that_was_killed_ends_with_the_same_weights(data: Path, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    whole, killed = long_run(data, tmp_path, "whole"), long_run(data, tmp_path, "killed")
    subprocess.run(whole, env=environment, check=True, capture_output=True)
    process = subprocess.Popen(killed, env=environment, stdout=subprocess.DEVNULL)
    wait_for_checkpoint(tmp_path / "killed", process, 6)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    subprocess.run([*killed, "--resume"], env=environment, check=True, capture_output=True)
    one, other = read_checkpoint(tmp_path / "whole"), read_checkpoint(tmp_path / "killed")
    assert one.step == other.step == 24
    assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def test_ctrl_c_saves_and_says_how_to_go_on(data: Path, tmp_path: Path) -> None:
    run = [*long_run(data, tmp_path, "stopped"), "--epochs", "4000"]
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for_checkpoint(tmp_path / "stopped", process, 3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"--resume to go on" in said
    assert f"stopped after {read_checkpoint(tmp_path / 'stopped').step}".encode() in said


def test_help_loads_no_torch() -> None:
    code = "import sys, oneshot.cli.main; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
