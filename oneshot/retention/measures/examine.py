"""One method on one suite: everything that is measured, in one order."""

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from oneshot.progress import Report, silent
from oneshot.retention.measures.axes import measure_axes
from oneshot.retention.measures.clock import seconds
from oneshot.retention.measures.false_fires import measure_false_fires
from oneshot.retention.measures.guard import check_changed
from oneshot.retention.measures.reversal import check_no_edit, measure_contradictions
from oneshot.retention.measures.running_text import measure_text
from oneshot.retention.measures.stream import forgetting, write_stream
from oneshot.retention.measures.teacher_forced import teacher_forced
from oneshot.retention.methods.bare import BareHost
from oneshot.retention.methods.interface import Method
from oneshot.retention.suites.match import normalise
from oneshot.retention.suites.sampling import Bare
from oneshot.retention.suites.suite import Suite

QUERIES, ROUNDS = 4, 3
TEXT_TOKENS = 20_000
ROW = {
    "text": ("changed_per_token", "fires_per_token", "kl", "perplexity"),
    "cost": (
        "write_seconds_median",
        "write_over_forward",
        "query_over_bare",
        "stored_bytes_per_fact",
    ),
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
    how: Examination,
    progress: Report = silent,
) -> dict[str, Any]:
    """Write the suite's facts with the method and measure everything after the last one.

    Raises OneshotError for a method that changed nothing.
    """
    if isinstance(method, BareHost):
        return _bare_result(method, bare, suite)
    fresh, cost = write_stream(method, suite, progress)
    check_changed(method, bare, suite)
    cost["stored_bytes_per_fact"] = round(method.stored_bytes() / len(suite.requests))
    parts: dict[str, Callable[[], Any]] = {
        "axes": partial(measure_axes, method, bare, suite),
        "forced": partial(teacher_forced, method, suite),
        "false_fires": partial(measure_false_fires, method, suite),
        "text": partial(measure_text, method, suite.text, how.text_tokens),
        "query": partial(_query_cost, method, bare, suite),
        "contradictions": partial(measure_contradictions, method, suite, how.seed),
        "no_edit": partial(check_no_edit, method, suite, how.seed),
    }
    result = _head(method, suite)
    for done, (name, measure) in enumerate(parts.items(), start=1):
        result[name] = measure()
        progress(method.name, done, len(parts))
    result["cost"] = cost | result.pop("query")
    axes = result["axes"]
    kept = axes.get("paraphrase", axes["efficacy"])["cohorts"]
    return result | {"stream": forgetting(fresh, kept)}


def _head(method: Method, suite: Suite) -> dict[str, Any]:
    return {
        "title": method.name,
        "suite": suite.name,
        "facts": len(suite.requests),
        "dropped": suite.dropped,
        "refused": method.refused,
    }


def _bare_result(method: Method, bare: Bare, suite: Suite) -> dict[str, Any]:
    """What the host says by itself; on kept axes it is what others are compared with."""
    return _head(method, suite) | {
        "axes": measure_axes(method, bare, suite),
        "forced": teacher_forced(method, suite),
    }


def row(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result's shares as one flat row, for tables and machines."""
    axes = result["axes"]
    flat = {"method": result["method"], "suite": result["suite"], "facts": result["facts"]}
    flat |= {axis: found["mean"] for axis, found in axes.items()}
    flat["intervals"] = {axis: [f["low"], f["high"], f["n"]] for axis, f in axes.items()}
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
    ratios, times, device = [], [], method.host.model.device
    for _ in range(ROUNDS):
        plain = seconds(device, Bare(method.host, manner=method.manner), prompts)
        times.append(seconds(device, method.answers, prompts) / len(prompts))
        ratios.append(times[-1] * len(prompts) / plain)
    return {
        "query_seconds": statistics.median(times),
        "query_over_bare": statistics.median(ratios),
    }


def _unchanged(method: Method, bare: Bare, suite: Suite) -> list[str]:
    prompts = [probe.prompt for probe in suite.kept.get("base", ())][: 2 * QUERIES]
    pairs = zip(prompts, method.answers(prompts), bare(prompts), strict=True)
    return [prompt for prompt, a, b in pairs if normalise(a) == normalise(b)][:QUERIES]
