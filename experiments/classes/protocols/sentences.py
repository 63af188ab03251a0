"""Sentences that state a relation: teaching and test wordings and subjects are different ones."""

import random
from dataclasses import dataclass

from oneshot.hosts.corpus import CorpusFact, corpus_facts, corpus_wordings

PARTS = "teach", "tune", "test"

_CYCLE = "test", "teach", "tune", "teach", "teach"


@dataclass(frozen=True)
class Sentence:
    """A statement; `shared` where its wording also stands for another relation."""

    text: str
    relation: str
    wording: str
    shared: bool
    never_trained: bool
    """Whether the host has never seen the wording."""


def wordings_of(part: str, seed: int) -> dict[str, list[str]]:
    """The wordings of a part by relation; a wording is in one part for all its relations.

    Three fifths of those that the host was trained on teach, a fifth tunes, a fifth tests; tests
    also have those that it was never trained on.
    """
    entries, draw, place = corpus_wordings(), random.Random(seed), dict[str, str]()
    for _, entry in sorted(entries.items()):
        new = sorted(w for w in entry.main if w not in place)
        draw.shuffle(new)
        place |= {w: _CYCLE[n % len(_CYCLE)] for n, w in enumerate(new)}
    return {
        relation: [w for w in entry.main if place[w] == part]
        + (list(entry.held_out) if part == "test" else [])
        for relation, entry in entries.items()
    }


def sentences(part: str, per_relation: int, seed: int) -> list[Sentence]:
    """As many sentences of every relation, of subjects that only this part has."""
    entries, draw = corpus_wordings(), random.Random(f"{seed}/{part}")
    facts: dict[str, list[CorpusFact]] = {}
    for number, fact in enumerate(corpus_facts()):
        place = "test" if fact.split == "test" else PARTS[number % 5 == 0]
        if place == part:
            facts.setdefault(fact.relation, []).append(fact)
    count: dict[str, int] = {}
    for entry in entries.values():
        for wording in {*entry.main, *entry.held_out}:
            count[wording] = count.get(wording, 0) + 1
    found = []
    for relation, wordings in sorted(wordings_of(part, seed).items()):
        for number in range(per_relation):
            fact = draw.choice(facts[relation])
            wording = wordings[number % len(wordings)]
            text = f"{wording.format(fact.subject)} {fact.object}."
            never = wording in entries[relation].held_out
            found.append(Sentence(text, relation, wording, count[wording] > 1, never))
    return found
