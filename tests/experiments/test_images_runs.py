import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pictures import write_set

from experiments import record
from experiments.images import figures, run, tables
from oneshot.images.analysis.bench import Speed
from oneshot.images.settings import TrainSettings, read_toml
from oneshot.images.training.memory import Memory

FOLDER = Path(__file__).parents[2] / "experiments" / "configs"
CONFIGS = [path for path in sorted(FOLDER.glob("images-*.toml")) if "method" in path.read_text()]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(run, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(figures, "FIGURES", tmp_path / "figures")


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_config_is_one_of_the_programs(config: Path) -> None:
    settings = TrainSettings.from_mapping(read_toml(config))
    assert f"-{settings.dataset}-{settings.method}" in config.stem


def test_ablations_that_stand_beside_each_other_differ_in_one_thing() -> None:
    def settings(name: str) -> dict[str, Any]:
        path = FOLDER / f"images-ablation-{name}.toml"
        return TrainSettings.from_mapping(read_toml(path)).plain()

    def differing(one: str, other: str) -> set[str]:
        left, right = settings(one), settings(other)
        return {name for name in left if left[name] != right[name]}

    for loss in ("anchor", "endpoint"):
        assert differing("cifar100-fm-velocity", f"cifar100-fm-{loss}") == {loss}
    assert differing("mnist-dt-cosine", "mnist-dt-equal-information") == {"spacing"}
    for method in ("ensemble", "backprop"):
        assert differing("mnist-dt-cosine", f"mnist-{method}") == {"method"}
    assert differing("mnist-dt-cosine", "mnist-dt-one-block") == {"T", "epochs"}
    assert differing("mnist-ct", "mnist-adjoint") == {"method"}
    for images in ("plain", "mirrored"):
        assert differing(f"cifar10-dt-{images}", f"cifar10-backprop-{images}") == {"method"}
        ridge = read_toml(FOLDER / f"images-ablation-cifar10-ridge-{images}.toml")
        chain = settings(f"cifar10-dt-{images}")
        assert ridge["train_images"] == chain["train_images"]
        assert ridge["blocks"] == chain["T"]
        assert ridge["mirror"] is chain["flip"] is (images == "mirrored")


def test_ablations_have_a_table_of_their_own(tmp_path: Path) -> None:
    for seed, share in ((0, 0.98), (2, 0.98765)):
        made = {
            "name": f"images-ablation-mnist-dt-cosine-seed{seed}",
            "config": {"method": "dt", "seed": seed},
            "metrics": {
                "test_accuracy": share,
                "test_accuracy_block_1": 0.5,
                "train_seconds": 90.0,
            },
        }
        (tmp_path / f"{made['name']}.json").write_text(json.dumps(made))
    assert tables.training_records(tmp_path) == []
    rows = tables.ablation_table(tmp_path).splitlines()[2:]
    assert rows[1] == "| cosine | 98.00, 98.77 |  | 50.00, 50.00 | 1.5 |  |"
    assert [row for row in rows if "**" in row] == [
        "| **DT's noise levels, 10,000 digits, 10 blocks** | | | | | |",
        "| **What the chain adds, same digits** | | | | | |",
    ]


def test_modern_blocks_are_shown_along_the_chain_and_alone(tmp_path: Path) -> None:
    metrics = {"test_accuracy_after_blocks": [0.5, 0.625], "test_accuracy_mean_of_blocks": 0.55}
    metrics |= {"test_accuracy_of_blocks_alone": [0.5, 0.6]}
    for name, found in (("images-a", metrics), ("images-b", {"test_accuracy": 0.5})):
        (tmp_path / f"{name}.json").write_text(json.dumps({"name": name, "metrics": found}))
    (row,) = tables.blocks_table(tmp_path).splitlines()[2:]
    assert row == "| a | 50.00, 62.50 | 50.00, 60.00 | 55.00 |"


def test_what_a_chain_is_worth_has_a_row_a_way_in_the_order_of_the_question(tmp_path: Path) -> None:
    shares = dict.fromkeys(("test_accuracy", "train_accuracy", tables.BLOCK_1), 0.5)
    shares |= {"test_accuracy_mean_of_blocks": 0.25, "train_seconds": 27.4}
    shares |= {"accelerator_peak_mib": 769.5}
    for name in ("air-split", "air-two", "vit"):
        made = {"name": name, "metrics": shares}
        (tmp_path / f"images-gpu-cifar10-{name}-seed0.json").write_text(json.dumps(made))
    rows = tables.chain_table(tmp_path).splitlines()[2:]
    assert rows[0] == "| a chain of two, 15 epochs | 50.00 | 50.00 | 50.00 | 25.00 | 27 | 770 |"
    assert [row.split(" | ")[0] for row in rows[1:]] == [
        f"| {tables.CHAIN['gpu-cifar10-air-split']}"
    ]


def test_memory_and_time_stand_in_one_row_a_way_of_training(tmp_path: Path) -> None:
    rows = [{"what": "local", "kept_mib": 1234.5, "cpu_seconds_per_batch": 0.456}]
    (tmp_path / "images-locality.json").write_text(json.dumps({"metrics": {"rows": rows}}))
    assert tables.locality_table(tmp_path).splitlines()[2:] == ["| local | 1,234 | 0.46 |"]


def test_every_ablation_has_its_row() -> None:
    named = {name for settings in tables.QUESTIONS.values() for name, _ in settings}
    configs = {path.stem for path in FOLDER.glob(f"{tables.ABLATION}*.toml")}
    assert {f"{tables.ABLATION}{name}" for name in named} == configs


def test_speed_stands_in_one_row_a_shape_and_batch(tmp_path: Path) -> None:
    memory = Memory(22.2, 222.0, 1.0, 5.001, 14.0)
    speed = Speed(309.7, 129.1, 2.399, 219.7, 421.3, 0.5215, 10, memory)
    made = {"metrics": {"rows": [{"dataset": "cifar10", "batch": 128} | asdict(speed)]}}
    (tmp_path / "images-speed.json").write_text(json.dumps(made))
    row = tables.speed_table(tmp_path).splitlines()[-1]
    assert row == "| cifar10 | 128 | 310 | 129 | 2.40 | 52 % | 1.00 | 5.00 |"


def test_configs_are_run_and_measured_once_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_set(tmp_path)
    for method in ("dt", "fm"):
        text = f'dataset = "cifar10"\nmethod = "{method}"\nT = 2\nepochs = 2\nbatch = 16\n'
        (tmp_path / f"{method}.toml").write_text(text)
    arguments = [str(tmp_path / "dt.toml"), str(tmp_path / "fm.toml"), "--data", str(tmp_path)]
    run.main(arguments)
    found = json.loads((tmp_path / "results" / "dt-seed0.json").read_text())
    assert found["config"]["dataset"] == "cifar10"
    metrics = found["metrics"]
    assert metrics["steps"] == 6
    assert len(metrics["loss_per_epoch_and_block"][0]) == 2
    assert {"test_accuracy", "test_accuracy_sampled", "test_accuracy_block_1"} <= metrics.keys()
    run.main([arguments[1], *arguments[2:], "--seed", "1", "2"])
    assert len(list((tmp_path / "results").glob("fm-seed*.json"))) == 3
    capsys.readouterr()
    run.main(arguments)
    assert capsys.readouterr().out.splitlines() == [
        "dt-seed0 has its record",
        "fm-seed0 has its record",
    ]
    made = figures.experiment(tmp_path / "runs" / "dt-seed0", tmp_path, 24, "tiny")
    assert len(made["blocks"]) == 2
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    kinds = [f"tiny-{what}.{kind}" for what in ("blocks", "denoising") for kind in ("png", "svg")]
    assert names == set(kinds)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_runs_the_papers_configs_and_fills_the_tables(tmp_path: Path) -> None:
    """The target itself, on a copy of the experiments, with tiny configs in the place of all."""
    root = FOLDER.parents[1]
    shutil.copytree(root / "experiments", tmp_path / "experiments")
    for name in ("images-paper-*", "images-gpu-cifar10-air-seed0"):
        for path in (tmp_path / "experiments" / "results").glob(f"{name}.json"):
            path.unlink()
    for name in ("Makefile", "pyproject.toml", "README.md", ".venv/.installed"):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes((root / name).read_bytes() if (root / name).is_file() else b"")
    write_set(tmp_path)
    for method in ("dt", "adjoint"):
        text = f'dataset = "cifar10"\nmethod = "{method}"\nT = 2\nepochs = 1\nbatch = 16\n'
        (tmp_path / f"images-paper-cifar10-{method}.toml").write_text(text)
    air = 'dataset = "cifar10"\nblock = "air"\nwidth = 16\nepochs = 1\nbatch = 16\n'
    (tmp_path / "images-gpu-cifar10-air.toml").write_text(air)
    ridge = 'dataset = "cifar10"\nrule = "ridge"\nblocks = 1\nfilters = 8\n'
    (tmp_path / "images-gpu-cifar10-ridge.toml").write_text(ridge)
    command = ["make", "gpu-benchmarks", "DEVICE=cpu", "CONFIGS=images-paper-*.toml"]
    command += ["SHORT=images-gpu-cifar10-air.toml", "SOLVED=images-gpu-cifar10-ridge.toml"]
    command += [f"BIN={Path(sys.executable).parent}"]
    environment = os.environ | {"ONESHOT_DATA": str(tmp_path), "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "experiments" / "images" / "README.md").read_text().splitlines()
    assert [line for line in made if line.startswith("| gpu-cifar10-air-seed0 | 1 | 0 |")]
    assert [line for line in made if line.startswith("| gpu-cifar10-ridge-seed0 |")]
    rows = [line for line in made if line.startswith("| paper-cifar10-")]
    assert [row.split(" | ")[0] for row in rows] == [
        "| paper-cifar10-adjoint-seed0",
        "| paper-cifar10-dt-seed0",
    ]
    assert "66.78 ± .76" in rows[0]
    planned = subprocess.run(
        ["make", "-n", "gpu-benchmarks"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    wanted = [
        "images-gpu-mnist-dt",
        "images-gpu-ridge",
        "--resume experiments/configs/images-paper-*",
    ]
    places = [planned.index(text) for text in wanted]
    assert places == sorted(places)  # the short runs come first
    assert "--device cuda" in planned


def test_the_table_shows_a_record_beside_the_papers_figure() -> None:
    made = {
        "name": "images-mnist-dt-seed0",
        "config": {"dataset": "mnist", "method": "dt", "embedding": "one-hot", "epochs": 4}
        | {"seed": 0},
        "metrics": {"test_accuracy": 0.99321, "train_seconds": 90.0},
        "peak_memory_mib": 1234.4,
    }
    row = tables.table([made]).splitlines()[-1]
    assert row == "| mnist-dt-seed0 | 4 | 0 | 99.32 |  |  |  | 99.47 ± .05 | CPU | 1.5 |  | 1,234 |"
