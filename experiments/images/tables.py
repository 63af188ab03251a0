"""The image records as Markdown, each beside the paper's figure."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PAPER = {
    ("mnist", "backprop", "one-hot"): "99.46 ± .06",
    ("mnist", "dt", "one-hot"): "99.47 ± .05",
    ("mnist", "dt", "learned"): "99.49 ± .04",
    ("mnist", "dt", "prototype"): "99.54 ± .04",
    ("mnist", "ct", "one-hot"): "97.84 ± .71",
    ("mnist", "fm", "one-hot"): "99.21 ± .09",
    ("mnist", "adjoint", "one-hot"): "98.62 ± .14",
    ("cifar10", "adjoint", "one-hot"): "66.78 ± .76",
    ("cifar100", "adjoint", "one-hot"): "25.03 ± .70",
    ("cifar10", "backprop", "one-hot"): "79.92 ± .14",
    ("cifar10", "dt", "one-hot"): "79.25 ± .28",
    ("cifar10", "dt", "learned"): "79.12 ± .37",
    ("cifar10", "dt", "prototype"): "80.54 ± .20",
    ("cifar10", "ct", "one-hot"): "73.35 ± .55",
    ("cifar10", "fm", "one-hot"): "73.14 ± .90",
    ("cifar100", "backprop", "one-hot"): "45.85 ± 2.07",
    ("cifar100", "dt", "one-hot"): "45.93 ± .46",
    ("cifar100", "dt", "learned"): "45.19 ± .22",
    ("cifar100", "dt", "prototype"): "46.06 ± .25",
    ("cifar100", "ct", "one-hot"): "33.66 ± .50",
    ("cifar100", "fm", "one-hot"): "6.38 ± 4.9",
}
"""Test accuracies in per cent: tables 1 to 3 of arXiv 2503.24322, version 2."""

ABLATION = "images-ablation-"
"""How the names of short runs begin whose settings are small and whose table is their own."""

QUESTIONS = {
    "DT's noise levels, 10,000 digits, 10 blocks": [
        ("mnist-dt-cosine", "cosine"),
        ("mnist-dt-equal-information", "equal information"),
    ],
    "What the chain adds, same digits": [
        ("mnist-dt-cosine", "ten blocks in a chain"),
        ("mnist-ensemble", "ten blocks that read noise, their mean"),
        ("mnist-dt-one-block", "one block, ten times the epochs"),
        ("mnist-backprop", "ten blocks by backpropagation"),
    ],
    "How the neural ODE is trained, same digits": [
        ("mnist-ct", "CT"),
        ("mnist-adjoint", "end to end by the adjoint method"),
    ],
    "FM's loss, CIFAR-100": [
        ("cifar100-fm-velocity", "velocity, as the paper"),
        ("cifar100-fm-anchor", "velocity and cross-entropy at the label"),
        ("cifar100-fm-endpoint", "the label, by cross-entropy"),
    ],
    "Modern networks, 10,000 pictures of CIFAR-10, all of equal compute": [
        ("cifar10-air-one", "one, 12 epochs"),
        ("cifar10-air-two", "a chain of two, 6 epochs"),
        ("cifar10-air-three", "a chain of three, 4 epochs"),
        ("cifar10-ensemble-air", "three that read noise, their mean, 4 epochs"),
        ("cifar10-backprop-air", "three by backpropagation through the chain, 4 epochs"),
    ],
    "One such network, its three stages the blocks, 12 epochs": [
        ("cifar10-air-split", "each stage by its own loss"),
        ("cifar10-backprop-air-split", "by backpropagation through the stages"),
    ],
    "Five blocks, 10,000 pictures of CIFAR-10, no mirror images": [
        ("cifar10-dt-plain", "DT, 4 epochs"),
        ("cifar10-backprop-plain", "backpropagation, 4 epochs"),
        ("cifar10-ridge-plain", "ridge, closed form"),
    ],
    "The same with mirror images": [
        ("cifar10-dt-mirrored", "DT, 4 epochs"),
        ("cifar10-backprop-mirrored", "backpropagation, 4 epochs"),
        ("cifar10-ridge-mirrored", "ridge, closed form"),
    ],
}
"""Short runs by what they ask: configs `images-ablation-*`, and how a row calls each."""

CHAIN = {
    "gpu-cifar10-air": "one network, 30 epochs",
    "gpu-cifar10-air-two": "a chain of two, 15 epochs",
    "gpu-cifar10-air-three": "a chain of three, 10 epochs",
    "gpu-cifar10-air-five": "a chain of five, 6 epochs",
    "gpu-cifar10-ensemble-air": "three that read noise, their mean, 10 epochs",
    "gpu-cifar10-backprop-air": "three by backpropagation through the chain, 10 epochs",
    "gpu-cifar10-air-split": "one network, its three stages the blocks, 30 epochs",
}
"""Runs on the whole set with thirty passes of one network over it in each."""

BLOCK_1 = "test_accuracy_block_1"

HEADER = (
    "| record | epochs | seed | test % | train % | sampled % | block 1 alone % | paper % "
    "| machine | minutes | of CPU | MiB |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def table(records: Iterable[dict[str, Any]]) -> str:
    """One row a training run, by name."""
    return "\n".join([HEADER, *(_row(record) for record in records)])


def rules_table(folder: Path) -> str:
    """One row a run of a rule without gradients: accuracy after each block, and its cost."""
    lines = [
        "| record | test % | after each block % | CPU seconds | MiB |",
        "|---|---|---|---|---|",
    ]
    for record in _records(folder, "rule"):
        metrics = record["metrics"]
        after = ", ".join(f"{100 * a:.2f}" for a in metrics.get("test_accuracy_after_blocks", []))
        test, seconds = 100 * metrics["test_accuracy"], metrics["train_cpu_seconds"]
        name, memory = record["name"].removeprefix("images-"), record["peak_memory_mib"]
        lines.append(f"| {name} | {test:.2f} | {after} | {seconds:,.0f} | {memory:,.0f} |")
    return "\n".join(lines)


def ablation_table(folder: Path) -> str:
    """One row a setting, with its seeds, under the question that its group of runs answers."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in _read(folder, f"{ABLATION}*.json"):
        name = record["name"].removeprefix(ABLATION).rpartition("-seed")[0]
        found.setdefault(name, []).append(record)
    lines = [
        "| | test % | train % | block 1 alone % | minutes of training | of CPU |",
        "|---|---|---|---|---|---|",
    ]
    for question, settings in QUESTIONS.items():
        rows = [_ablation(title, found[name]) for name, title in settings if name in found]
        lines += [f"| **{question}** | | | | | |", *rows] if rows else []
    return "\n".join(lines)


def _ablation(title: str, records: list[dict[str, Any]]) -> str:
    metrics = [record["metrics"] for record in records]
    shares = [
        ", ".join(f"{100 * m[key]:.2f}" for m in metrics if key in m)
        for key in ("test_accuracy", "train_accuracy", BLOCK_1)
    ]
    minutes = sum(m["train_seconds"] for m in metrics) / len(metrics) / 60
    cells = [title, *shares, f"{minutes:.1f}", ", ".join(filter(None, map(_cpu_minutes, metrics)))]
    return "| " + " | ".join(cells) + " |"


def blocks_table(folder: Path) -> str:
    """One row a run of modern blocks: what each block says along the chain and alone."""
    lines = [
        "| record | along the chain % | each block at z = 0 % | mean of blocks at z = 0 % |",
        "|---|---|---|---|",
    ]
    for record in _read(folder, "images-*.json"):
        metrics = record["metrics"]
        if "test_accuracy_of_blocks_alone" not in metrics:
            continue
        along, alone = (
            ", ".join(f"{100 * share:.2f}" for share in metrics[key])
            for key in ("test_accuracy_after_blocks", "test_accuracy_of_blocks_alone")
        )
        mean = f"{100 * metrics['test_accuracy_mean_of_blocks']:.2f}"
        lines.append(f"| {record['name'].removeprefix('images-')} | {along} | {alone} | {mean} |")
    return "\n".join(lines)


def chain_table(folder: Path) -> str:
    """One row a way to spend the same passes over the whole set, on an accelerator."""
    lines = [
        "| | test % | train % | block 1 alone % | mean of blocks at z = 0 % "
        "| seconds of training | MiB of the accelerator |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, title in CHAIN.items():
        for record in _read(folder, f"images-{name}-seed*.json"):
            metrics = record["metrics"]
            kinds = ("test_accuracy", "train_accuracy", BLOCK_1, "test_accuracy_mean_of_blocks")
            shares = " | ".join(f"{100 * metrics[kind]:.2f}" for kind in kinds)
            peak = metrics.get("accelerator_peak_mib")
            cost = f"{metrics['train_seconds']:.0f} | {f'{peak:,.0f}' if peak else ''}"
            lines.append(f"| {title} | {shares} | {cost} |")
    return "\n".join(lines)


def locality_table(folder: Path) -> str:
    """One row a way of training modern blocks: the memory of its backward passes, and its time."""
    lines = ["| | MiB kept | CPU seconds a batch |", "|---|---|---|"]
    for record in _read(folder, "images-locality.json"):
        for row in record["metrics"]["rows"]:
            figures = f"{row['kept_mib']:,.0f} | {row['cpu_seconds_per_batch']:.2f}"
            lines.append(f"| {row['what']} | {figures} |")
    return "\n".join(lines)


def _cpu_minutes(metrics: dict[str, Any]) -> str:
    """Of the runs that noted them."""
    seconds = metrics.get("train_cpu_seconds")
    return "" if seconds is None else f"{seconds / 60:.1f}"


def speed_table(folder: Path) -> str:
    """One row a shape and batch: the rate of training, and how memory grows with the blocks."""
    lines = [
        "| pictures | batch | images/s, T = 10 | plain loop | ratio | share of the peak "
        "| memory, 10 over 2 blocks | by backprop |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for record in _read(folder, "images-speed.json"):
        for row in record["metrics"]["rows"]:
            rates = f"{row['images_per_second']:.0f} | {row['eager_images_per_second']:.0f}"
            ratios = f"{row['ratio']:.2f} | {100 * row['peak_share']:.0f} %"
            memory = row["memory"]
            growth = f"{memory['growth']:.2f} | {memory['backprop_growth']:.2f}"
            lines.append(f"| {row['dataset']} | {row['batch']} | {rates} | {ratios} | {growth} |")
    return "\n".join(lines)


def training_records(folder: Path) -> list[dict[str, Any]]:
    """The records of runs that trained by a method, by name; rules have figures of other kinds."""
    return _records(folder, "method")


def _records(folder: Path, key: str) -> list[dict[str, Any]]:
    found = _read(folder, "images-*.json")
    return [r for r in found if key in r["config"] and not r["name"].startswith(ABLATION)]


def _read(folder: Path, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob(pattern))]


def _row(record: dict[str, Any]) -> str:
    config, metrics = record["config"], record["metrics"]
    known = PAPER.get((config["dataset"], config["method"], config["embedding"]), "")
    paper = known if config.get("block", "paper") == "paper" else ""
    shares = [
        f"{100 * metrics[key]:.2f}" if key in metrics else ""
        for key in ("test_accuracy", "train_accuracy", "test_accuracy_sampled", BLOCK_1)
    ]
    minutes = f"{metrics['train_seconds'] / 60:.1f} | {_cpu_minutes(metrics)}"
    memory = f"{metrics.get('accelerator_peak_mib', record['peak_memory_mib']):,.0f}"
    name = record["name"].removeprefix("images-")
    place = metrics.get("accelerator", "CPU")
    cells = [name, config["epochs"], config["seed"], *shares, paper, place, minutes, memory]
    return "| " + " | ".join(map(str, cells)) + " |"
