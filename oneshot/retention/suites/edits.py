"""Suites of published edit sets: CounterFact, zsRE and MQuAKE's single hops."""

import re
from collections.abc import Sequence
from typing import Any

from oneshot.facts.language.statement import find_subject
from oneshot.hosts.corpus import corpus_facts
from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.corpus import Item, Questions, plain_wordings
from oneshot.retention.suites.material import Material
from oneshot.retention.suites.suite import Probe, Suite

COUNTERFACT, ZSRE, MQUAKE = 1000, 1000, 2785  # facts, where no number is asked for
TRIED = 2.2  # candidates whose true answer the host is asked for, over the facts wanted
SPARE = 1.3  # candidates that may turn out known or unwritable, over the facts wanted


def counterfact(material: Material) -> Suite:
    """CounterFact edits of facts that the bare host itself gives when asked the edit's prompt."""
    wanted = material.facts or COUNTERFACT
    rows = _known_edits(material, wanted)
    items = [
        Item(r["subject"], r["relation"], r["target_new"], r["template"], r["ground_truth"])
        for r in rows
    ]
    questions = Questions(material, items)
    told, kept = questions.told(), questions.kept()
    del told["composed"]  # would ask for the new country's capital: nobody says that it moved
    some = material.thin(range(len(items)))
    told["rephrased"] = [
        Probe(rows[i]["rephrase_prompt"], items[i].answer, i, other=items[i].true) for i in some
    ]
    subjects = {item.subject for item in items}
    kept["locality"] = [
        Probe(rows[i]["locality_prompt"], rows[i]["locality_ground_truth"], other=items[i].answer)
        for i in some
        if not any(subject in rows[i]["locality_prompt"] for subject in subjects)
    ]
    return _suite(material, "trex-counterfactual", [i.request for i in items], told, kept)


def _known_edits(material: Material, wanted: int) -> list[dict[str, Any]]:
    known = {(f.subject, f.relation): f.object for f in corpus_facts() if f.split == "known"}
    plain, seen, rows = plain_wordings(), set[str](), []
    for row in material.data.rows("edits/counterfact_compact.jsonl.gz"):
        subject, relation = row["subject"], row["relation"]
        new = subject not in seen and relation in plain
        if new and known.get((subject, relation)) == row["ground_truth"]:
            seen.add(subject)
            rows.append(row)
    rows = material.rng.sample(rows, min(int(TRIED * wanted), len(rows)))
    said = material.bare([row["prompt"] for row in rows])
    right = [r for r, s in zip(rows, said, strict=True) if s == r["ground_truth"]]
    material.dropped["the bare host does not know the fact"] += len(rows) - len(right)
    kept = [
        r for r in right if material.writable(Request(r["prompt"], r["target_new"], r["subject"]))
    ]
    return kept[:wanted]


def zsre(material: Material) -> Suite:
    """zsRE questions with an answer that the bare host does not give."""
    rows = material.data.rows("edits/zsre_1k.jsonl.gz")
    rows = _unique(material, rows, "src", "alt", material.facts or ZSRE)
    some = material.thin(range(len(rows)))
    told = {
        "efficacy": [Probe(rows[i]["src"], rows[i]["alt"], i) for i in some],
        "paraphrase": [Probe(rows[i]["rephrase"], rows[i]["alt"], i) for i in some],
    }
    told["prefixed"] = [
        Probe(material.with_prefix(p.prompt), p.answer, p.fact) for p in told["paraphrase"]
    ]
    neighbours = [Probe(_question(rows[i]["loc"]), rows[i]["loc_ans"]) for i in some]
    requests = [Request(r["src"], r["alt"], r["subject"]) for r in rows]
    items = [Item(r.subject, "", r.answer, r.prompt) for r in requests]
    kept = {"neighbours": neighbours, "base": Questions(material, items).kept()["base"]}
    return _suite(material, "zsre", requests, told, kept)


def _question(locality: str) -> str:
    return re.sub(r"^nq question: ", "", locality) + "?"


def mquake(material: Material) -> Suite:
    """MQuAKE-CF's edited single hops as statements; its question is the other wording.

    Hops that were not edited are the neighbours. The set names no subjects: they are found.
    """
    rows = material.data.rows("edits/mquake_cf_singlehop.jsonl.gz")
    templates = [
        template
        for entry in material.data.table("facts/mquake.templates.json").values()
        for template in entry["templates"]
    ]
    for row in rows:
        row["subject"] = find_subject(row["prompt"], templates) or ""
    edited = [row for row in rows if row["edited"]]
    edited = _unique(material, edited, "prompt", "answer_after", material.facts or MQUAKE)
    some = material.thin(range(len(edited)))
    told = {
        axis: [
            Probe(row[key], row["answer_after"], i, tuple(row["answer_after_alias"]))
            for i, row in ((i, edited[i]) for i in some)
        ]
        for axis, key in (("efficacy", "prompt"), ("paraphrase", "question"))
    }
    told["prefixed"] = [
        Probe(material.with_prefix(p.prompt), p.answer, p.fact, p.aliases)
        for p in told["paraphrase"]
    ]
    asked = {row["prompt"] for row in edited}
    untouched = [r["prompt"] for r in rows if not r["edited"] and r["prompt"] not in asked]
    requests = [Request(r["prompt"], r["answer_after"], r["subject"]) for r in edited]
    items = [Item(r.subject, "", r.answer, r.prompt) for r in requests]
    kept = Questions(material, items).kept()
    neighbours = [Probe(prompt, "") for prompt in material.thin(untouched)]
    return _suite(
        material,
        "mquake-singlehop",
        requests,
        told,
        {"neighbours": neighbours, "base": kept["base"]},
    )


def _unique(
    material: Material, rows: Sequence[dict[str, Any]], prompt: str, answer: str, count: int
) -> list[dict[str, Any]]:
    """Random rows, one a prompt, that can be written and are news to the bare host."""
    first = {row[prompt]: row for row in reversed(rows)}
    drawn = material.rng.sample(list(first.values()), min(len(first), int(SPARE * count)))
    pairs = [(Request(r[prompt], r[answer], r["subject"]), r) for r in drawn]
    return material.unknown([pair for pair in pairs if material.writable(pair[0])])[:count]


def _suite(
    material: Material,
    name: str,
    requests: list[Request],
    told: dict[str, list[Probe]],
    kept: dict[str, list[Probe]],
) -> Suite:
    told = {axis: _fitting(material, probes) for axis, probes in told.items()}
    kept = {axis: _fitting(material, probes) for axis, probes in kept.items()}
    answers = sorted({request.answer for request in requests})
    rivals = [material.rng.choice([a for a in answers if a != r.answer]) for r in requests]
    return Suite(name, requests, told, kept, rivals, material.text, dict(material.dropped))


def _fitting(material: Material, probes: Sequence[Probe]) -> list[Probe]:
    return [probe for probe in probes if material.fits(probe.prompt)]
