"""The record of classes with uneven numbers of pictures as Markdown."""

import json
from pathlib import Path
from statistics import mean
from typing import Any

LEARNERS = ("ridge", "residual", "posterior", "nearest mean", "nearest mean, cosine")


def uneven_table(folder: Path) -> str:
    """One row a learner, means over orders: after few-shot steps, and of long tails."""
    path = folder / "classes-uneven.json"
    if not path.exists():
        return "no record yet"
    record = json.loads(path.read_text("utf-8"))
    plan, metrics = record["config"], record["metrics"]
    steps = f"{plan['base']} + {plan['steps']} steps"
    heads = [f"{steps}, {name} %" for name in ("average", "last", "last, base", "last, new")]
    heads += [
        f"tail of {r}, {name} %" for r in metrics["long_tail"] for name in ("all", "rare classes")
    ]
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for learner in LEARNERS:
        few = _means(metrics["few_shot_steps"], learner, ("average", "last", "base", "new"))
        tails = [_means(t, learner, ("last", "rare")) for t in metrics["long_tail"].values()]
        cells = [cell for part in (few, *tails) for cell in part]
        lines.append(f"| {learner} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _means(orders: dict[str, Any], learner: str, keys: tuple[str, ...]) -> list[str]:
    found = [order[learner] for order in orders.values() if learner in order]
    cells = [[one[key] for one in found if key in one] for key in keys]
    return [f"{mean(values):.1f}" if values else "" for values in cells]
