"""The records of what `oneshot class guess` answers, as Markdown."""

import json
from pathlib import Path
from typing import Any

SETS = {
    "cifar10": "CIFAR-10",
    "cifar100-new": "CIFAR-100, unseen classes",
    "tinyimagenet": "Tiny ImageNet",
    "cifar100": "CIFAR-100",
    "mnist": "MNIST",
}
TASKS = {"tickets": "tickets, 3", "moods": "moods, 4", "languages": "languages, 5"}
HOSTS = {"factual-lm": "packaged model", "smollm2": "SmolLM2"}
RULES = "posterior", "ridge", "residual"


def everything_table(folder: Path) -> str:
    """All classes with all examples: forced, and as guess answers."""
    found = [_record(folder, f"classes-shipped-{name}") for name in ("all", "unseen")]
    records = [record for record in found if record is not None]
    heads = (
        "set",
        "rule",
        "forced %",
        "as guess answers %",
        "none of these %",
        "calibration error, forced",
        "CPU seconds",
    )
    lines = _head(heads)
    for record in records:
        for name in record["config"]["sets"]:
            lines += [_everything_row(name, e) for e in record["metrics"][name]]
    return "\n".join(lines) if lines[2:] else "no record yet"


def _everything_row(name: str, e: dict[str, Any]) -> str:
    return _row(
        f"{SETS[name]}, n = {e['n']:,}",
        e["rule"],
        *(_share(e[key]) for key in ("forced", "answered", "false_rejects")),
        f"{e['error_forced']:.3f}",
        f"{e['cpu_seconds']:.0f}",
    )


def rejection_table(folder: Path) -> str:
    """Some classes taught and the others asked as strangers."""
    found = [_record(folder, f"classes-shipped-{name}") for name in ("few", "many")]
    records = [record for record in found if record is not None]
    heads = (
        "taught of the set's classes",
        "examples",
        "rule",
        "forced %",
        "as guess answers %",
        "false rejects %",
        "strangers rejected %",
        "calibration error",
        "AUROC; maximum softmax, distance",
        "strangers rejected at 1, 2, 5, 10, 20 % false rejects",
    )
    lines = _head(heads)
    for name in ("cifar10", "cifar100-new", "tinyimagenet"):
        entries = [e for record in records for e in record["metrics"][name]]
        lines += [_rejection_row(name, e) for e in entries]
    return "\n".join(lines) if lines[2:] else "no record yet"


def _rejection_row(name: str, e: dict[str, Any]) -> str:
    keys = "forced", "answered", "false_rejects", "strangers_rejected"
    area = e["auroc"]
    return _row(
        f"{SETS[name]}, {e['classes']}",
        "all" if e["shots"] > 100 else e["shots"],
        e["rule"],
        *(_share(e[key]) for key in keys),
        f"{e['error']:.3f}",
        f"{area['none']:.3f}; {area['maximum softmax']:.3f}, {area['distance']:.3f}",
        ", ".join(f"{v:.0f}" for v in e["strangers_rejected_at"].values()),
    )


def tasks_table(folder: Path) -> str:
    """Tickets, moods and languages."""
    record = _record(folder, "classes-tasks")
    if record is None:
        return "no record yet"
    shots = [str(s) for s in record["config"]["shots"]]
    heads = ["", *(f"{title}, {s} examples each" for title in TASKS.values() for s in shots)]
    lines = _head(heads)
    tasks = [record["metrics"][name] for name in TASKS]
    cells = [_share(task["words"][s]["right"]) for task in tasks for s in shots]
    lines.append(_row("TF-IDF, logistic regression", *cells))
    for host in record["config"]["hosts"]:
        for answer in ("probe", *RULES, *(f"{rule}, as guess answers" for rule in RULES)):
            cells = [_task_cell(task[host][answer][s]) for task in tasks for s in shots]
            name = "logistic regression" if answer == "probe" else answer
            lines.append(_row(f"{HOSTS[host]}, {name}", *cells))
    return "\n".join(lines)


def _task_cell(found: dict[str, Any]) -> str:
    refused = f", refused {found['refused']} of {found['draws']}" if found["refused"] else ""
    return _share(found["right"]) + refused


def _share(found: list[float]) -> str:
    return f"{found[0]:.1f} ± {found[1]:.1f}"


def _head(heads: tuple[str, ...] | list[str]) -> list[str]:
    return [_row(*heads), "|---" * len(heads) + "|"]


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _record(folder: Path, name: str) -> dict[str, Any] | None:
    path = folder / f"{name}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else None
