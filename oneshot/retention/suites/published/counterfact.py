"""CounterFact (Meng et al. 2022, arXiv 2202.05262): facts that are untrue, in its own prompts."""

from collections.abc import Sequence
from typing import Any

from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.match import says
from oneshot.retention.suites.published.drawing import drawn
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Axes, Probe, Suite

FILE, FACTS = "open/counterfact_full_dev.jsonl.gz", 380
MORE = "edits/counterfact_compact.jsonl.gz"
"""All of the set, with the edit's own prompt alone: facts to write, about which nothing is asked.
"""
Row = dict[str, Any]


def counterfact(material: Material) -> Suite:
    """Its paraphrases, with their unrelated lead-ins and without; the true answer competes."""
    wanted = material.facts or FACTS
    rows = drawn(material, material.data.rows(FILE), _request, wanted)
    if len(rows) < wanted and material.facts:
        rows += _more(material, rows, wanted - len(rows))
        material.rng.shuffle(rows)
    requests = [_request(row) for row in rows]
    kept = _kept(material, rows) | {"base": known_probes(material, requests)}
    return material.suite("counterfact", requests, _told(material, rows), kept)


def _request(row: Row) -> Request:
    return Request(row["prompt"], row["target_new"], row["subject"])


def _more(material: Material, rows: Sequence[Row], count: int) -> list[Row]:
    """Further facts, about nothing that the rows tell, nor two about one thing."""
    told = {(row["subject"], row["relation"]) for row in rows}
    fresh: dict[tuple[str, str], Row] = {}
    for row in material.data.rows(MORE):
        about = row["subject"], row["relation"]
        if about not in told:
            fresh.setdefault(about, row)
    return drawn(material, list(fresh.values()), _request, count)


def _asked(rows: Sequence[Row]) -> list[int]:
    """The facts that have all kinds of prompts."""
    return [i for i, row in enumerate(rows) if "question" in row]


def _told(material: Material, rows: Sequence[Row]) -> Axes:
    """`strong_prior` asks the edit's prompt of facts that the bare host knows; `old_answer_first`
    puts the true answer's sentence in front.
    """
    some = material.thin(_asked(rows))

    def axis(prompt: str, numbers: Sequence[int] = some, *place: int) -> list[Probe]:
        texts = [(i, _text(rows[i], prompt, place)) for i in numbers]
        return [_probe(rows[i], i, text) for i, text in texts if text]

    said = material.bare([rows[i]["prompt"] for i in some])
    knows = [i for i, s in zip(some, said, strict=True) if says(s, (rows[i]["target_true"],))]
    return {
        "efficacy": axis("prompt"),
        "paraphrase": axis("paraphrase_core", some, 1),
        "rephrased": axis("paraphrase_prompts", some, 0),
        "question": axis("question"),
        "strong_prior": axis("prompt", knows),
        "old_answer_first": [
            _probe(rows[i], i, f"{rows[i]['prompt']} {rows[i]['target_true']}. {rows[i]['prompt']}")
            for i in some
        ],
        "generation": axis("generation_prompts", some, 0),
    }


def _text(row: Row, key: str, place: Sequence[int]) -> str | None:
    """The record's prompt of a kind, where it has one."""
    text: str | None = row[key][place[0]] if place else row[key]
    return text


def _probe(row: Row, number: int, prompt: str) -> Probe:
    return Probe(prompt, row["target_new"], number, other=row["target_true"])


def _kept(material: Material, rows: Sequence[Row]) -> Axes:
    """Other subjects of whom the old answer is true, and of whom the new one is."""
    subjects = {row["subject"] for row in rows}

    def axis(key: str, answer: str, other: str) -> list[Probe]:
        return [
            Probe(prompt, row[answer], i, other=row[other])
            for i in material.thin(_asked(rows))
            for row in [rows[i]]
            for prompt in [material.rng.choice(row[key])]
            if not any(subject in prompt for subject in subjects)
        ]

    return {
        "neighbours": axis("neighborhood_prompts", "target_true", "target_new"),
        "attributes": axis("attribute_prompts", "target_new", "target_true"),
    }
