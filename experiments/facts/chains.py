"""Questions that take several taught facts, one inside the other: record and table rows.

    python -m experiments.facts.chains experiments/configs/facts-chains-smollm2.toml

Own chains are made of relations that no calibration saw (`chains.toml` beside), taught all at once;
MQuAKE's are taught one case at a time, every hop of it. Asked by free generation, in chat where
the host has a template; an answer is right where the value is in it.
"""

import argparse
import gzip
import json
import random
import re
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from experiments.record import run_recorded
from oneshot.errors import BadInputError, OneshotError
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner
from oneshot.facts.types import Reply, Statement
from oneshot.files.data_folder import ENVIRONMENT, named_folder
from oneshot.hosts.relations import names
from oneshot.retention.measures.scores import interval

RELATIONS = Path(__file__).with_suffix(".toml")
MQUAKE = "open/mquake_cf_dev.jsonl.gz"
TOKENS = 24  # of an answer
SAMPLES = 8  # misses that the record keeps
ASKED = 2  # composed questions of a chain
MINE = ("my ", "our ")
PEOPLE = ("person", "artist", "politician", "scientist", "athlete")
LINKS = ("person", "company", "city", "album")  # kinds that a relation goes on from
CLAUSE = re.compile(r" (?:who|that|which|where) ")  # nobody says "the man who made it's dog"

Bank = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Config:
    """How many chains of each number of facts; `mquake` takes its cases instead of own ones."""

    host: str
    two: int = 60
    three: int = 30
    four: int = 0
    mquake: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Chain:
    """Facts, each on the answer of the one before, and what is asked of all of them together.

    `singles` are questions about each fact alone, `others` end in a relation that nobody taught;
    `answers` and `single_answers` are what counts.
    """

    facts: tuple[Statement, ...]
    questions: tuple[str, ...]
    singles: tuple[str, ...]
    answers: tuple[str, ...]
    single_answers: tuple[tuple[str, ...], ...]
    others: tuple[str, ...] = ()


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
        tuple(facts), questions, tuple(singles), (answer,), wanted, tuple(map(_capital, others))
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
        if left.get(hops, 0):
            left[hops] -= 1
            chains.append(_mquake_chain(case))
    return chains


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
    )


class Tally:
    """What was said to composed questions and to single ones, by number of facts."""

    def __init__(self) -> None:
        self.hits: dict[str, list[bool]] = defaultdict(list)
        self.missed: dict[str, list[list[Any]]] = defaultdict(list)

    def ask(self, learner: Learner, chains: Sequence[Chain]) -> None:
        """Ask all questions of some chains."""
        asked = [q for c in chains for q in (*c.questions, *c.singles, *c.others)]
        replies = learner.ask(asked, manner=Manner(max_new_tokens=TOKENS))
        said = {reply.question: reply for reply in replies}
        for chain in chains:
            self._count(chain, said, f"{len(chain.facts)} facts")

    def _count(self, chain: Chain, said: dict[str, Reply], way: str) -> None:
        composed = [said[q] for q in chain.questions]
        right = [_says(reply, chain.answers) for reply in composed]
        for reply, hit in zip(composed, right, strict=True):
            self._add(f"composed, {way}", hit, reply, chain.answers[0])
        self.hits[f"any of a chain's, {way}"].append(any(right))
        for question, wanted in zip(chain.singles, chain.single_answers, strict=True):
            reply = said[question]
            self._add(f"single, right, {way}", _says(reply, wanted), reply, wanted[0])
            self._add(f"single, not chained, {way}", len(reply.facts) < 2, reply, wanted[0])
        for question in chain.others:
            hit = not _says(said[question], chain.answers)
            self._add(f"other relation at the end, {way}", hit, said[question], "")

    def _add(self, axis: str, hit: bool, reply: Reply, wanted: str) -> None:
        self.hits[axis].append(hit)
        if not hit:
            self.missed[axis].append([reply.question, wanted, reply.answer, len(reply.facts)])

    def counted(self) -> dict[str, Any]:
        """Every axis with its interval and some of what was missed."""
        return {
            axis: interval(hits) | {"missed": self.missed[axis][:SAMPLES]}
            for axis, hits in sorted(self.hits.items())
        }


def _says(reply: Reply, answers: Sequence[str]) -> bool:
    """Whether an answer stands in what is said, as whole words."""
    return any(re.search(rf"(?<!\w){re.escape(a)}(?!\w)", reply.answer) for a in answers)


def measure(learner: Learner, chains: Sequence[Chain], *, together: bool) -> dict[str, Any]:
    """Teach the chains all at once or one at a time, and ask them."""
    tally, refused = Tally(), 0
    for group in [list(chains)] if together else [[chain] for chain in chains]:
        refused += _teach(learner, [fact for chain in group for fact in chain.facts])
        tally.ask(learner, group)
        if not together:
            learner.forget([fact.id for fact in learner.facts()])
    return {"chains": len(chains), "refused facts": refused} | tally.counted()


def _teach(learner: Learner, facts: Sequence[Statement]) -> int:
    """Teach facts; how many cannot be written."""
    try:
        learner.write(facts)
    except OneshotError:
        return sum(_teach(learner, [fact]) for fact in facts) if len(facts) > 1 else 1
    return 0


def experiment(config: Config, source: Path) -> dict[str, Any]:
    """Everything on a new brain, which goes at the end."""
    chains = mquake_chains(config, source) if config.mquake else own_chains(config)
    model = None if config.host == "packaged" else config.host
    with tempfile.TemporaryDirectory() as folder, Learner.open(folder, model=model) as learner:
        return measure(learner, chains, together=not config.mquake)


def _source(config: Config) -> Path:
    """The file that the chains come from."""
    if not config.mquake:
        return RELATIONS
    folder = named_folder(None)
    found = folder and (folder.find(MQUAKE) or folder.find(Path(MQUAKE).name))
    if not found:
        raise BadInputError(f"no {MQUAKE}; name a folder that holds it with {ENVIRONMENT}")
    return found


def main() -> None:
    """Run the experiments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="+", type=Path)
    for path in parser.parse_args().configs:
        config = Config(**tomllib.loads(path.read_text("utf-8")))
        source = _source(config)
        work = partial(experiment, config, source)
        print(run_recorded(path.stem, asdict(config), [source], work))


if __name__ == "__main__":
    main()
