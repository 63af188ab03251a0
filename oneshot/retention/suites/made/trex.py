"""New facts of the relations that the packaged host knows."""

from collections.abc import Sequence

from oneshot.hosts.corpus import corpus_facts
from oneshot.retention.suites.corpus import Item, Questions, plain_wordings
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Suite

SMOKE = 30  # facts


def smoke(material: Material) -> Suite:
    """A few of the package's held-out facts."""
    material.facts = material.facts or SMOKE
    return trex(material)


def trex(material: Material) -> Suite:
    """The package's held-out facts; where more are asked for, also others of the same relations.

    Those are T-REx facts about single words that no shipped fact is about, from LPAQA.
    """
    plain, rng = plain_wordings(), material.rng
    shipped = [(f.subject, f.relation, f.object) for f in corpus_facts() if f.split == "test"]
    shipped = [fact for fact in shipped if fact[1] in plain]
    rng.shuffle(shipped)
    wanted = material.facts or len(shipped)
    facts = shipped[:wanted]
    if wanted > len(shipped):
        facts += _further(material, wanted - len(shipped))
        rng.shuffle(facts)
    items = [Item(s, r, o, rng.choice(plain[r])) for s, r, o in facts]
    items = [item for item in items if material.writable(item.request)]
    return corpus_suite(material, "trex-new", items)


def corpus_suite(material: Material, name: str, items: Sequence[Item]) -> Suite:
    """The suite of these items, with every axis that the shipped wordings allow."""
    questions = Questions(material, items)
    return Suite(
        name,
        [item.request for item in items],
        questions.told(),
        questions.kept(),
        questions.rivals(),
        material.text,
        dict(material.dropped),
    )


def _further(material: Material, count: int) -> list[tuple[str, str, str]]:
    taken, plain = {f.subject for f in corpus_facts()}, plain_wordings()
    pool = [
        (row["subject"], row["relation"], row["object"])
        for row in material.data.rows("facts/trex_lpaqa_train.jsonl.gz")
        if row["n_objects"] == 1 and row["subject"] not in taken and row["relation"] in plain
    ]
    return material.rng.sample(pool, min(count, len(pool)))
