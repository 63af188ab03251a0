"""zsRE (Levy et al. 2017; questions with other answers by De Cao et al. 2021, arXiv 2104.08164)."""

import re
from typing import Any

from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.published.drawing import drawn
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Probe, Suite

FILE, FACTS = "edits/zsre_1k.jsonl.gz", 800
Row = dict[str, Any]


def zsre(material: Material) -> Suite:
    """Questions, rephrased, behind other text, and questions about something else."""
    rows = drawn(material, material.data.rows(FILE), _request, material.facts or FACTS)
    requests = [_request(row) for row in rows]
    some = material.thin(range(len(rows)))
    paraphrase = [Probe(rows[i]["rephrase"], rows[i]["alt"], i) for i in some]
    told = {
        "efficacy": [Probe(rows[i]["src"], rows[i]["alt"], i) for i in some],
        "paraphrase": paraphrase,
        "prefixed": [Probe(material.with_prefix(p.prompt), p.answer, p.fact) for p in paraphrase],
    }
    kept = {
        "neighbours": [Probe(_question(rows[i]["loc"]), rows[i]["loc_ans"]) for i in some],
        "base": known_probes(material, requests),
    }
    return material.suite("zsre", requests, told, kept)


def _request(row: Row) -> Request:
    return Request(row["src"], row["alt"], row["subject"])


def _question(locality: str) -> str:
    return re.sub(r"^nq question: ", "", locality) + "?"
