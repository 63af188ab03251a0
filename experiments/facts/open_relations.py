"""Facts of relations that no calibration saw, on a host of one's own choice: record and table row.

    python -m experiments.facts.open_relations experiments/configs/facts-open-smollm2.toml

Every fact has a subject of the bank's invented names and an invented answer; two facts a subject.
Asked by free generation, plainly and, where the host has a template, in chat.
"""

import argparse
import random
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from experiments.record import run_recorded
from oneshot.facts.answering import answer, short
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, RAW, Manner
from oneshot.facts.told import question_of
from oneshot.facts.types import Statement
from oneshot.hosts.relations import Relation, names, relations
from oneshot.retention.measures.scores import interval

PRONOUNS = ("my ", "our ")
WRAPPERS = (
    "Answer in one word: {}",
    "{} Answer briefly, please.",
    "Please tell me. {}",
    "I have a quiz tonight. {} I need it for that.",
)
TOKENS = 24  # of an answer
SAMPLES = 6  # misses that the record keeps


@dataclass(frozen=True)
class Config:
    """What is taught, to which host, and how much of it is asked."""

    host: str
    facts: int = 1000
    probes: int = 200
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
    answers = sorted({n for pool in names().values() for n in pool if n[0].isupper()})
    cases, seen = list[Case](), set[str]()
    for kind, name in subjects:
        if name.lower() in seen or len(cases) >= config.facts:
            continue
        seen.add(name.lower())
        some = draw.sample(kinds[kind], min(4, len(kinds[kind])))
        for relation in some[:2]:
            told = Statement(filled(relation.clozes[0], name), draw.choice(answers), name)
            cases.append(Case(told, relation, tuple(some[2:])))
    return cases


def filled(wording: str, name: str) -> str:
    """The wording about the name, with a capital letter in front."""
    text = wording.replace("{}", name)
    return text[0].upper() + text[1:]


def probes(cases: Sequence[Case], draw: random.Random) -> Iterator[tuple[str, str, list[Any]]]:
    """(axis, "told" or "kept", [(question, answer)]) to be asked plainly and in chat."""
    told = [c.statement for c in cases]
    made = [(q, s.answer) for s in told if (q := question_of(s))]
    yield "made question", "told", made
    yield (
        "in other words around it",
        "told",
        [(draw.choice(WRAPPERS).format(q), a) for q, a in made],
    )
    free = [
        (filled(draw.choice(c.relation.questions), c.statement.subject or ""), c.statement.answer)
        for c in cases
    ]
    yield "free question", "told", free
    other = [
        (filled(draw.choice(o.questions), c.statement.subject or ""), "")
        for c in cases
        for o in c.others[:1]
    ]
    yield "other relation of the subject", "kept", other
    strange = [
        (filled(draw.choice(c.relation.questions), _stranger(c, cases, draw)), "") for c in cases
    ]
    yield "other subject", "kept", strange


def _stranger(case: Case, cases: Sequence[Case], draw: random.Random) -> str:
    taught = {c.statement.subject for c in cases}
    pool = [n for n in names()[case.relation.of] if n not in taught]
    return draw.choice(pool or ["Nobodia"])


def measure(learner: Learner, cases: Sequence[Case], config: Config) -> dict[str, Any]:
    """Teach all, and ask a sample on each axis."""
    began = time.perf_counter()
    taught = [c for c in cases if _taught(learner, c.statement)]
    result: dict[str, Any] = {
        "facts": len(taught),
        "refused": len(cases) - len(taught),
        "relations": len({c.relation.name for c in taught}),
        "teach_seconds_per_fact": round((time.perf_counter() - began) / max(1, len(taught)), 4),
    }
    draw = random.Random(config.seed + 1)
    some = draw.sample(taught, min(config.probes, len(taught)))
    chat = CHAT.chats(learner.host)
    ask = _Asker(learner)
    prompts = [(c.statement.prompt, c.statement.answer) for c in some]
    result["taught prompt, raw"] = ask.told(prompts, RAW)
    free = [
        (filled(draw.choice(c.relation.clozes[1:]), c.statement.subject or ""), c.statement.answer)
        for c in some
    ]
    result["free cloze, raw"] = ask.told(free, RAW)
    for axis, kind, asked in probes(some, draw):
        how: Callable[[list[Any], Manner], dict[str, Any]]
        how = ask.told if kind == "told" else ask.kept
        result[f"{axis}, raw"] = how(asked, RAW)
        if chat:
            result[f"{axis}, chat"] = how(asked, CHAT)
    return result


def _taught(learner: Learner, statement: Statement) -> bool:
    from oneshot.errors import OneshotError

    try:
        learner.write([statement])
    except OneshotError:
        return False
    return True


class _Asker:
    """Asks by free generation and counts."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def told(self, asked: list[Any], manner: Manner) -> dict[str, Any]:
        """Whether the answer is in what is said."""
        said = self._said([q for q, _ in asked], manner)
        hits = [a in s for (_, a), s in zip(asked, said, strict=True)]
        return self._counted(asked, said, hits)

    def kept(self, asked: list[Any], manner: Manner) -> dict[str, Any]:
        """Whether what is said is what the bare host says."""
        questions = [q for q, _ in asked]
        said = self._said(questions, manner)
        bare = [short(s.text) for s in answer(self.learner.host, questions, None, _short(manner))]
        return self._counted(asked, said, [s == b for s, b in zip(said, bare, strict=True)])

    def _said(self, questions: list[str], manner: Manner) -> list[str]:
        return [r.answer for r in self.learner.ask(questions, manner=_short(manner))]

    def _counted(self, asked: list[Any], said: list[str], hits: list[bool]) -> dict[str, Any]:
        missed = [[q, a, s] for (q, a), s, ok in zip(asked, said, hits, strict=True) if not ok]
        return interval(hits) | {"missed": missed[:SAMPLES]}


def _short(manner: Manner) -> Manner:
    return Manner(raw=manner.raw, max_new_tokens=TOKENS)


def experiment(config: Config) -> dict[str, Any]:
    """Everything on a new brain, which goes at the end."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Learner.open(folder, model=None if config.host == "packaged" else config.host) as learner,
    ):
        return measure(learner, build_cases(config), config)


def main() -> None:
    """Run the experiments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="+", type=Path)
    for path in parser.parse_args().configs:
        config = Config(**tomllib.loads(path.read_text("utf-8")))
        print(run_recorded(path.stem, asdict(config), [], partial(experiment, config)))


if __name__ == "__main__":
    main()
