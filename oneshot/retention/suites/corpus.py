"""Probes about facts of the relations whose wordings ship with the package."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from oneshot.facts.wordings import fill, unambiguous_wordings
from oneshot.hosts.corpus import CorpusFact, corpus_facts, corpus_wordings
from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Probe

CAPITAL = "P36"
# Two hops: the taught country's capital, which the host knows.
COMPOSED = {
    "P17": "The capital of the country that {} is located in is",
    "P27": "The capital of the country that {} is a citizen of is",
    "P495": "The capital of the country that {} was created in is",
}


@dataclass(frozen=True)
class Item:
    """A fact to write, in one wording of its relation; `true` is what was so before, if known."""

    subject: str
    relation: str
    answer: str
    wording: str
    true: str = ""

    @property
    def request(self) -> Request:
        """The fact as methods take it."""
        return Request(fill(self.wording, self.subject), self.answer, self.subject)


def plain_wordings() -> dict[str, list[str]]:
    """Trained wordings by relation, neither questions nor shared; relations with two at least."""
    plain = {r: [w for w in ws if "?" not in w] for r, ws in unambiguous_wordings().items()}
    return {relation: wordings for relation, wordings in plain.items() if len(wordings) > 1}


def known_probes(material: Material, requests: Sequence[Request]) -> list[Probe]:
    """What the packaged host knows of subjects that no request is about, as probes for any host."""
    return Questions(material, [Item(r.subject, "", r.answer, r.prompt) for r in requests]).base()


class Questions:
    """Makes the probes of one draw's items, which are given in the order of writing."""

    def __init__(self, material: Material, items: Sequence[Item]) -> None:
        self.material, self.items = material, items
        self.rng = material.rng
        self.main = unambiguous_wordings()
        self.plain = plain_wordings()
        subjects = {item.subject for item in items}
        self.known = [
            fact
            for fact in corpus_facts()
            if fact.split == "known" and fact.subject not in subjects and self.main[fact.relation]
        ]
        self.about = {(f.subject, f.relation) for f in corpus_facts()}
        self.about |= {(item.subject, item.relation) for item in items}

    def told(self) -> dict[str, list[Probe]]:
        """The taught prompt, other wordings, questions, behind a prefix, unseen, and two hops."""
        held_out = {r: list(w.held_out) for r, w in corpus_wordings().items()}
        questions = {r: [w for w in ws if "?" in w] for r, ws in self.main.items()}
        paraphrase = self._reworded(self.plain)
        return {
            "efficacy": [self._probe(i, self.items[i].wording) for i in self._some()],
            "paraphrase": paraphrase,
            "question": self._reworded(questions),
            "prefixed": [self._prefixed(probe) for probe in paraphrase],
            "unseen_wording": self._reworded(held_out),
            "composed": self._composed(),
        }

    def kept(self) -> dict[str, list[Probe]]:
        """Neighbours, namesakes, other relations of taught subjects, and what the host knows."""
        chosen = [self.items[i] for i in self._some()]
        return {
            "neighbours": self._neighbours(chosen),
            "namesakes": self._namesakes(),
            "other_relation": [self._other_relation(item) for item in chosen],
            "base": self.base(),
        }

    def base(self) -> list[Probe]:
        """What the packaged host knows of other subjects."""
        return [self._known(fact) for fact in self._sample(self.known)]

    def rivals(self) -> list[str]:
        """For every item another answer of its relation."""
        objects: dict[str, set[str]] = defaultdict(set)
        for relation, answer in chain(
            ((f.relation, f.object) for f in corpus_facts()),
            ((i.relation, i.answer) for i in self.items),
        ):
            objects[relation].add(answer)
        pools = [sorted(objects[i.relation] - {i.answer}) or [i.subject] for i in self.items]
        return [self.rng.choice(pool) for pool in pools]

    def _some(self) -> list[int]:
        return self.material.thin(range(len(self.items)))

    def _sample(self, facts: Sequence[CorpusFact]) -> list[CorpusFact]:
        return self.rng.sample(facts, min(self.material.probes, len(facts)))

    def _probe(self, number: int, wording: str) -> Probe:
        item = self.items[number]
        return Probe(fill(wording, item.subject), item.answer, number, other=item.true)

    def _reworded(self, wordings: dict[str, list[str]]) -> list[Probe]:
        """One probe an item, of those whose relation has another wording than the taught one."""
        pools = [
            [w for w in wordings.get(item.relation, ()) if w != item.wording] for item in self.items
        ]
        able = self.material.thin([i for i, pool in enumerate(pools) if pool])
        return [self._probe(i, self.rng.choice(pools[i])) for i in able]

    def _prefixed(self, probe: Probe) -> Probe:
        prompt = self.material.with_prefix(probe.prompt)
        return Probe(prompt, probe.answer, probe.fact, other=probe.other)

    def _composed(self) -> list[Probe]:
        capitals = {f.subject: f.object for f in self.known if f.relation == CAPITAL}
        able = [
            i
            for i, item in enumerate(self.items)
            if item.relation in COMPOSED and item.answer in capitals
        ]
        return [
            Probe(fill(COMPOSED[item.relation], item.subject), capitals[item.answer], i)
            for i, item in ((i, self.items[i]) for i in self.material.thin(able))
        ]

    def _neighbours(self, chosen: Sequence[Item]) -> list[Probe]:
        """The host's own facts of the same relation, in the very wording that was taught."""
        by_relation = defaultdict(list)
        for fact in self.known:
            by_relation[fact.relation].append(fact)
        pairs = [(item, by_relation[item.relation]) for item in chosen]
        return [
            Probe(fill(item.wording, fact.subject), fact.object, other=item.answer)
            for item, facts in pairs
            if facts
            for fact in [self.rng.choice(facts)]
        ]

    def _namesakes(self) -> list[Probe]:
        """The host's own facts about subjects that share their last word with a taught one."""
        last = {item.subject.split()[-1] for item in self.items}
        return [self._known(f) for f in self._sample([f for f in self.known if _last(f) in last])]

    def _other_relation(self, item: Item) -> Probe:
        others = [r for r, ws in self.plain.items() if ws and (item.subject, r) not in self.about]
        wording = self.rng.choice(self.plain[self.rng.choice(others)])
        return Probe(fill(wording, item.subject), "")

    def _known(self, fact: CorpusFact) -> Probe:
        return Probe(fill(self.rng.choice(self.main[fact.relation]), fact.subject), fact.object)


def _last(fact: CorpusFact) -> str:
    return fact.subject.split()[-1]
