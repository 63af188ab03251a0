"""The records of the bench on SmolLM2 as Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.markdown import head, row
from experiments.retention.records.bench_records import (
    Result,
    groups,
    heading,
    machines,
    product,
    results,
    titles,
)

FORCED = ("rewrite_acc", "ES", "PS", "NS", "S")
COSTS = (
    "write, s a fact",
    "write, x a pass",
    "query, x bare",
    "bytes a fact",
    "memory over bare, MiB",
    "KL, nats a token",
    "false fires per 1,000 tokens",
    "told again: later holds",
    "backward transfer",
)


def suites_table(folder: Path) -> str:
    """A table a suite: every method on the same facts and questions, the bare model first."""
    found = groups(results(folder))
    return "\n\n".join(_suite(heading(g), group) for g, group in found.items()) or "No record yet."


def _suite(title: str, group: Sequence[Result]) -> str:
    axes = titles(group)
    counts = {axis: max(r["axes"][axis]["n"] for r in group if axis in r["axes"]) for axis in axes}
    forced = [f for f in FORCED if any(f in r.get("forced", {}) for r in group)]
    heads = [f"{axes[axis]} (n = {counts[axis]})" for axis in axes]
    where = machines(group)
    shown = f"**{title}**" + (f" (measured on {where})" if where else "")
    lines = [shown, "", *head(["method", *heads, "product", *forced])]
    for result in group:
        cells = [_share(result["axes"].get(axis)) for axis in axes]
        scores = [_score(result.get("forced", {}).get(name)) for name in forced]
        lines.append(row([result["title"], *cells, f"{100 * product(result):.0f}", *scores]))
    return "\n".join(lines)


def _share(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    mean, low, high = (100 * found[key] for key in ("mean", "low", "high"))
    return f"{mean:.0f} ({low:.0f}-{high:.0f})"


def _score(found: dict[str, Any] | float | None) -> str:
    value = found["mean"] if isinstance(found, dict) else found
    return "" if value is None else f"{100 * value:.0f}"


def costs_table(folder: Path) -> str:
    """What each method costs on a CPU, on the suite where it has most facts there."""
    found = [r for r in results(folder) if "accelerator" not in r]
    written = [r for r in found if "cost" in r]
    if not written:
        return "No record yet."
    chosen: dict[str, Result] = {}
    for result in sorted(written, key=lambda r: (r["facts"], not r["chat"], r["suite"])):
        chosen[result["method"]] = result
    memory = {_key(r): r["memory_mib"][1] for r in found if r["method"] == "bare"}
    lines = head(["method", "measured on", *COSTS])
    for result in sorted(chosen.values(), key=lambda r: -product(r)):
        bare = memory.get(_key(result))
        where = f"{result['suite']}, {result['facts']:,} facts"
        lines.append(row([result["title"], where, *_costs(result, bare)]))
    return "\n".join(lines)


def _key(result: Result) -> tuple[Any, ...]:
    return result["suite"], result["chat"], result["facts"]


def _bytes(result: Result) -> str:
    """Nothing of older records whose bytes were counted after facts had been forgotten again."""
    cost = result["cost"]
    older = None if result.get("no_edit") else cost.get("bytes_per_fact")
    size = cost.get("stored_bytes_per_fact", older)
    return "" if size is None else f"{size:,}"


def _costs(result: Result, bare: float | None) -> list[str]:
    cost, text = result["cost"], result["text"]
    fires = text.get("fires_per_token")
    later = result["contradictions"]["later_holds"]["mean"]
    back = result["stream"]["backward_transfer"]
    query = cost["query_over_bare"]
    return [
        f"{cost['write_seconds_median']:.2g}",
        f"{cost['write_over_forward']:.1f}",
        "" if query is None else f"{query:.2f}",
        _bytes(result),
        "" if bare is None else f"{result['memory_mib'][1] - bare:,.0f}",
        f"{text['kl']:.2g}",
        "" if fires is None else f"{1000 * fires:.2g}",
        f"{100 * later:.0f} %",
        "" if back is None else f"{back:.2f}",
    ]
