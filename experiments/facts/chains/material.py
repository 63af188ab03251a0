"""The chains that are asked about: own ones of relations left out of the bank, and MQuAKE's."""

import gzip
import json
import random
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oneshot.facts.types import Statement
from oneshot.hosts.relations import names

RELATIONS = Path(__file__).with_name("relations.toml")
ASKED = 2  # composed questions of a chain
MINE = ("my ", "our ")
PEOPLE = ("person", "artist", "politician", "scientist", "athlete")
LINKS = ("person", "company", "city", "album")  # kinds that a relation goes on from
CLAUSE = re.compile(r" (?:who|that|which|where) ")  # nobody says "the man who made it's dog"

Bank = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Config:
    """How many chains of each number of facts; `mquake` takes its cases instead of own ones.

    Of those `together` teaches all that agree at once, `edits` what the set changes alone;
    `compared` chains of each number are asked of the bare host too.
    """

    host: str
    two: int = 60
    three: int = 30
    four: int = 0
    mquake: bool = False
    together: bool = False
    edits: bool = False
    compared: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Chain:
    """Facts, each on the answer of the one before, and what is asked of all of them together.

    `singles` are questions about each fact alone, `others` end in a relation that nobody taught;
    `answers` and `single_answers` are what counts, `hops` the steps, of which some may be untold.
    """

    facts: tuple[Statement, ...]
    questions: tuple[str, ...]
    singles: tuple[str, ...]
    answers: tuple[str, ...]
    single_answers: tuple[tuple[str, ...], ...]
    hops: int
    others: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every step is a fact and has its question."""
        return len(self.facts) == len(self.singles) == self.hops


def own_chains(config: Config) -> list[Chain]:
    """Chains of two and three relations that no calibration saw, every name used once."""
    draw = random.Random(config.seed)
    found = tomllib.loads(RELATIONS.read_text("utf-8"))
    fresh = _fresh_names(draw)
    counts = [2] * config.two + [3] * config.three
    return [_own_chain(found, hops, fresh, draw) for hops in counts]


def _fresh_names(draw: random.Random) -> dict[str, list[str]]:
    """The bank's invented names of each kind, shuffled, each once."""
    pools: dict[str, list[str]] = defaultdict(list)
    seen = set[str]()
    for room_kind, pool in names().items():
        kind = room_kind.rpartition(":")[2]
        for name in pool:
            fit = name[0].isupper() if kind in PEOPLE else not name.lower().startswith(MINE)
            if fit and name.lower() not in seen:
                seen.add(name.lower())
                pools["person" if kind in PEOPLE else kind].append(name)
    for found in pools.values():
        draw.shuffle(found)
    return pools


def _own_chain(bank: Bank, hops: int, fresh: dict[str, list[str]], draw: random.Random) -> Chain:
    inner = [draw.choice([r for r in bank["inner"] if hops == 2 or r["gives"] in LINKS])]
    while len(inner) < hops - 1:
        inner.append(draw.choice([r for r in bank["inner"] if r["of"] == inner[-1]["gives"]]))
    outer = draw.choice([r for r in bank["outer"] if r["of"] == inner[-1]["gives"]])
    subject = fresh[inner[0]["of"]].pop()
    facts, singles, phrases = list[Statement](), list[str](), {subject}
    for relation in inner:
        value = fresh[relation["gives"]].pop()
        facts.append(_fact(relation["cloze"], subject, value))
        singles.append(_capital(relation["question"].replace("{}", subject)))
        said = [(w, p) for w in relation["phrases"] for p in phrases]
        phrases = {w.replace("{}", p) for w, p in said if not ("{}'s" in w and CLAUSE.search(p))}
        subject = value
    answer = draw.choice(outer["answers"])
    facts.append(_fact(outer["cloze"], subject, answer))
    singles.append(_capital(outer["questions"][0].replace("{}", subject)))
    asked = [q.replace("{}", p) for q in outer["questions"] for p in sorted(phrases)]
    questions = tuple(map(_capital, draw.sample(asked, ASKED)))
    wanted = tuple((f.answer,) for f in facts)
    further = [r for r in bank["outer"] if r["of"] == outer["of"] and r != outer]
    draw.shuffle(further)
    others = [
        draw.choice(r["questions"]).replace("{}", draw.choice(sorted(phrases))) for r in further[:1]
    ]
    return Chain(
        tuple(facts),
        questions,
        tuple(singles),
        (answer,),
        wanted,
        hops,
        tuple(map(_capital, others)),
    )


def _fact(cloze: str, subject: str, answer: str) -> Statement:
    return Statement(_capital(cloze.replace("{}", subject)), answer, subject)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def mquake_chains(config: Config, path: Path) -> list[Chain]:
    """Cases of the development half as they come in a drawn order, every hop a fact."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    random.Random(config.seed).shuffle(cases)
    left = {2: config.two, 3: config.three, 4: config.four}
    chains = []
    for case in cases:
        hops = len(case["single_hops_after"])
        if left.get(hops, 0) and (not config.together or case["consistent_all_edits"]):
            left[hops] -= 1
            chains.append(_edits_alone(case) if config.edits else _mquake_chain(case))
    return chains


def _edits_alone(case: dict[str, Any]) -> Chain:
    """Only what the case changes; the other steps are the host's."""
    edits = case["edits"]
    return Chain(
        tuple(Statement(e["prompt"], e["after"], e["subject"]) for e in edits),
        tuple(case["questions"]),
        tuple(edit["question"] for edit in edits),
        (case["answer_after"], *case["answer_after_aliases"]),
        tuple((edit["after"],) for edit in edits),
        len(case["single_hops_after"]),
    )


def _mquake_chain(case: dict[str, Any]) -> Chain:
    """Subjects are those of the edits and the answers before; else what the product makes out."""
    hops = case["single_hops_after"]
    edited = {edit["prompt"]: edit["subject"] for edit in case["edits"]}
    before = [edited.get(hops[0]["cloze"], "\0"), *(hop["answer"] for hop in hops[:-1])]
    facts = [
        Statement(hop["cloze"], hop["answer"], name if name in hop["cloze"] else None)
        for hop, name in zip(hops, before, strict=True)
    ]
    return Chain(
        tuple(facts),
        tuple(case["questions"]),
        tuple(hop["question"] for hop in hops),
        (case["answer_after"], *case["answer_after_aliases"]),
        tuple((hop["answer"], *hop["aliases"]) for hop in hops),
        len(hops),
    )
