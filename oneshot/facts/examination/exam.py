"""Facts of the corpus that no host was trained on, and the prompts that examine them."""

import random
from dataclasses import dataclass

from oneshot.facts.types import Statement
from oneshot.facts.wordings import fill, unambiguous_wordings
from oneshot.hosts.corpus import CorpusFact, corpus_facts, corpus_wordings

TOLD = ("taught", "paraphrase", "question", "held_out")  # the fact's answer is right
KEPT = ("other", "known", "untaught")  # the bare host's answer is right

LEAST = 3  # unambiguous wordings of a relation that is examined
KNOWN, UNTAUGHT = 3000, 700  # probes about subjects that were not taught


@dataclass(frozen=True)
class Probe:
    """A prompt, the answer of the fact that it is about, and that fact."""

    prompt: str
    answer: str
    fact: CorpusFact


@dataclass(frozen=True)
class Exam:
    """Probes by what they examine; those of the kind `taught` are the facts to teach.

    `TOLD` kinds: the taught prompt, another wording, a question, a wording that the host never
    saw. `KEPT` kinds: another relation of the subject, the host's own facts, facts nobody knows.
    """

    probes: dict[str, list[Probe]]

    @property
    def statements(self) -> list[Statement]:
        """The facts to teach."""
        return [Statement(p.prompt, p.answer, p.fact.subject) for p in self.probes["taught"]]


def build_exam(
    facts: int | None,
    known: int = KNOWN,
    untaught: int = UNTAUGHT,
    *,
    seed: int = 0,
    split: str = "test",
    relations: set[str] | None = None,
) -> Exam:
    """A sample of a split's facts (None: all), with one probe of each kind at most for each.

    Drawn as for all records named facts-*, but for facts-speed: that one, like the demonstration,
    had a draw of its own in version 0.1.0, and other facts of the same split where it is made anew.
    """
    allowed = set(examined_wordings()) if relations is None else relations
    draw = _Draw(random.Random(seed), allowed)
    chosen = draw.facts(split)
    draw.rng.shuffle(chosen)
    probes: dict[str, list[Probe]] = {kind: [] for kind in (*TOLD, "other")}
    for fact in chosen[:facts]:
        for kind, pool in draw.pools(fact).items():
            if pool:
                probes[kind].append(draw.probe(pool, fact))
        probes["other"].append(draw.other(fact))
    unknown = "tune" if split == "test" else "test"
    strangers = {"known": ("known", known), "untaught": (unknown, untaught)}
    return Exam(probes | {kind: draw.strangers(*part) for kind, part in strangers.items()})


def examined_wordings() -> dict[str, list[str]]:
    """Unambiguous wordings of the relations that have enough of them."""
    return {r: ts for r, ts in unambiguous_wordings().items() if len(ts) >= LEAST}


class _Draw:
    """One sequence of random numbers, from which all of an exam comes."""

    def __init__(self, rng: random.Random, allowed: set[str]) -> None:
        self.rng, self.allowed = rng, allowed
        self.main = examined_wordings()
        self.held_out = {relation: list(w.held_out) for relation, w in corpus_wordings().items()}
        self.about = {(fact.subject, fact.relation) for fact in corpus_facts()}

    def facts(self, split: str) -> list[CorpusFact]:
        return [f for f in corpus_facts() if f.split == split and f.relation in self.allowed]

    def pools(self, fact: CorpusFact) -> dict[str, list[str]]:
        """Wordings by what a prompt in them examines of a fact."""
        statements = [w for w in self.main[fact.relation] if not w.endswith("?")]
        questions = [w for w in self.main[fact.relation] if w.endswith("?")]
        first, *rest = self.rng.sample(statements, len(statements))
        own = {"taught": [first], "paraphrase": rest, "question": questions}
        own["held_out"] = self.held_out[fact.relation]
        return own

    def probe(self, pool: list[str], fact: CorpusFact) -> Probe:
        return Probe(fill(self.rng.choice(pool), fact.subject), fact.object, fact)

    def other(self, fact: CorpusFact) -> Probe:
        free = [r for r in sorted(self.allowed) if (fact.subject, r) not in self.about]
        return self.probe(self.main[self.rng.choice(free)], fact)

    def strangers(self, split: str, count: int) -> list[Probe]:
        """Probes on subjects that were not taught."""
        pool = self.facts(split)
        chosen = self.rng.sample(pool, min(count, len(pool)))
        return [self.probe(self.main[fact.relation], fact) for fact in chosen]
