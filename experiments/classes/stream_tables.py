"""The records of streams that are seen once as Markdown."""

import json
from pathlib import Path
from statistics import mean
from typing import Any

SETS = {
    "classes-stream-cifar10": "CIFAR-10",
    "classes-stream-cifar100": "CIFAR-100",
    "classes-stream-mnist": "MNIST",
}
PUBLISHED = {
    "RanDumb, published, 25,000 random Fourier features": ("55.6", "28.6", "98.3"),
}
LEARNERS = {
    "pixels": ("nearest mean", "streaming LDA", "random Fourier features, streaming LDA"),
    "codes": ("ridge",),
    "features": (
        "ridge",
        "residual",
        "posterior",
        "streaming LDA",
        "nearest mean",
        "nearest mean, cosine",
        "replay, 20 a class",
        "fine-tuning",
        "fine-tuning, MLP",
        "without forgetting",
        "scikit-learn SGDClassifier, partial_fit",
        "scikit-learn GaussianNB, partial_fit",
    ),
}
FROM = {
    "pixels": "pixels",
    "codes": "patches, all {width_of_codes:,}",
    "features": "patches, {width:,} components",
}
OURS = {name: f"**{name}**" for name in ("ridge", "residual", "posterior")}


def stream_table(folder: Path) -> str:
    """One row a learner: accuracy at the end of the stream and seconds of learning, by set."""
    records = {
        title: json.loads(path.read_text("utf-8"))
        for name, title in SETS.items()
        if (path := folder / f"{name}.json").exists()
    }
    if not records:
        return "no record yet"
    heads = [f"{title} %" for title in records]
    heads += [f"{title}, CPU seconds of learning" for title in records]
    lines = ["| from | learner | " + " | ".join(heads) + " |", "|---" * (len(heads) + 2) + "|"]
    places = [list(SETS.values()).index(title) for title in records]
    for name, shares in PUBLISHED.items():
        cells = [shares[place] for place in places] + [""] * len(records)
        lines.append(f"| pixels | {name} | " + " | ".join(cells) + " |")
    for kind, learners in LEARNERS.items():
        lines += [_row(kind, learner, list(records.values())) for learner in learners]
    return "\n".join(lines)


def _row(kind: str, learner: str, records: list[dict[str, Any]]) -> str:
    shares, seconds = [], []
    for record in records:
        found = record["metrics"]["learners"][kind][learner]
        interval = max(one["interval"] for one in found)
        shares.append(f"{mean(one['accuracy'] for one in found):.1f} ± {interval:.1f}")
        seconds.append(f"{mean(one['cpu_seconds_of_learning'] for one in found):.0f}")
    origin = FROM[kind].format(**records[0]["metrics"])
    return f"| {origin} | {OURS.get(learner, learner)} | " + " | ".join(shares + seconds) + " |"
