"""Facts written one step after another, and what is left of each step at the end."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from oneshot.progress import Report
from oneshot.retention.measures.axes import COHORTS, cohort, right
from oneshot.retention.measures.clock import seconds
from oneshot.retention.methods.interface import Forgetting, Method, Request
from oneshot.retention.suites.suite import Probe, Suite

SINGLES = 5  # facts at the stream's end that are written one by one, and timed


def write_stream(
    method: Method, suite: Suite, progress: Report
) -> tuple[list[float | None], dict[str, Any]]:
    """Write the suite's facts in ten steps; what was answered right after each, and the costs.

    A step is asked in another wording, where there is one. Deleted facts are written with the first
    step and forgotten after the last, by methods that can forget.
    """
    cohorts, steps, times = _cohorts(suite), _steps(suite), Times()
    deleted = suite.deleted if isinstance(method, Forgetting) else []
    fresh: list[float | None] = []
    for number, step in enumerate(steps, start=1):
        alone = min(SINGLES, len(step)) if number == len(steps) else 0
        first = deleted if number == 1 else []
        together, singly = step[: len(step) - alone], step[len(step) - alone :]
        _write(method, [*first, *together], singly, times)
        fresh.append(_share(method, cohorts[number - 1]))
        progress(f"{method.name}: writing", number, len(steps))
    if deleted and isinstance(method, Forgetting):
        method.forget(deleted)
    return fresh, times.costs()


def forgetting(fresh: Sequence[float | None], kept: Sequence[float | None]) -> dict[str, Any]:
    """By step: what was answered right after it and at the end; their mean difference.

    `backward_transfer` (Lopez-Paz and Ranzato, arXiv 1706.08840) leaves the last step out.
    """
    pairs = [(f, k) for f, k in zip(fresh[:-1], kept, strict=False) if None not in (f, k)]
    moved = [(k or 0.0) - (f or 0.0) for f, k in pairs]
    return {
        "fresh": list(fresh),
        "at_the_end": list(kept),
        "backward_transfer": round(statistics.fmean(moved), 4) if moved else None,
    }


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
    device = method.host.model.device
    if together:
        times.together += seconds(device, method.write, together)
        times.count += len(together)
    for request in singly:
        times.forward.append(seconds(device, _read, method, request.prompt))
        times.singles.append(seconds(device, method.write, [request]))


def _steps(suite: Suite) -> list[list[Request]]:
    count = len(suite.requests)
    steps: list[list[Request]] = [[] for _ in range(min(COHORTS, count))]
    for fact, request in enumerate(suite.requests):
        steps[cohort(fact, count)].append(request)
    return steps


def reworded(suite: Suite) -> list[Probe]:
    """The probes that follow a fact's age: in another wording, where there is one."""
    return suite.told.get("paraphrase") or suite.told["efficacy"]


def _cohorts(suite: Suite) -> list[list[Probe]]:
    count = len(suite.requests)
    groups: list[list[Probe]] = [[] for _ in range(min(COHORTS, count))]
    for probe in reworded(suite):
        groups[cohort(probe.fact, count)].append(probe)
    return groups


def _share(method: Method, probes: Sequence[Probe]) -> float | None:
    if not probes:
        return None
    hits = right(probes, method.answers([probe.question for probe in probes]))
    return round(sum(hits) / len(hits), 4)


@torch.inference_mode()
def _read(method: Method, prompt: str) -> None:
    model = method.host.model
    model(input_ids=method.host.tokenizer(prompt, return_tensors="pt").input_ids.to(model.device))
