"""Facts of relations that no calibration saw, on a host of one's own choice: record and table row.

    python -m experiments.facts.open_relations experiments/configs/facts-open-smollm2.toml

Every fact has a subject of the bank's invented names and an invented answer of the sort that its
relation asks for; two facts a subject.
Asked by free generation, plainly and, where the host has a template, in chat.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

from adapters.text.names import name_key
from experiments.facts.answers import invented_answer
from experiments.facts.asking import Asker, Axis, Probe
from experiments.facts.runs import new_brain, run_all
from oneshot.errors import OneshotError
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, RAW
from oneshot.facts.told import question_of
from oneshot.facts.types import Statement
from oneshot.hosts.corpus import corpus_facts, corpus_wordings
from oneshot.hosts.relations import Relation, names, relations

PRONOUNS = ("my ", "our ")
WRAPPERS = (
    "Answer in one word: {}",
    "{} Answer briefly, please.",
    "Please tell me. {}",
    "I have a quiz tonight. {} I need it for that.",
)
EARLIER = (
    {"role": "user", "content": "Which is the largest ocean?"},
    {"role": "assistant", "content": "The Pacific Ocean is the largest ocean."},
    {"role": "user", "content": "Thanks. Are there many fish in it?"},
    {"role": "assistant", "content": "Yes, there are thousands of kinds of fish in it."},
)  # turns of a conversation
CHUNK = 32  # facts of one call


@dataclass(frozen=True)
class Config:
    """What is taught, to which host, and how much of it is asked."""

    host: str
    facts: int = 1000
    probes: int = 200
    compared: int = 40
    """Of these, how many the host is also asked without the adapter, bare and informed."""
    known: bool = False
    """Whether the relations are those of the calibration instead of held-out ones."""
    seed: int = 0


@dataclass(frozen=True)
class Case:
    """A fact with its relation and other relations of its subject's kind that nobody taught."""

    statement: Statement
    relation: Relation
    others: tuple[Relation, ...]


def build_cases(config: Config) -> list[Case]:
    """Two facts on each of many subjects."""
    draw = random.Random(config.seed)
    kinds: dict[str, list[Relation]] = defaultdict(list)
    for relation in relations():
        if relation.held_out is not config.known:
            kinds[relation.of].append(relation)
    subjects = [(k, n) for k, found in kinds.items() if len(found) > 2 for n in names()[k]]
    subjects = [s for s in subjects if not s[1].lower().startswith(PRONOUNS)]
    draw.shuffle(subjects)
    cases, seen = list[Case](), set[str]()
    for kind, name in subjects:
        if name.lower() in seen or len(cases) >= config.facts:
            continue
        seen.add(name.lower())
        some = draw.sample(kinds[kind], min(4, len(kinds[kind])))
        for relation in some[:2]:
            told = filled(relation.clozes[0], name)
            fact = Statement(told, invented_answer(relation, draw), name)
            cases.append(Case(fact, relation, tuple(some[2:])))
    return cases


def filled(wording: str, name: str) -> str:
    """The wording about the name, with a capital letter in front."""
    text = wording.replace("{}", name)
    return text[0].upper() + text[1:]


def asked_of(cases: Sequence[Case], subjects: Set[str], draw: random.Random) -> Iterator[Axis]:
    """Everything that is asked, axis by axis; `subjects` are the keys of all names with facts."""
    told = [c.statement for c in cases]
    yield Axis("taught prompt", [Probe(s.prompt, s) for s in told], chat=False)
    free = [_probe(draw.choice(c.relation.clozes[1:]), c) for c in cases]
    yield Axis("free cloze", free, chat=False)
    made = [Probe(q, s) for s in told if (q := question_of(s))]
    yield Axis("made question", made)
    wrapped = [Probe(draw.choice(WRAPPERS).format(p.question), p.told) for p in made]
    yield Axis("in other words around it", wrapped)
    yield Axis(
        "behind two earlier turns", [Probe(p.question, p.told, EARLIER) for p in made], plain=False
    )
    yield Axis("free question", [_probe(draw.choice(c.relation.questions), c) for c in cases])
    other = [_probe(draw.choice(o.questions), c) for c in cases for o in c.others[:1]]
    yield Axis("other relation of the subject", other, kept=True)
    strange = [
        Probe(filled(draw.choice(c.relation.questions), _stranger(c, subjects, draw)), c.statement)
        for c in cases
    ]
    yield Axis("other subject", strange, kept=True)
    known = [Probe(q, c.statement) for q, c in zip(_known(len(cases), draw), cases, strict=False)]
    yield Axis("known fact", known, kept=True)


def _probe(wording: str, case: Case) -> Probe:
    return Probe(filled(wording, case.statement.subject or ""), case.statement)


def _stranger(case: Case, subjects: Set[str], draw: random.Random) -> str:
    pool = [n for n in names()[case.relation.of] if name_key(n) not in subjects]
    return draw.choice(pool or ["Nobodia"])


def _known(count: int, draw: random.Random) -> list[str]:
    """Questions on facts of the real world."""
    asked = {r: [t for t in w.main if t.endswith("?")] for r, w in corpus_wordings().items()}
    facts = [f for f in corpus_facts() if f.split == "known" and asked[f.relation]]
    some = draw.sample(facts, count)
    return [draw.choice(asked[f.relation]).replace("{}", f.subject) for f in some]


def measure(learner: Learner, cases: Sequence[Case], config: Config) -> dict[str, Any]:
    """Teach all, and ask a sample on each axis."""
    began = time.perf_counter()
    written = list(_taught(learner, [c.statement for c in cases]))
    seconds = time.perf_counter() - began
    held = {(s.prompt, s.answer) for s in written}
    taught = [c for c in cases if (c.statement.prompt, c.statement.answer) in held]
    result: dict[str, Any] = {
        "facts": len(taught),
        "refused": [c.statement.prompt for c in cases if c not in taught],
        "relations": len({c.relation.name for c in taught}),
        "teach_seconds_per_fact": round(seconds / max(1, len(taught)), 4),
    }
    draw = random.Random(config.seed + 1)
    some = draw.sample(taught, min(config.probes, len(taught)))
    asker = Asker(learner, config.compared)
    subjects = {name_key(c.statement.subject or "") for c in taught}
    for axis in asked_of(some, subjects, draw):
        for manner in (RAW, CHAT):
            if (manner is RAW and not axis.plain) or (manner is CHAT and not axis.chat):
                continue
            if manner is RAW or CHAT.chats(learner.host):
                name = "raw" if manner is RAW else "chat"
                result[f"{axis.name}, {name}"] = asker.scored(axis, manner)
    return result


def _taught(learner: Learner, statements: Sequence[Statement]) -> Iterator[Statement]:
    """Write in chunks; where one holds a fact that is refused, each of it alone."""
    for start in range(0, len(statements), CHUNK):
        chunk = statements[start : start + CHUNK]
        try:
            learner.write(chunk)
            yield from chunk
        except OneshotError:
            yield from (s for s in chunk if _holds(learner, s))


def _holds(learner: Learner, statement: Statement) -> bool:
    try:
        learner.write([statement])
    except OneshotError:
        return False
    return True


def experiment(config: Config, device: str) -> dict[str, Any]:
    """Everything on a new brain, which goes at the end."""
    with new_brain(config.host, device) as learner:
        return measure(learner, build_cases(config), config)


if __name__ == "__main__":
    run_all(__doc__, Config, lambda config: [], experiment)
