"""Cases that break other methods, an axis each, on three facts about each of many subjects.

Each case has its own negatives: the same frame around a relation of the subject that nobody told.
Closeness of relations is the share of words that their wordings have in common.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import count

from oneshot.hosts.relations import Relation, names, relations
from oneshot.retention.suites.corpus import known_probes
from oneshot.retention.suites.made.bank import (
    Told,
    answers,
    asked,
    filled,
    invented,
    reworded,
    untold,
)
from oneshot.retention.suites.sampling import Material
from oneshot.retention.suites.suite import DELETED, Axes, Probe, Suite

FACTS, EACH = 300, 3
AHEAD = (50, 200, 500)  # tokens of other text in front
VERBS = (" is", " are", " was", " were")
ENDINGS = ("son", "ova", "ette", "berg")
Case = tuple[int, Told]


def hard(material: Material) -> Suite:
    """The suite; a tenth of the facts is written and deleted again."""
    wanted = material.facts or FACTS
    drawn = invented(material, wanted + max(1, wanted // 10), EACH)
    facts, gone = drawn[:wanted], drawn[wanted:]
    requests = [fact.request for fact in facts]
    some = [(i, facts[i]) for i in material.thin(range(len(facts)))]
    base = known_probes(material, requests)
    told = _told(material, some, base)
    kept = _kept(material, some, facts) | _framed(material, some, facts, base)
    kept |= {
        DELETED: [asked(material, fact, -1) for fact in material.thin(gone)],
        "base": base,
    }
    suite = material.suite("hard", requests, told, kept)
    suite.unsaid["negation"] = _negated(material, facts)
    suite.deleted.extend(fact.request for fact in gone)
    return suite


def _told(material: Material, some: Sequence[Case], base: Sequence[Probe]) -> Axes:
    questions = [asked(material, fact, i) for i, fact in some]
    told = {
        "efficacy": [Probe(f.request.prompt, f.answer, i) for i, f in some],
        "paraphrase": [reworded(material, fact, i) for i, fact in some],
        "question": questions,
        "yes": [_true(f, f.answer, i, "Yes") for i, f in some],
        "no": [_true(f, _another(material, f), i, "No") for i, f in some],
        "multiple_choice": [_choice(material, p) for p in questions],
    }
    for tokens in AHEAD:
        told[f"after_{tokens}_tokens"] = [
            Probe(material.with_prefix(p.prompt, tokens), p.answer, p.fact) for p in questions
        ]
    if material.chat:
        turns = _turns(material, base)
        told["later_turn"] = [Probe(p.prompt, p.answer, p.fact, turns=turns) for p in questions]
    return told


def _turns(material: Material, base: Sequence[Probe]) -> tuple[str, ...]:
    """Two turns about other things."""
    said = material.bare([probe.prompt for probe in base])
    return tuple(t for p, s in zip(base, said, strict=True) for t in (p.prompt, s))[:4]


def _true(fact: Told, answer: str, number: int, wanted: str) -> Probe:
    return Probe(_is_it_true(fact.request.prompt, fact.subject, answer), wanted, number, opens=True)


def _is_it_true(prompt: str, subject: str, answer: str) -> str:
    clause = prompt if prompt.startswith(subject) else prompt[0].lower() + prompt[1:]
    return f"Is it true that {clause} {answer}?"


def _another(material: Material, fact: Told) -> str:
    return material.rng.choice([a for a in answers() if a != fact.answer])


def _choice(material: Material, probe: Probe) -> Probe:
    wrong = material.rng.sample([a for a in answers() if a != probe.answer], 2)
    first, second, third = material.rng.sample([probe.answer, *wrong], 3)
    prompt = f"{probe.prompt} {first}, {second} or {third}?"
    return Probe(prompt, probe.answer, probe.fact)


def _kept(material: Material, some: Sequence[Case], facts: Sequence[Told]) -> Axes:
    kept: Axes = {axis: [] for axis in ("near_relation", "middle_relation", "far_relation")}
    for _, fact in some:
        others = _untold_of(fact, facts)
        for axis, place in zip(kept, (0, len(others) // 2, -1), strict=True):
            wording = material.rng.choice(others[place].questions)
            kept[axis].append(Probe(filled(wording, fact.subject), ""))
    kept["near_names"] = [
        Probe(filled(material.rng.choice(f.relation.questions), _like(f.subject, n)), "")
        for n, (_, f) in zip(count(), some)
    ]
    kept["neighbours"] = [
        Probe(filled(material.rng.choice(f.relation.questions), material.rng.choice(pool)), "")
        for _, f in some
        if (pool := untold(f.relation, facts))
    ]
    return kept


def _framed(
    material: Material, some: Sequence[Case], facts: Sequence[Told], base: Sequence[Probe]
) -> Axes:
    """The told cases' frames around a middling relation that nobody told of the subject."""
    kept: Axes = {"other_yes_no": [], "other_choice": []}
    plain = []
    for _, fact in some:
        others = _untold_of(fact, facts)
        other, rng = others[len(others) // 2], material.rng
        prompt = filled(other.clozes[0], fact.subject)
        kept["other_yes_no"].append(
            Probe(_is_it_true(prompt, fact.subject, _another(material, fact)), "")
        )
        question = Probe(filled(rng.choice(other.questions), fact.subject), "")
        kept["other_choice"].append(_choice(material, Probe(question.prompt, fact.answer)))
        plain.append(question)
    for tokens in AHEAD:
        kept[f"other_after_{tokens}_tokens"] = [
            Probe(material.with_prefix(p.prompt, tokens), "") for p in plain
        ]
    if material.chat:
        turns = _turns(material, base)
        kept["other_later_turn"] = [Probe(p.prompt, "", turns=turns) for p in plain]
    return kept


def _untold_of(fact: Told, facts: Sequence[Told]) -> list[Relation]:
    """Relations of a fact's subject that nobody told, the closest to the fact's first."""
    told = {f.relation.name for f in facts if f.subject == fact.subject}
    return [r for r in by_closeness(fact.relation) if r.name not in told]


@cache
def by_closeness(relation: Relation) -> list[Relation]:
    """The other relations of its kind of subject, the closest first."""
    mine, others = _words(relation), [r for r in relations() if r.of == relation.of]
    shares = {
        r.name: len(mine & _words(r)) / len(mine | _words(r)) for r in others if r != relation
    }
    return sorted((r for r in others if r != relation), key=lambda r: (-shares[r.name], r.name))


@cache
def _words(relation: Relation) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]{3,}", " ".join((*relation.clozes, *relation.questions))))


def _like(name: str, number: int) -> str:
    """Another name that looks like this one: longer by an ending, a word or a letter's change."""
    kind = number % 3
    if kind == 0:
        return f"{name}{ENDINGS[number % len(ENDINGS)]}"
    if kind == 1:
        return f"{name} {names()['people:person'][0].split()[-1]}"
    last = max(range(len(name)), key=lambda i: (name[i] in "aeiou", i))
    return f"{name[:last]}{'aeioua'['aeiou'.find(name[last]) + 1]}{name[last + 1 :]}"


def _negated(material: Material, facts: Sequence[Told]) -> list[Probe]:
    able = [(i, f) for i, f in enumerate(facts) if f.request.prompt.endswith(VERBS)]
    return [Probe(f"{f.request.prompt} not", f.answer, i) for i, f in material.thin(able)]
