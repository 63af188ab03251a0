"""What the bare host answers about its own facts: the ceiling of wordings that it must understand.

python -m experiments.retention.ceiling
"""

from typing import Any

import torch

from experiments.record import run_recorded
from oneshot.hosts.corpus import corpus_facts
from oneshot.hosts.load import load_host
from oneshot.retention.measures.axes import right
from oneshot.retention.measures.scores import interval
from oneshot.retention.suites.corpus import Item, Questions, plain_wordings
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.sampling import Bare, Material

FACTS, PROBES = 2000, 300


def experiment() -> dict[str, Any]:
    """The told axes, asked of the bare host about facts that it was trained on."""
    bare, plain = Bare(load_host()), plain_wordings()
    material = Material(bare.host, bare, DataFolder(None), FACTS, PROBES)
    known = [f for f in corpus_facts() if f.split == "known" and f.relation in plain]
    items = [
        Item(f.subject, f.relation, f.object, material.rng.choice(plain[f.relation]))
        for f in material.rng.sample(known, FACTS)
    ]
    result = {}
    for axis, probes in Questions(material, items).told().items():
        said = bare([probe.prompt for probe in probes])
        hits = right(probes, said)
        wrong = [
            [p.prompt, p.answer, s] for p, s, ok in zip(probes, said, hits, strict=True) if not ok
        ]
        result[axis] = interval(hits) | {"wrong": wrong[:4]}
    return result


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(run_recorded("retention-host", {"facts": FACTS, "probes": PROBES}, [], experiment))
