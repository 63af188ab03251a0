"""What a method answers on each axis, by free generation, against what it should answer."""

from collections.abc import Callable, Sequence
from typing import Any

from oneshot.facts.answering import Question
from oneshot.retention.measures.scores import interval
from oneshot.retention.methods.bare import BareHost
from oneshot.retention.methods.interface import Forgetting, Method
from oneshot.retention.suites.match import begins_alike, is_match, normalise, says
from oneshot.retention.suites.suite import DELETED, Probe, Suite

COHORTS = 10
SAMPLES = 4  # raw generations, right and wrong ones each, that the result keeps

Answers = Callable[[Sequence[Question]], list[str]]


def measure_axes(method: Method, bare: Answers, suite: Suite) -> dict[str, dict[str, Any]]:
    """Every axis of the suite: share of right answers with its interval, and raw generations.

    `whole` is the stricter share: of answers that are the wanted one and nothing more, or all of
    what the bare host says. Told axes also carry the share by age, the oldest tenth first.
    """
    found = {}
    for axis, probes in suite.told.items():
        if probes:
            found[axis] = _told(method, bare, probes, len(suite.requests))
    for axis, probes in suite.kept.items():
        if probes and (axis != DELETED or isinstance(method, Forgetting)):
            found[axis] = _kept(method, bare, probes)
    for axis, probes in suite.unsaid.items():
        if probes:
            found[axis] = _unsaid(method, bare, probes)
    return found


def _told(method: Method, bare: Answers, probes: Sequence[Probe], facts: int) -> dict[str, Any]:
    said, before = _asked(method, bare, probes)
    hits = right(probes, said)
    whole = [is_match(s, p.answer, p.aliases) for p, s in zip(probes, said, strict=True)]
    result = interval(hits) | {"whole": _mean(whole), "bare": _mean(right(probes, before))}
    result["cohorts"] = by_cohort(probes, hits, facts)
    return result | _samples(probes, said, hits)


def _kept(method: Method, bare: Answers, probes: Sequence[Probe]) -> dict[str, Any]:
    said, before = _asked(method, bare, probes)
    pairs = list(zip(said, before, strict=True))
    hits = [begins_alike(s, b) for s, b in pairs]
    whole = [normalise(s) == normalise(b) for s, b in pairs]
    wanted = [Probe(p.prompt, b) for p, b in zip(probes, before, strict=True)]
    return interval(hits) | {"whole": _mean(whole)} | _samples(wanted, said, hits)


def _unsaid(method: Method, bare: Answers, probes: Sequence[Probe]) -> dict[str, Any]:
    said, before = _asked(method, bare, probes)
    hits = [not hit for hit in right(probes, said)]
    without = [not hit for hit in right(probes, before)]
    return interval(hits) | {"bare": _mean(without)} | _samples(probes, said, hits)


def _asked(method: Method, bare: Answers, probes: Sequence[Probe]) -> tuple[list[str], list[str]]:
    questions = [probe.question for probe in probes]
    before = bare(questions)
    return before if isinstance(method, BareHost) else method.answers(questions), before


def right(probes: Sequence[Probe], said: Sequence[str]) -> list[bool]:
    """Whether each answer says its probe's."""
    pairs = zip(probes, said, strict=True)
    return [says(s, (p.answer, *p.aliases), opens=p.opens) for p, s in pairs]


def cohort(fact: int, facts: int) -> int:
    """Which tenth of the stream a fact belongs to; of fewer than ten facts each is one."""
    return fact * min(COHORTS, facts) // facts


def by_cohort(probes: Sequence[Probe], hits: Sequence[bool], facts: int) -> list[float | None]:
    """The share of hits by age, the tenth that was written first coming first; None for none."""
    groups: list[list[bool]] = [[] for _ in range(min(COHORTS, facts))]
    for probe, hit in zip(probes, hits, strict=True):
        groups[cohort(probe.fact, facts)].append(hit)
    return [round(sum(group) / len(group), 4) if group else None for group in groups]


def _mean(hits: Sequence[bool]) -> float:
    return round(sum(hits) / len(hits), 5)


def _samples(probes: Sequence[Probe], said: Sequence[str], hits: Sequence[bool]) -> dict[str, Any]:
    triples = [[p.prompt, p.answer, s] for p, s in zip(probes, said, strict=True)]
    return {
        "right": [t for t, hit in zip(triples, hits, strict=True) if hit][:SAMPLES],
        "wrong": [t for t, hit in zip(triples, hits, strict=True) if not hit][:SAMPLES],
    }
