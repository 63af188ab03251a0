"""What a method answers on each axis, by free generation, against what it should answer."""

from collections.abc import Callable, Sequence
from typing import Any

from oneshot.retention.measures.scores import interval, is_match, normalise
from oneshot.retention.methods.interface import Method
from oneshot.retention.suites.suite import Probe, Suite

COHORTS = 10
SAMPLES = 4  # raw generations, right and wrong ones each, that the result keeps

Answers = Callable[[Sequence[str]], list[str]]


def measure_axes(method: Method, bare: Answers, suite: Suite) -> dict[str, dict[str, Any]]:
    """Every axis of the suite: share of right answers with its interval, and raw generations.

    Told axes also carry what the bare host reaches, and the share by age, the oldest tenth first.
    """
    found = {}
    for axis, probes in suite.told.items():
        if probes:
            found[axis] = _told(method, bare, probes, len(suite.requests))
    for axis, probes in suite.kept.items():
        if probes:
            found[axis] = _kept(method, bare, probes)
    return found


def _told(method: Method, bare: Answers, probes: Sequence[Probe], facts: int) -> dict[str, Any]:
    prompts = [probe.prompt for probe in probes]
    said = method.answers(prompts)
    hits = right(probes, said)
    before = right(probes, bare(prompts))
    result = interval(hits) | {"bare": round(sum(before) / len(before), 5)}
    result["cohorts"] = by_cohort(probes, hits, facts)
    return result | _samples(probes, said, hits)


def _kept(method: Method, bare: Answers, probes: Sequence[Probe]) -> dict[str, Any]:
    prompts = [probe.prompt for probe in probes]
    said, before = method.answers(prompts), bare(prompts)
    hits = [normalise(s) == normalise(b) for s, b in zip(said, before, strict=True)]
    wanted = [Probe(p.prompt, b) for p, b in zip(probes, before, strict=True)]
    return interval(hits) | _samples(wanted, said, hits)


def right(probes: Sequence[Probe], said: Sequence[str]) -> list[bool]:
    """Whether each answer is its probe's."""
    return [is_match(s, p.answer, p.aliases) for p, s in zip(probes, said, strict=True)]


def cohort(fact: int, facts: int) -> int:
    """Which tenth of the stream a fact belongs to; of fewer than ten facts each is one."""
    return fact * min(COHORTS, facts) // facts


def by_cohort(probes: Sequence[Probe], hits: Sequence[bool], facts: int) -> list[float | None]:
    """The share of hits by age, the tenth that was written first coming first; None for none."""
    groups: list[list[bool]] = [[] for _ in range(min(COHORTS, facts))]
    for probe, hit in zip(probes, hits, strict=True):
        groups[cohort(probe.fact, facts)].append(hit)
    return [round(sum(group) / len(group), 4) if group else None for group in groups]


def _samples(probes: Sequence[Probe], said: Sequence[str], hits: Sequence[bool]) -> dict[str, Any]:
    triples = [[p.prompt, p.answer, s] for p, s in zip(probes, said, strict=True)]
    return {
        "right": [t for t, hit in zip(triples, hits, strict=True) if hit][:SAMPLES],
        "wrong": [t for t, hit in zip(triples, hits, strict=True) if not hit][:SAMPLES],
    }
