"""One fact at a time: each written by a fresh method, as editing papers report single edits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from oneshot.progress import Report
from oneshot.retention.measures.axes import Answers, right
from oneshot.retention.measures.guard import check_changed
from oneshot.retention.measures.scores import interval
from oneshot.retention.measures.teacher_forced import EDITED, harmonic, teacher_forced
from oneshot.retention.methods.interface import Method
from oneshot.retention.suites.match import begins_alike
from oneshot.retention.suites.suite import DELETED, Probe, Suite

NEAR = 4  # neighbours and known facts asked after each


def examine_singles(
    make: Callable[[], Method], bare: Answers, suite: Suite, progress: Report
) -> dict[str, Any]:
    """The told axes of each fact, and whether some neighbours and known facts are as they were.

    `forced`: the mean over the facts of the scores that are taken under teacher forcing.
    """
    hits: dict[str, list[bool]] = {}
    forced: dict[str, list[float]] = {}
    name, numbers = "", [probe.fact for probe in suite.told["efficacy"]]
    for done, number in enumerate(numbers, start=1):
        method = make()
        name = method.name
        method.write([suite.requests[number]])
        check_changed(method, bare, replace(suite, requests=[suite.requests[number]]))
        part = _of(suite, number)
        for axis, found in _after(method, bare, part).items():
            hits.setdefault(axis, []).extend(found)
        for score, value in teacher_forced(method, part).items():
            if isinstance(value, dict):
                forced.setdefault(score, []).append(value["mean"])
        method.close()
        progress(f"{name}: single facts", done, len(numbers))
    axes = {axis: interval(found) for axis, found in hits.items() if found}
    scores: dict[str, Any] = {score: interval(found) for score, found in forced.items()}
    if all(name in scores for name in EDITED):
        scores["S"] = harmonic([scores[name]["mean"] for name in EDITED])
    return {"title": name, "suite": suite.name, "facts": 1, "axes": axes, "forced": scores}


def _of(suite: Suite, number: int) -> Suite:
    """The probes that are about one fact; of kinds that are about none, some."""
    told = {a: [p for p in ps if p.fact == number] for a, ps in suite.told.items()}
    kept = {
        axis: [p for p in probes if p.fact == number] or probes[number * NEAR :][:NEAR]
        for axis, probes in suite.kept.items()
        if axis != DELETED
    }
    return replace(suite, told=told, kept=kept)


def _after(method: Method, bare: Answers, part: Suite) -> dict[str, list[bool]]:
    asked = [p for ps in (*part.told.values(), *part.kept.values()) for p in ps]
    said = dict(zip(asked, method.answers([p.question for p in asked]), strict=True))
    result = {axis: right(ps, [said[p] for p in ps]) for axis, ps in part.told.items()}
    return result | {axis: _same(ps, said, bare) for axis, ps in part.kept.items()}


def _same(probes: list[Probe], said: dict[Probe, str], bare: Answers) -> list[bool]:
    before = bare([probe.question for probe in probes])
    return [begins_alike(said[p], b) for p, b in zip(probes, before, strict=True)]
