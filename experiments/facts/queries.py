"""Facts of a held-out split and the prompts that examine them."""

import random
from dataclasses import dataclass

from oneshot.facts.examination.exam import unambiguous_wordings
from oneshot.hosts.corpus import CorpusFact, corpus_facts, corpus_wordings


@dataclass(frozen=True)
class Probe:
    """A prompt, the fact it is about, and the answer that counts as right."""

    prompt: str
    fact: CorpusFact
    answer: str


@dataclass(frozen=True)
class Exam:
    """Facts to teach with their prompts, and probes by what they examine."""

    taught: list[Probe]
    probes: dict[str, list[Probe]]


def unambiguous() -> dict[str, list[str]]:
    """Wordings by relation that no other relation uses; relations with at least three."""
    return {r: ts for r, ts in unambiguous_wordings().items() if len(ts) >= 3}


def fill(template: str, fact: CorpusFact) -> str:
    """The wording with the fact's subject in its place."""
    return template.replace("{}", fact.subject)


def build_exam(split: str, count: int | None, seed: int, relations: set[str] | None = None) -> Exam:
    """Facts of a split with taught prompts, and one probe of each kind per fact.

    Kinds: taught, paraphrase, question, held_out (wordings that the host never saw), other
    (another relation of the subject), known (facts of the host), untaught (other subjects).
    """
    rng, wordings, main = random.Random(seed), corpus_wordings(), unambiguous()
    statements = {r: [t for t in ts if not t.endswith("?")] for r, ts in main.items()}
    questions = {r: [t for t in ts if t.endswith("?")] for r, ts in main.items()}
    allowed = set(main) if relations is None else relations
    facts = [f for f in corpus_facts() if f.split == split and f.relation in allowed]
    rng.shuffle(facts)
    facts = facts[:count]
    about = {(f.subject, f.relation) for f in corpus_facts()}
    probes: dict[str, list[Probe]] = {
        k: [] for k in ("taught", "paraphrase", "question", "held_out", "other")
    }
    for fact in facts:
        first, *rest = rng.sample(statements[fact.relation], len(statements[fact.relation]))
        chosen = {"taught": [first], "paraphrase": rest, "question": questions[fact.relation]}
        chosen["held_out"] = list(wordings[fact.relation].held_out)
        for kind, pool in chosen.items():
            if pool:
                probes[kind].append(Probe(fill(rng.choice(pool), fact), fact, fact.object))
        other = rng.choice([r for r in sorted(allowed) if (fact.subject, r) not in about])
        probes["other"].append(Probe(fill(rng.choice(main[other]), fact), fact, fact.object))
    probes |= _strangers(rng, main, allowed, split)
    return Exam(list(probes["taught"]), probes)


def _strangers(
    rng: random.Random, main: dict[str, list[str]], allowed: set[str], split: str
) -> dict[str, list[Probe]]:
    """Probes on subjects that were not taught: the host's own facts, and facts nobody knows."""
    other = "tune" if split == "test" else "test"
    found = {}
    for kind, part, count in (("known", "known", 3000), ("untaught", other, 700)):
        pool = [f for f in corpus_facts() if f.split == part and f.relation in allowed]
        sample = rng.sample(pool, min(count, len(pool)))
        found[kind] = [Probe(fill(rng.choice(main[f.relation]), f), f, f.object) for f in sample]
    return found
