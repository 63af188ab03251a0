"""HalluEditBench (Huang et al. 2025, arXiv 2410.16251): facts that models get wrong, as questions.

Its hops of more than one are left out: nobody verified their answers.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.published.drawing import drawn
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Axes, Probe, Suite

FILE, FACTS = "open/hallueditbench_dev.jsonl.gz", 1000
Row = dict[str, Any]


def hallueditbench(material: Material) -> Suite:
    """Paraphrase, yes or no, multiple choice; kept: the subject's other questions, and others'."""
    rows = material.data.rows(FILE)
    written = drawn(material, rows, _request, material.facts or FACTS)
    requests = [_request(row) for row in written]
    kept: Axes = {
        "other_relation": [Probe(row["locality_question"], "") for row in material.thin(written)],
        "neighbours": _others(material, written, rows),
        "base": known_probes(material, requests),
    }
    return material.suite("hallueditbench", requests, _told(material, written), kept)


def _request(row: Row) -> Request:
    return Request(row["question"], row["object"], row["subject"])


def _told(material: Material, rows: Sequence[Row]) -> Axes:
    some = [(i, rows[i]) for i in material.thin(range(len(rows)))]
    return {
        "efficacy": [Probe(row["question"], row["object"], i) for i, row in some],
        "paraphrase": [Probe(row["paraphrase"], row["object"], i) for i, row in some],
        "yes": [Probe(row["yes_question"], "Yes", i, opens=True) for i, row in some],
        "no": [Probe(row["no_question"], "No", i, opens=True) for i, row in some],
        "multiple_choice": [
            Probe(_choice(material, row), row["object"], i) for i, row in some if row["choices"]
        ],
    }


def _choice(material: Material, row: Row) -> str:
    options = material.rng.sample(row["choices"], len(row["choices"]))
    return f"{row['question']} Choose one: {'; '.join(options)}."


def _others(material: Material, written: Sequence[Row], rows: Sequence[Row]) -> list[Probe]:
    """The same relation of a subject of the same topic about whom nothing was told."""
    subjects = {row["subject"] for row in written}
    pools = defaultdict(list)
    for row in rows:
        if row["subject"] not in subjects:
            pools[row["topic"], row["relation"]].append(row)
    able = [pool for row in written if (pool := pools[row["topic"], row["relation"]])]
    return [Probe(material.rng.choice(pool)["question"], "") for pool in material.thin(able)]
