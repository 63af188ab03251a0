"""One fact at a time: each written by a fresh method, as editing papers report single edits."""

from collections.abc import Callable
from typing import Any

from oneshot.progress import Report
from oneshot.retention.measures.axes import Answers, right
from oneshot.retention.measures.scores import interval, normalise
from oneshot.retention.methods.interface import Method
from oneshot.retention.suites.suite import Probe, Suite

NEAR = 4  # neighbours and known facts asked after each


def examine_singles(
    make: Callable[[], Method], bare: Answers, suite: Suite, progress: Report
) -> dict[str, Any]:
    """The told axes of each fact, and whether some neighbours and known facts are as they were."""
    hits: dict[str, list[bool]] = {}
    name, numbers = "", [probe.fact for probe in suite.told["efficacy"]]
    for done, number in enumerate(numbers, start=1):
        method = make()
        name = method.name
        method.write([suite.requests[number]])
        for axis, found in _after(method, bare, suite, number).items():
            hits.setdefault(axis, []).extend(found)
        method.close()
        progress(f"{name}: single facts", done, len(numbers))
    axes = {axis: interval(found) for axis, found in hits.items() if found}
    return {"title": name, "suite": suite.name, "facts": 1, "axes": axes}


def _after(method: Method, bare: Answers, suite: Suite, number: int) -> dict[str, list[bool]]:
    told = {a: [p for p in ps if p.fact == number] for a, ps in suite.told.items()}
    kept = {a: ps[number * NEAR :][:NEAR] for a, ps in suite.kept.items()}
    prompts = [p.prompt for ps in (*told.values(), *kept.values()) for p in ps]
    said = dict(zip(prompts, method.answers(prompts), strict=True))
    result = {axis: right(ps, [said[p.prompt] for p in ps]) for axis, ps in told.items()}
    return result | {axis: _same(ps, said, bare) for axis, ps in kept.items()}


def _same(probes: list[Probe], said: dict[str, str], bare: Answers) -> list[bool]:
    prompts = [probe.prompt for probe in probes]
    before = bare(prompts)
    return [normalise(said[p]) == normalise(b) for p, b in zip(prompts, before, strict=True)]
