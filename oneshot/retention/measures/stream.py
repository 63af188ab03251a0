"""Facts written one step after another, and what is left of each step after each later one."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from oneshot.progress import Report
from oneshot.retention.measures.axes import COHORTS, Answers, cohort, right
from oneshot.retention.methods.interface import Method, Request
from oneshot.retention.suites.suite import Probe, Suite

SINGLES = 20  # facts at the stream's end that are written one by one, and timed
EACH = 15  # probes of a cohort at a checkpoint


def write_stream(
    method: Method, bare: Answers, suite: Suite, progress: Report
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write the suite's facts in ten steps; the accuracy matrix, and what writing took.

    The matrix (Lopez-Paz and Ranzato, arXiv 1706.08840): row i, column j is the share of step j's
    facts that are answered in another wording after step i; the next step's are asked as well.
    """
    cohorts, steps = _cohorts(suite), _steps(suite)
    before, rows, times = _accuracies(bare, cohorts), [], Times()
    for number, step in enumerate(steps, start=1):
        alone = min(SINGLES, len(step)) if number == len(steps) else 0
        _write(method, step[: len(step) - alone], step[len(step) - alone :], times)
        asked = cohorts[: number + 1]  # of the steps to come the next one is enough
        rows.append(_accuracies(method.answers, asked))
        progress(f"{method.name}: writing", number, len(steps))
    return _matrix(before, rows), times.costs()


@dataclass
class Times:
    """Seconds of writing facts singly and together, and of the bare host's reading a prompt."""

    singles: list[float] = field(default_factory=list)
    forward: list[float] = field(default_factory=list)
    together: float = 0.0
    count: int = 0

    def costs(self) -> dict[str, Any]:
        """Per fact; the singles' median also as a ratio to one forward pass of the prompt."""
        base, median = statistics.median(self.forward), statistics.median(self.singles)
        spread = statistics.quantiles(self.singles, n=20) if len(self.singles) > 1 else [median]
        return {
            "forward_seconds": base,
            "write_seconds_median": median,
            "write_seconds_p95": spread[-1],
            "write_over_forward": median / base,
            "write_seconds_together": self.together / self.count if self.count else None,
        }


def _write(
    method: Method, together: Sequence[Request], singly: Sequence[Request], times: Times
) -> None:
    if together:
        times.together += _seconds(method.write, together)
        times.count += len(together)
    for request in singly:
        times.forward.append(_seconds(_read, method, request.prompt))
        times.singles.append(_seconds(method.write, [request]))


def _steps(suite: Suite) -> list[list[Request]]:
    count = len(suite.requests)
    steps: list[list[Request]] = [[] for _ in range(min(COHORTS, count))]
    for fact, request in enumerate(suite.requests):
        steps[cohort(fact, count)].append(request)
    return steps


def _cohorts(suite: Suite) -> list[list[Probe]]:
    """Some probes of each tenth of the stream; in another wording where there is one."""
    probes, count = suite.told.get("paraphrase") or suite.told["efficacy"], len(suite.requests)
    groups: list[list[Probe]] = [[] for _ in range(min(COHORTS, count))]
    for probe in probes:
        groups[cohort(probe.fact, count)].append(probe)
    return [group[:EACH] for group in groups]


def _accuracies(answers: Answers, cohorts: Sequence[Sequence[Probe]]) -> list[float | None]:
    said = iter(answers([probe.prompt for group in cohorts for probe in group]))
    hits = [right(group, [next(said) for _ in group]) for group in cohorts]
    return [round(sum(h) / len(h), 4) if h else None for h in hits]


def _matrix(before: list[float | None], rows: list[list[float | None]]) -> dict[str, Any]:
    """Forgetting is the best a step ever was less what it is now; transfers as in the paper."""
    last = len(rows) - 1
    full = [j for j in range(last + 1) if rows[last][j] is not None]
    old, new = [j for j in full if j < last], [j for j in full if j > 0]
    best = [max(rows[i][j] or 0.0 for i in range(j, last)) for j in old]
    return {
        "before": before,
        "matrix": rows,
        "forgetting": _mean([b - (rows[last][j] or 0.0) for b, j in zip(best, old, strict=True)]),
        "backward_transfer": _mean([(rows[last][j] or 0.0) - (rows[j][j] or 0.0) for j in old]),
        "forward_transfer": _mean([(rows[j - 1][j] or 0.0) - (before[j] or 0.0) for j in new]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(statistics.fmean(values), 4) if values else None


@torch.inference_mode()
def _read(method: Method, prompt: str) -> None:
    model = method.host.model
    model(input_ids=method.host.tokenizer(prompt, return_tensors="pt").input_ids.to(model.device))


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began
