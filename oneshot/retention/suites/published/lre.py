"""The factual relations of LRE (Hernandez et al. 2024, arXiv 2308.09124), in its own wordings."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from oneshot.facts.wordings import fill
from oneshot.hosts.corpus import corpus_facts
from oneshot.retention.suites.corpus import Item, Questions
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Probe, Suite

FACTS = 1000


def lre(material: Material) -> Suite:
    """LRE's factual relations, in its own wordings; facts that the bare host does not know."""
    material.facts = material.facts or FACTS
    wordings = {
        relation: entry["templates"]
        for relation, entry in material.data.table("facts/lre.templates.json").items()
        if entry["category"] == "factual" and len(entry["templates"]) > 1
    }
    known = {(fact.subject, fact.object) for fact in corpus_facts() if fact.split == "known"}
    rows = [
        row
        for row in material.data.rows("facts/lre.jsonl.gz")
        if row["relation"] in wordings
        and row["n_objects"] == 1
        and (row["subject"], row["object"]) not in known
    ]
    material.rng.shuffle(rows)
    items = _lre_items(material, rows, wordings)
    strangers = items[material.facts :]
    items = items[: material.facts]
    questions = Questions(material, items)
    return Suite(
        "lre",
        [item.request for item in items],
        _lre_told(material, items, wordings),
        questions.kept() | {"neighbours": _lre_neighbours(material, items, strangers)},
        questions.rivals(),
        material.text,
        dict(material.dropped),
    )


def _lre_items(
    material: Material, rows: Sequence[dict[str, Any]], wordings: dict[str, list[str]]
) -> list[Item]:
    """Twice as many new facts as are wanted, of which the rest stay untold."""
    some = rows[: 2 * (material.facts or FACTS)]
    items = [
        Item(r["subject"], r["relation"], r["object"], wordings[r["relation"]][0]) for r in some
    ]
    items = [item for item in items if material.writable(item.request)]
    return material.unknown((item.request, item) for item in items)


def _lre_told(
    material: Material, items: Sequence[Item], wordings: dict[str, list[str]]
) -> dict[str, list[Probe]]:
    chosen = [(i, items[i]) for i in material.thin(range(len(items)))]
    efficacy = [Probe(item.request.prompt, item.answer, i) for i, item in chosen]
    paraphrase = [
        Probe(fill(material.rng.choice(wordings[item.relation][1:]), item.subject), item.answer, i)
        for i, item in chosen
    ]
    prefixed = [Probe(material.with_prefix(p.prompt), p.answer, p.fact) for p in paraphrase]
    return {"efficacy": efficacy, "paraphrase": paraphrase, "prefixed": prefixed}


def _lre_neighbours(
    material: Material, items: Sequence[Item], strangers: Sequence[Item]
) -> list[Probe]:
    """Untold facts of the same relations, in the taught wordings."""
    by_relation = defaultdict(list)
    for stranger in strangers:
        by_relation[stranger.relation].append(stranger.subject)
    return [
        Probe(fill(item.wording, material.rng.choice(subjects)), "", other=item.answer)
        for item in material.thin(items)
        if (subjects := by_relation[item.relation])
    ]
