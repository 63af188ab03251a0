"""The retention records of the packaged model, with the writer before this one, as Markdown."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from experiments.markdown import head, row
from oneshot.core.shares import wilson

MAIN, FACTS = "trex-new", 1000
Result = dict[str, Any]

TARGETS = (
    ("efficacy", "taught prompt", ">= 99.5 / 99 %"),
    ("worst cohort", "taught prompt, the worst tenth by age", ">= 99.5 / 99 %"),
    ("paraphrase", "another wording that the host was trained on", ">= 99 / 98.5 %"),
    ("question", "question", ""),
    ("unseen_wording", "wording that the host never saw", ">= 87 / 85 %"),
    ("prefixed", "another wording behind 50 unrelated tokens", ""),
    ("composed", "two hops: the capital of the taught country", ""),
    ("neighbours", "neighbours unchanged: same relation, same wording", ">= 99.9 / 99.7 %"),
    ("namesakes", "subjects with a taught one's last word, unchanged", ""),
    ("base", "known facts unchanged", ">= 99.9 / 99.7 %"),
    ("other_relation", "taught subject, other relation, unchanged", ">= 99 / 98.5 %"),
)
METHODS = (
    ("efficacy", "taught prompt"),
    ("oldest", "oldest tenth"),
    ("paraphrase", "other wording"),
    ("unseen_wording", "unseen wording"),
    ("neighbours", "neighbours kept"),
    ("other_relation", "other relation kept"),
    ("base", "known kept"),
    ("product", "product"),
)
FORCED = ("rewrite_acc", "ES", "PS", "NS", "S")


def results(folder: Path) -> list[Result]:
    """What was measured, record by record, with the record's seed and seconds."""
    found = []
    for path in sorted(folder.glob("retention-*.json")):
        record = json.loads(path.read_text("utf-8"))
        if "axes" in record["metrics"]:
            more = {"seed": record["config"]["seed"], "seconds": record["seconds"]}
            found.append(record["metrics"] | more)
    return found


def select(found: Iterable[Result], **wanted: Any) -> list[Result]:
    """The results with these entries; of facts, those within a tenth of the number."""
    return [r for r in found if all(_fits(r, key, value) for key, value in wanted.items())]


def _fits(result: Result, key: str, value: Any) -> bool:
    if key == "facts":
        return bool(abs(result[key] - value) <= value / 10)
    return bool(result[key] == value)


def targets_table(folder: Path) -> str:
    """The default rule on new facts: each axis at each size against its target, seeds pooled."""
    found = select(results(folder), suite=MAIN, method="posterior")
    groups = [select(found, facts=n) for n in (FACTS, 10 * FACTS)]
    groups = [group for group in groups if group]
    if not groups:
        return "No record yet."
    heads = [f"{g[0]['facts']:,} facts, {_seeds(g)}" for g in groups]
    lines = head(["", *heads, "target"])
    for axis, title, target in TARGETS:
        lines.append(row([title, *(_axis(group, axis) for group in groups), target]))
    for title, cells, target in _other_rows(groups):
        lines.append(row([title, *cells, target]))
    return "\n".join(lines)


def _seeds(group: Sequence[Result]) -> str:
    return f"{len(group)} draws and orders" if len(group) > 1 else "one draw"


def _axis(group: Sequence[Result], axis: str) -> str:
    if axis == "worst cohort":
        return f"{100 * min(c for r in group for c in _cohorts(r)):.1f} %"
    found = [r["axes"][axis] for r in group if axis in r["axes"]]
    return _pooled(found) if found else ""


def _cohorts(result: Result) -> list[float]:
    """The share of taught prompts by age; a single share where facts were examined one by one."""
    efficacy = result["axes"]["efficacy"]
    cohorts = efficacy.get("cohorts", [efficacy["mean"]])
    return [share for share in cohorts if share is not None]


def _pooled(found: Sequence[dict[str, Any]]) -> str:
    """The shares of one draw, or of several together, with Wilson's interval."""
    total = sum(f["n"] for f in found)
    mean = sum(f["mean"] * f["n"] for f in found) / total
    low, high = (100 * edge for edge in wilson(mean, total))
    bare = sum(f.get("bare", 0) * f["n"] for f in found) / total
    beside = f"; bare {100 * bare:.0f} %" if "bare" in found[0] else ""
    return f"{100 * mean:.2f} % ({low:.1f}-{high:.1f}, n = {total:,}{beside})"


def _other_rows(groups: Sequence[Sequence[Result]]) -> list[tuple[str, list[str], str]]:
    return [
        ("false fires on running text, tokens", [_fires(g) for g in groups], "<= 2e-5 per token"),
        ("KL to the bare host, nats per token", [_mean(g, "text", "kl") for g in groups], ""),
        ("contradicted: the later answer holds", [_later(g) for g in groups], ""),
        ("no-edit index: all bits equal", [_no_edit(g) for g in groups], "yes"),
        ("backward transfer", [_mean(g, "stream", "backward_transfer") for g in groups], ""),
        (
            "write over one forward pass, s, each draw",
            [", ".join(f"{over:.3f}" for over in _write_over(g)) for g in groups],
            "<= 0.010",
        ),
        ("query over the bare host, each draw",
         [", ".join(f"{r['cost']['query_over_bare']:.2f}" for r in g) for g in groups],
         "<= 1.10 / 1.50"),
        ("bytes per fact", [_mean(g, "cost", "bytes_per_fact") for g in groups], ""),
    ]  # fmt: skip


def _fires(group: Sequence[Result]) -> str:
    fires, right, tokens = (
        sum(r["text"].get(key, 0) for r in group) for key in ("fires", "fires_right", "tokens")
    )
    return f"{fires - right} of {tokens:,} ({(fires - right) / tokens:.1e}); right ones {right}"


def _mean(group: Sequence[Result], part: str, key: str) -> str:
    values = [r[part][key] for r in group if r[part].get(key) is not None]
    return f"{sum(values) / len(values):.3g}" if values else ""


def _later(group: Sequence[Result]) -> str:
    found = [r["contradictions"] for r in group]
    cells = [_pooled([f["later_holds"] for f in found])]
    if all("brought_back" in f for f in found):
        cells.append("undone: " + _pooled([f["brought_back"] for f in found]))
    return "; ".join(cells)


def _no_edit(group: Sequence[Result]) -> str:
    return "yes" if all(all(r["no_edit"].values()) for r in group) else "no"


def _write_over(group: Sequence[Result]) -> list[float]:
    costs = [r["cost"] for r in group]
    return [c["write_seconds_median"] - c["forward_seconds"] for c in costs]


def methods_table(folder: Path) -> str:
    """Every method on the same new facts, best product first; one draw."""
    found = select(results(folder), suite=MAIN, facts=FACTS, seed=0)
    if not found:
        return "No record yet."
    extra = ["KL", "perplexity, x bare", "write, s", "query, x bare", "bytes per fact"]
    lines = head(["method", *(title for _, title in METHODS), *extra])
    for result in sorted(found, key=product, reverse=True):
        shares = [_percent(share(result, key)) for key, _ in METHODS]
        lines.append(row([result["title"], *shares, *_costs(result)]))
    return "\n".join(lines)


def share(result: Result, key: str) -> float | None:
    """One figure of a method's row."""
    if key == "oldest":
        return _cohorts(result)[0]
    if key == "product":
        return product(result)
    found: float | None = result["axes"].get(key, {}).get("mean")
    return found


def product(result: Result) -> float:
    """Other wording x neighbours x oldest tenth."""
    axes = result["axes"]
    value: float = axes["paraphrase"]["mean"] * axes["neighbours"]["mean"] * _cohorts(result)[0]
    return value


def _costs(result: Result) -> list[str]:
    text, cost = result["text"], result["cost"]
    ratio = text["perplexity"] / text["bare_perplexity"]
    query = cost["query_over_bare"]
    return [
        f"{text['kl']:.2g}",
        f"{ratio:.3g}",
        f"{cost['write_seconds_median']:.2g}",
        "" if query is None else f"{query:.2f}",
        f"{cost['bytes_per_fact']:,}",
    ]


def suites_table(folder: Path) -> str:
    """The published edit sets: free generation, and the teacher-forced scores beside it."""
    found = [r for r in results(folder) if r["suite"] != MAIN and r["facts"] > 1]
    if not found:
        return "No record yet."
    axes = (
        "efficacy",
        "paraphrase",
        "unseen_wording",
        "rephrased",
        "prefixed",
        "neighbours",
        "base",
    )
    lines = head(["suite", "facts", "method", *(a.replace("_", " ") for a in axes), *FORCED])
    for r in sorted(found, key=lambda r: (r["suite"], -r["facts"], -product(r))):
        cells = [_percent(share(r, axis)) for axis in axes]
        forced = [_percent(_forced(r["forced"].get(name))) for name in FORCED]
        lines.append(row([r["suite"], f"{r['facts']:,}", r["title"], *cells, *forced]))
    return "\n".join(lines)


def _forced(found: dict[str, float] | float | None) -> float | None:
    return found["mean"] if isinstance(found, dict) else found


def sizes_table(folder: Path) -> str:
    """Another wording, and neighbours kept, by the number of new facts; one draw."""
    found = select(results(folder), suite=MAIN, seed=0)
    sizes = sorted({r["facts"] for r in found})
    if not sizes:
        return "No record yet."
    lines = head(["method", *(f"{n:,} fact{'s' if n > 1 else ''}" for n in sizes)])
    for method in dict.fromkeys(r["method"] for r in sorted(found, key=lambda r: r["method"])):
        mine = {r["facts"]: r for r in select(found, method=method)}
        cells = [_pair(mine.get(n)) for n in sizes]
        lines.append(row([next(iter(mine.values()))["title"], *cells]))
    return "\n".join(lines)


def _pair(result: Result | None) -> str:
    if result is None:
        return ""
    return " / ".join(_percent(share(result, axis)) for axis in ("paraphrase", "neighbours"))


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"
