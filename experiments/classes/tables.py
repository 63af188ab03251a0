"""The records of classes as Markdown, and their figure.

`python -m experiments.classes.tables` draws the figure; experiments.tables fills the tables.
"""

import json
from pathlib import Path
from statistics import mean
from typing import Any

from experiments.record import RESULTS

RUNS = {
    "classes-cifar100-zero-10": "CIFAR-100 from zero, on patches, 10 steps",
    "classes-cifar100-zero-20": "CIFAR-100 from zero, on patches, 20 steps",
    "classes-cifar100-base50-5": "CIFAR-100, 50 known + 5 steps",
    "classes-cifar100-base50-more": "CIFAR-100, 50 known",
    "classes-cifar10": "CIFAR-10, 5 steps",
    "classes-mnist": "MNIST, 5 steps",
}
TEXT_RUNS = {
    "classes-text": "packaged factual model",
    "classes-text-encoder": "all-MiniLM-L6-v2",
}
PUBLISHED = {
    "classes-cifar100-base50-5": "| CIFAR-100, 50 known + 5 steps | ACIL, published, "
    "end-to-end ResNet-32 | about 66 | | | |",
    "classes-cifar100-base50-more": "| CIFAR-100, 50 known + 25 steps | ACIL and DS-AL, published, "
    "end-to-end ResNet-32, 300 epochs | 71.0, 71.3 | 63.4, 64.0 | | |",
}
LEARNERS = (
    "residual",
    "ridge",
    "posterior",
    "nearest mean",
    "nearest mean, cosine",
    "fine-tuning",
    "fine-tuning, MLP",
    "replay, 20 a class",
    "without forgetting",
    "scikit-learn SGDClassifier, partial_fit",
    "scikit-learn GaussianNB, partial_fit",
    "scikit-learn LDA, retrained",
    "logistic regression, retrained",
)
OWN = {name: f"**{name}**" for name in ("residual", "ridge", "posterior")}
HEADER = (
    "| classes arrive | learner | average % | last % | forgetting | AUROC of none |\n"
    "|---|---|---|---|---|---|"
)
CLASSES, FEW, TEXT = "classes", "few-shot", "class-text"


def classes_table(folder: Path) -> str:
    """Image classes in steps: one row a protocol and learner, means over orders."""
    lines = [HEADER]
    for name, title in RUNS.items():
        record = _record(folder, name)
        if record is None:
            continue
        for steps, orders in record["metrics"]["steps"].items():
            label = title if "step" in title else f"{title} + {steps} steps"
            lines += [_row(label, learner, list(orders.values())) for learner in LEARNERS]
        lines.append(PUBLISHED.get(name, ""))
    return "\n".join(line for line in lines if line) + "\n\n" + _costs(folder)


def few_shot_table(folder: Path) -> str:
    """Episodes: one row a learner."""
    record = _record(folder, "classes-episodes") or _record(folder, "classes-few-shot")
    if record is None:
        return "no record yet"
    sets: dict[str, Any] = record["metrics"]
    heads = [f"{name}, {shot}-shot" for name, found in sets.items() for shot in ("1", "5")]
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    means = ("nearest mean", "nearest mean, cosine")
    rows = ["posterior", *means, *(f"posterior less {name}, paired" for name in means)]
    for learner in rows:
        cells = [_episodes(found[shot][learner]) for found in sets.values() for shot in ("1", "5")]
        lines.append(f"| {OWN.get(learner, learner)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def text_table(folder: Path) -> str:
    """Relations one at a time: one row a host and learner, means over orders."""
    heads = (
        "host | learner | average % | last % | last, wordings of one relation % | last, wordings "
        "that the factual model never saw % | forgetting | AUROC of none"
    )
    lines = [f"| {heads} |", "|---" * (heads.count("|") + 1) + "|"]
    for name, host in TEXT_RUNS.items():
        record = _record(folder, name)
        if record is not None:
            lines += _text_rows(host, list(record["metrics"]["seeds"].values()))
    return "\n".join(lines) if lines[2:] else "no record yet"


def _text_rows(host: str, orders: list[dict[str, Any]]) -> list[str]:
    keys = (
        "average",
        "last",
        "last_of_wordings_of_one_relation",
        "last_of_wordings_new_to_the_host",
        "forgetting",
    )
    lines = []
    for learner in LEARNERS:
        found = [order[learner] for order in orders if learner in order]
        if not found:
            continue
        cells = [f"{mean(one[key] for one in found):.1f}" for key in keys] + [_auroc(found)]
        lines.append(f"| {host} | {OWN.get(learner, learner)} | " + " | ".join(cells) + " |")
    return lines


def _row(label: str, learner: str, orders: list[dict[str, Any]]) -> str:
    found = [order[learner] for order in orders if learner in order]
    if not found:
        return ""
    cells = [f"{mean(one[key] for one in found):.1f}" for key in ("average", "last", "forgetting")]
    cells.append(_auroc(found))
    return f"| {label} | {OWN.get(learner, learner)} | " + " | ".join(cells) + " |"


def _auroc(found: list[dict[str, Any]]) -> str:
    values = [one["auroc_of_none"] for one in found if "auroc_of_none" in one]
    return f"{mean(values):.3f}" if values else ""


def _costs(folder: Path) -> str:
    record = _record(folder, "classes-steps-cost") or _record(folder, "classes-cost")
    if record is None:
        return ""
    cost = record["metrics"]["cost_of_a_class"]
    width = cost["bytes_of_codes"] // cost["examples"]  # a byte a coordinate
    return (
        f"One class of {cost['examples']} images more, ridge at width {width}: "
        f"{cost['add_cpu_ms']:.0f} ms of one core, "
        f"{cost['add_and_solve_cpu_ms']:.0f} ms with the solve that the next query waits for "
        f"({cost['residual_solve_cpu_ms'] / 1000:.1f} s for residual, through all "
        f"{record['metrics']['train_images']:,} images); "
        f"{cost['bytes_of_weights']:,} bytes of weights, and {cost['bytes_of_codes']:,} bytes of "
        "codes kept so that single examples can be forgotten."
    )


def _episodes(found: dict[str, float]) -> str:
    area = f" (none {found['auroc_of_none']:.3f})" if "auroc_of_none" in found else ""
    return f"{found['mean']:.1f} ± {found['interval']:.1f}{area}"


def _record(folder: Path, name: str) -> dict[str, Any] | None:
    path = folder / f"{name}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else None


def draw(folder: Path, target: Path) -> None:
    """Accuracy after each step for the two protocols with heads, as PNG and SVG."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    colours = {name: colormaps["tab20"](place) for place, name in enumerate(LEARNERS)}

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    names = [
        n for n in ("classes-cifar100-zero-10", "classes-cifar100-base50-5") if _record(folder, n)
    ]
    axes = figure.subplots(1, max(len(names), 1), squeeze=False, sharey=True)[0]
    for name, axis in zip(names, axes, strict=True):
        record = _record(folder, name)
        assert record is not None
        (orders,) = record["metrics"]["steps"].values()
        first, base = next(iter(orders.values())), record["config"]["base"]
        for learner in (name for name in LEARNERS if name in first):
            values = first[learner]["after_each_step"]
            start, count = (base, len(values) - 1) if base else (0, len(values))
            known = [start + (100 - start) * n / count for n in range(0 if base else 1, count + 1)]
            look = {
                "lw": 2.5 if learner in OWN else 1.2,
                "ls": "--" if "retrained" in learner else "-",
            }
            axis.plot(known, values, marker=".", label=learner, c=colours[learner], **look)
        axis.set(title=RUNS[name], xlabel="classes known")
    axes[0].set_ylabel("accuracy on the classes known, %")
    figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    for ending in ("png", "svg"):
        figure.savefig(target.with_suffix(f".{ending}"), dpi=120)


if __name__ == "__main__":
    draw(RESULTS, Path(__file__).parents[1] / "figures" / "classes-incremental")
