"""What else changes, as Markdown: false fires at a fixed recall, and two general tasks."""

import json
from collections.abc import Sequence
from pathlib import Path

from experiments.markdown import head, row
from experiments.retention.records.bench_records import AXES, Result, groups, heading, results
from oneshot.core.shares import wilson

NONE = "No record yet."


def false_fires_table(folder: Path) -> str:
    """A row a method and recall, a column a kind of question, of every suite that has them."""
    parts = []
    for group, found in groups(results(folder)).items():
        scored = [r for r in found if r.get("false_fires")]
        if scored:
            parts.append(f"**{heading(group)}**\n\n{_fires(scored)}")
    return "\n\n".join(parts) or NONE


def _fires(scored: Sequence[Result]) -> str:
    reached = [found for r in scored for found in r["false_fires"].values() if found]
    kinds = [a for a in AXES if any(a in found["kinds"] for found in reached)]
    titles = [AXES[kind].removesuffix(" kept").removesuffix(" gone") for kind in kinds]
    lines = head(["method", "recall", *titles, "per 1,000 tokens of these"])
    for result in scored:
        for recall, found in result["false_fires"].items():
            name = [result["title"], recall.replace("%", " %")]
            if found is None:
                lines.append(row([*name, *["not reached"] * len(kinds), ""]))
                continue
            shares = [found["kinds"].get(kind) for kind in kinds]
            cells = ["" if s is None else f"{100 * s['share']:.0f} %" for s in shares]
            lines.append(row([*name, *cells, f"{found['per_1000_tokens']:.1f}"]))
    return "\n".join(lines)


def general_table(folder: Path) -> str:
    """Accuracy on the tasks, the bare model's, which is that before the facts, first."""
    path = folder / "general-smollm2.json"
    if not path.exists():
        return NONE
    record = json.loads(path.read_text("utf-8"))
    facts, methods = record["metrics"]["facts"], record["metrics"]["methods"]
    counts = [
        _questions(tasks) for tasks in zip(*(m.values() for m in methods.values()), strict=True)
    ]
    titles = ("which sentence follows", "the sentence's last word")
    heads = [f"{title} (n = {n})" for title, n in zip(titles, counts, strict=True)]
    lines = head([f"after {facts} facts of CounterFact", *heads])
    for name, found in methods.items():
        cells = [_accuracy(task, n) for task, n in zip(found.values(), counts, strict=True)]
        lines.append(row(["before any fact" if name == "bare" else name, *cells]))
    return "\n".join(lines)


def _questions(tasks: Sequence[dict[str, float]]) -> int:
    """How many were asked of every method, which the harness's standard errors tell."""
    share, error = next(((t["acc"], t["error"]) for t in tasks if t["error"]), (0.0, 1.0))
    return round(share * (1 - share) / error**2) + 1


def _accuracy(task: dict[str, float], count: int) -> str:
    low, high = wilson(task["acc"], count)
    return f"{100 * task['acc']:.0f} % ({100 * low:.0f}-{100 * high:.0f})"
