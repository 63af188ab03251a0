"""Facts of the bank's relations that no calibration saw, about its invented names."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from oneshot.hosts.relations import Relation, names, relations
from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import Probe

PRONOUNS = ("my ", "our ")
LEAST = 4  # relations of a kind of subject, so that some stay untold


@dataclass(frozen=True)
class Told:
    """A fact with the relation that it is of; its request is the relation's first cloze."""

    subject: str
    relation: Relation
    answer: str

    @property
    def request(self) -> Request:
        """The fact as methods take it."""
        prompt = filled(self.relation.clozes[0], self.subject)
        there = self.subject if self.subject in prompt else capital(self.subject)
        return Request(prompt, self.answer, there)


def invented(material: Material, count: int, each: int) -> list[Told]:
    """So many facts, `each` on a subject, in random order; those that can be written."""
    kinds, facts, seen = _held_out(), list[Told](), set[str]()
    subjects = [(kind, name) for kind, found in kinds.items() for name in names()[kind]]
    subjects = [s for s in subjects if not s[1].lower().startswith(PRONOUNS)]
    material.rng.shuffle(subjects)
    for kind, name in subjects:
        if len(facts) >= count or name.lower() in seen:
            continue
        seen.add(name.lower())
        for relation in material.rng.sample(kinds[kind], each):
            fact = Told(name, relation, material.rng.choice(answers()))
            if material.writable(fact.request):
                facts.append(fact)
    facts = facts[:count]
    material.rng.shuffle(facts)
    return facts


def _held_out() -> dict[str, list[Relation]]:
    kinds: dict[str, list[Relation]] = defaultdict(list)
    for relation in relations():
        if relation.held_out:
            kinds[relation.of].append(relation)
    return {kind: found for kind, found in kinds.items() if len(found) >= LEAST}


@cache
def answers() -> list[str]:
    """Proper names, which every relation may have as its value here: the facts are nonsense."""
    return sorted({name for pool in names().values() for name in pool if name[0].isupper()})


def untold(relation: Relation, facts: Sequence[Told]) -> list[str]:
    """Names of the relation's kind about whom nothing is told."""
    told = {fact.subject.lower() for fact in facts}
    return [name for name in names()[relation.of] if name.lower() not in told]


def reworded(material: Material, fact: Told, number: int) -> Probe:
    """The fact in another of its relation's clozes."""
    wording = material.rng.choice(fact.relation.clozes[1:])
    return Probe(filled(wording, fact.subject), fact.answer, number)


def asked(material: Material, fact: Told, number: int) -> Probe:
    """The fact as one of its relation's questions."""
    wording = material.rng.choice(fact.relation.questions)
    return Probe(filled(wording, fact.subject), fact.answer, number)


def filled(wording: str, name: str) -> str:
    """The wording about the name, with a capital letter in front."""
    return capital(wording.replace("{}", name))


def capital(text: str) -> str:
    """The text with a capital letter in front."""
    return text[0].upper() + text[1:]
