"""The bench on SmolLM2 as the front page shows it: methods at their most facts, and hard cases."""

from pathlib import Path
from typing import Any

from experiments.markdown import head, row
from experiments.retention.records.bench_records import (
    AXES,
    OURS,
    Result,
    at_most_facts,
    product,
    results,
    titles,
)

NONE = "No record yet."
SHOWN = (
    "efficacy",
    "paraphrase",
    "question",
    "rephrased",
    "generation",
    "neighbours",
    "attributes",
    "base",
)
"""The axes of CounterFact that stand in front; all are in the suite's own table."""


def counterfact_table(folder: Path) -> str:
    """A row a method, each with the most facts that it was told."""
    found = at_most_facts(results(folder), "counterfact", chat=False)
    if not found:
        return NONE
    most = found[0]
    counts = {axis: most["axes"][axis]["n"] for axis in SHOWN if axis in most["axes"]}
    heads = [f"{AXES[axis]} (n = {n})" for axis, n in counts.items()]
    title = f"CounterFact on SmolLM2, {most['facts']:,} facts, raw text"
    lines = head([title, "product", *heads, "perplexity of other text, x bare"])
    for result in found:
        cells = [_percent(result["axes"].get(axis)) for axis in counts]
        cells = [f"{100 * product(result):.0f} %", *cells, _perplexity(result)]
        lines.append(row([_name(result, most["facts"]), *cells]))
    return "\n".join(lines)


def _name(result: Result, most: int) -> str:
    """A method, with its facts and questions where they are not the table's."""
    name = "**this package**" if result["method"] == OURS else str(result["title"])
    if result["facts"] == most:
        return name
    return f"{name}; {result['facts']} facts, n = {result['axes']['efficacy']['n']}"


def _perplexity(result: Result) -> str:
    text = result.get("text")
    if not text:
        return ""
    ratio = text["perplexity"] / text["bare_perplexity"]
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"


def hard_table(folder: Path) -> str:
    """A row a kind of question, a column a method; at last false fires at the same recall."""
    found = at_most_facts(results(folder), "hard", chat=False)
    told = [r for r in found if r["method"] != "bare" and r["facts"] == found[0]["facts"]]
    if not told:
        return NONE
    told.sort(key=lambda r: r["method"] != OURS)
    names = [_name(r, told[0]["facts"]) for r in told]
    lines = head([f"hard cases, {told[0]['facts']} facts of open relations, raw text", *names])
    for axis, title in titles(told).items():
        n = max(r["axes"][axis]["n"] for r in told if axis in r["axes"])
        lines.append(row([f"{title} (n = {n})", *(_percent(r["axes"].get(axis)) for r in told)]))
    for recall in sorted({recall for r in told for recall in r["false_fires"]}):
        title = f"a fact speaks where none should, at a recall of {recall.replace('%', ' %')}"
        lines.append(row([title, *(_fires(r["false_fires"].get(recall)) for r in told)]))
    return "\n".join(lines)


def _fires(found: dict[str, Any] | None) -> str:
    """The share of all questions, whatever their kind, at which a fact would speak."""
    if not found:
        return ""
    kinds = found["kinds"].values()
    fires, asked = sum(k["share"] * k["n"] for k in kinds), sum(k["n"] for k in kinds)
    return f"{fires:.0f} of {asked}"


def _percent(found: dict[str, Any] | None) -> str:
    return "" if found is None else f"{100 * found['mean']:.0f} %"
