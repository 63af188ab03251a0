"""Held-out facts of the corpus, and the prompts that examine what became of them."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from oneshot.facts.types import Statement
from oneshot.hosts.corpus import CorpusFact, corpus_facts, corpus_wordings

KINDS = ("taught", "paraphrase", "question", "held_out")


@dataclass(frozen=True)
class Probe:
    """A prompt and the answer that counts as right."""

    prompt: str
    answer: str


@dataclass(frozen=True)
class Exam:
    """Facts to teach, probes of them by kind, and prompts about facts that the host knows.

    Kinds: the taught prompt, another wording, a question, a wording that the host never saw.
    """

    statements: list[Statement]
    probes: dict[str, list[Probe]]
    known: list[str]


def build_exam(facts: int, known: int, seed: int = 0) -> Exam:
    """A sample of the facts that no host was trained on, with one probe of each kind at most."""
    rng, wordings = random.Random(seed), unambiguous_wordings()
    held_out = {relation: entry.held_out for relation, entry in corpus_wordings().items()}
    chosen = _sample(rng, "test", facts, wordings)
    exam = Exam([], {kind: [] for kind in KINDS}, [])
    for fact in chosen:
        plain = [w for w in wordings[fact.relation] if not w.endswith("?")]
        questions = [w for w in wordings[fact.relation] if w.endswith("?")]
        first, *others = rng.sample(plain, len(plain))
        exam.statements.append(Statement(_fill(first, fact), fact.object, fact.subject))
        pools = ([first], others, questions, held_out[fact.relation])
        for kind, pool in zip(KINDS, pools, strict=True):
            if pool:
                probe = Probe(_fill(rng.choice(pool), fact), fact.object)
                exam.probes[kind].append(probe)
    for fact in _sample(rng, "known", known, wordings):
        exam.known.append(_fill(rng.choice(wordings[fact.relation]), fact))
    return exam


def unambiguous_wordings() -> dict[str, list[str]]:
    """Wordings by relation that no other relation uses."""
    wordings = corpus_wordings()
    uses = Counter(t for entry in wordings.values() for t in entry.main)
    return {r: [t for t in entry.main if uses[t] == 1] for r, entry in wordings.items()}


def _sample(
    rng: random.Random, split: str, count: int, wordings: dict[str, list[str]]
) -> Sequence[CorpusFact]:
    pool = [f for f in corpus_facts() if f.split == split and wordings[f.relation]]
    return rng.sample(pool, min(count, len(pool)))


def _fill(wording: str, fact: CorpusFact) -> str:
    return wording.replace("{}", fact.subject)
