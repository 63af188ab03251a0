"""MQuAKE-CF (Zhong et al. 2023, arXiv 2305.14795): edits, and questions that need several facts."""

from collections.abc import Sequence
from typing import Any

from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.match import normalise
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Axes, Probe, Suite

FILE, FACTS = "open/mquake_cf_dev.jsonl.gz", 1000
Row = dict[str, Any]


def mquake(material: Material) -> Suite:
    """Only cases whose edits agree with each other when all are written.

    Hops of these cases that nobody edited are the neighbours; the first of a case's three
    questions is the one of several hops.
    """
    cases, numbers = _drawn(material)
    edits = {edit["prompt"]: edit for case in cases for edit in case["edits"]}
    requests = [Request(e["prompt"], e["after"], e["subject"]) for e in edits.values()]
    kept: Axes = {
        "neighbours": _untouched(material, cases),
        "base": known_probes(material, requests),
    }
    return material.suite("mquake", requests, _told(material, edits, cases, numbers), kept)


def _drawn(material: Material) -> tuple[list[Row], dict[str, int]]:
    """Whole cases until there are enough edits, and each edit's number."""
    rows = [
        row
        for row in material.data.rows(FILE)
        if row["consistent_all_edits"] and material.mine(row["id"])
    ]
    material.rng.shuffle(rows)
    cases, numbers = list[Row](), dict[str, int]()
    for case in rows:
        if len(numbers) >= (material.facts or FACTS):
            break
        if all(material.writable(_request(edit)) for edit in case["edits"]):
            cases.append(case)
            for edit in case["edits"]:
                numbers.setdefault(edit["prompt"], len(numbers))
    return cases, numbers


def _request(edit: Row) -> Request:
    return Request(edit["prompt"], edit["after"], edit["subject"])


def _told(
    material: Material, edits: dict[str, Row], cases: Sequence[Row], numbers: dict[str, int]
) -> Axes:
    some = [(numbers[e["prompt"]], e) for e in material.thin(list(edits.values()))]
    return {
        "efficacy": [Probe(e["prompt"], e["after"], i, other=e["before"]) for i, e in some],
        "paraphrase": [Probe(e["question"], e["after"], i, other=e["before"]) for i, e in some],
        "multi_hop": [
            Probe(
                case["questions"][0],
                case["answer_after"],
                numbers[case["edits"][0]["prompt"]],
                tuple(case["answer_after_aliases"]),
            )
            for case in material.thin(cases)
        ],
    }


def _untouched(material: Material, cases: Sequence[Row]) -> list[Probe]:
    """Hops without an edit, whose subject no edit is about."""
    subjects = [normalise(edit["subject"]) for case in cases for edit in case["edits"]]
    hops = {
        hop["cloze"]: hop["answer"]
        for case in cases
        for hop in case["single_hops_after"]
        if not any(subject in normalise(hop["cloze"]) for subject in subjects)
    }
    return [Probe(cloze, answer) for cloze, answer in material.thin(list(hops.items()))]
