"""Open relations: what people tell, of relations that no calibration saw."""

from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.made.bank import asked, filled, invented, reworded, untold
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Probe, Suite

FACTS = 1000


def own(material: Material) -> Suite:
    """Two facts on each subject; other wordings and questions, the subject's other relations."""
    facts = invented(material, material.facts or FACTS, 2)
    requests, rng = [fact.request for fact in facts], material.rng
    some = [(i, facts[i]) for i in material.thin(range(len(facts)))]
    paraphrase = [reworded(material, fact, i) for i, fact in some]
    told = {
        "efficacy": [Probe(f.request.prompt, f.answer, i) for i, f in some],
        "paraphrase": paraphrase,
        "question": [asked(material, fact, i) for i, fact in some],
        "prefixed": [Probe(material.with_prefix(p.prompt), p.answer, p.fact) for p in paraphrase],
    }
    strangers = [(f.relation, untold(f.relation, facts)) for _, f in some]
    kept = {
        "neighbours": [
            Probe(filled(rng.choice(r.questions), rng.choice(pool)), "")
            for r, pool in strangers
            if pool
        ],
        "base": known_probes(material, requests),
    }
    return material.suite("own", requests, told, kept)
