"""One method on one suite: everything that is measured, in one order."""

import math
import resource
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oneshot.progress import Report, silent
from oneshot.retention.measures.axes import measure_axes
from oneshot.retention.measures.forced import forced_scores
from oneshot.retention.measures.running_text import measure_text
from oneshot.retention.measures.scores import normalise
from oneshot.retention.measures.stream import write_stream
from oneshot.retention.measures.taking_back import check_no_edit, measure_contradictions
from oneshot.retention.methods.interface import Method
from oneshot.retention.suites.material import Bare
from oneshot.retention.suites.suite import Suite

QUERIES, ROUNDS = 32, 3
TEXT_TOKENS = 20_000
ROW = {
    "text": ("changed_per_token", "fires_per_token", "kl", "perplexity"),
    "cost": ("write_seconds_median", "write_over_forward", "query_over_bare", "bytes_per_fact"),
}
"""What a row takes over from the parts of a result."""


@dataclass(frozen=True)
class Examination:
    """How thoroughly a method is examined."""

    text_tokens: int = TEXT_TOKENS
    seed: int = 0


def examine(
    method: Method,
    bare: Bare,
    suite: Suite,
    plan: Examination,
    progress: Report = silent,
) -> dict[str, Any]:
    """Write the suite's facts with the method and measure everything after the last one."""
    stages = 6
    memory = _peak_mib()
    stream, cost = write_stream(method, bare, suite, progress)
    progress(method.name, 1, stages)
    axes = measure_axes(method, bare, suite)
    progress(method.name, 2, stages)
    forced = forced_scores(method, suite)
    progress(method.name, 3, stages)
    text = measure_text(method, suite.text, plan.text_tokens)
    progress(method.name, 4, stages)
    cost |= _query_cost(method, bare, suite) | _sizes(method, suite, memory)
    contradictions = measure_contradictions(method, suite, plan.seed)
    progress(method.name, 5, stages)
    no_edit = check_no_edit(method, suite, plan.seed)
    progress(method.name, 6, stages)
    return {
        "title": method.name,
        "suite": suite.name,
        "facts": len(suite.requests),
        "dropped": suite.dropped,
        "axes": axes,
        "forced": forced,
        "text": text,
        "stream": stream,
        "contradictions": contradictions,
        "no_edit": no_edit,
        "cost": cost,
    }


def row(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result's shares as one flat row, for tables and machines."""
    axes = result["axes"]
    flat = {"method": result["method"], "suite": result["suite"], "facts": result["facts"]}
    flat |= {axis: found["mean"] for axis, found in axes.items()}
    cohorts = axes["efficacy"].get("cohorts", [])
    flat["oldest"] = next((share for share in cohorts if share is not None), None)
    factors = [
        f for key in ("paraphrase", "neighbours", "oldest") if (f := flat.get(key)) is not None
    ]
    flat["product"] = round(math.prod(factors), 5) if len(factors) == 3 else None
    flat["rewrite_acc"] = result.get("forced", {}).get("rewrite_acc", {}).get("mean")
    for part, names in ROW.items():
        flat |= {name: result.get(part, {}).get(name) for name in names}
    return flat


def _query_cost(method: Method, bare: Bare, suite: Suite) -> dict[str, Any]:
    """The time of prompts that are answered as the bare host answers them, over the host's own."""
    prompts = _unchanged(method, bare, suite)
    if not prompts:
        return {"query_seconds": None, "query_over_bare": None}
    ratios, times = [], []
    for _ in range(ROUNDS):
        plain = _seconds(Bare(method.host), prompts)
        times.append(_seconds(method.answers, prompts) / len(prompts))
        ratios.append(times[-1] * len(prompts) / plain)
    return {
        "query_seconds": statistics.median(times),
        "query_over_bare": statistics.median(ratios),
    }


def _unchanged(method: Method, bare: Bare, suite: Suite) -> list[str]:
    prompts = [probe.prompt for probe in suite.kept.get("base", ())][: 2 * QUERIES]
    pairs = zip(prompts, method.answers(prompts), bare(prompts), strict=True)
    return [prompt for prompt, a, b in pairs if normalise(a) == normalise(b)][:QUERIES]


def _sizes(method: Method, suite: Suite, memory: float) -> dict[str, Any]:
    return {
        "bytes_per_fact": round(method.stored_bytes() / len(suite.requests)),
        "peak_memory_mib": _peak_mib(),
        "peak_memory_before_mib": memory,
    }


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _seconds(work: Any, prompts: Sequence[str]) -> float:
    began = time.perf_counter()
    work(prompts)
    return time.perf_counter() - began
