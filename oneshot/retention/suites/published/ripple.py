"""What follows from a fact and what does not: KnowEdit's tests, which come from RippleEdits.

Cohen et al. 2023 (arXiv 2307.12976), Zhang et al. 2024 (arXiv 2401.01286). The other names that the
tests ask by are told with a fact, as its subject's aliases.
"""

from collections.abc import Sequence
from typing import Any

from oneshot.facts.told import question_of
from oneshot.facts.types import Statement
from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.published.drawing import drawn
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Probe, Suite

FILES = ("open/wiki_counterfact_train.jsonl.gz", "open/wiki_recent_train.jsonl.gz")
FACTS = 1000
ALIASES = 5  # of a fact, at most
FOLLOWS = {
    "subject_aliasing": "Subject_Aliasing",
    "logical_generalization": "Logical_Generalization",
    "reasoning": "Reasoning",
}
STAYS = {"relation_specificity": "Relation_Specificity", "forgetfulness": "Forgetfulness"}
Row = dict[str, Any]


def ripple(material: Material) -> Suite:
    """Its categories: three are told, the subject's other relations and other values are kept."""
    rows = [row for file in FILES for row in material.data.rows(file)]
    rows = drawn(material, rows, _request, material.facts or FACTS)
    requests = [_request(row) for row in rows]
    some = material.thin(range(len(rows)))
    told = {"efficacy": [Probe(requests[i].prompt, requests[i].answer, i) for i in some]}
    made = [(i, _question(requests[i])) for i in some]
    told["paraphrase"] = [Probe(q, requests[i].answer, i) for i, q in made if q]
    told |= {axis: _tests(material, rows, name) for axis, name in FOLLOWS.items()}
    kept = {axis: _tests(material, rows, name) for axis, name in STAYS.items()}
    return material.suite(
        "ripple", requests, told, kept | {"base": known_probes(material, requests)}
    )


def _request(row: Row) -> Request:
    return Request(row["prompt"], row["target"], row["subject"], aliases(row))


def aliases(row: Row) -> tuple[str, ...]:
    """What stands in the subject's place where a test is worded as the fact is told."""
    before, _, behind = row["prompt"].partition(row["subject"])
    found = (
        prompt.removeprefix(before).removesuffix(behind).strip()
        for test in row["tests"]
        if test["category"] == "Subject_Aliasing"
        and (prompt := test["prompt"]).startswith(before)
        and prompt.endswith(behind)
    )
    return tuple(dict.fromkeys(name for name in found if name))[:ALIASES]


def _question(request: Request) -> str | None:
    """The set has no other wording: a question that grammar makes."""
    return question_of(Statement(request.prompt, request.answer, request.subject))


def _tests(material: Material, rows: Sequence[Row], category: str) -> list[Probe]:
    found = [
        Probe(test["prompt"], test["answers"][0], i, tuple(test["answers"][1:]))
        for i, row in enumerate(rows)
        for test in row["tests"]
        if test["category"] == category and test["answers"]
    ]
    return material.thin(found)
