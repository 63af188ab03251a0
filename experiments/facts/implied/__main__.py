"""What taught facts imply, on a host of one's own choice: inverses, lists, counts, what is kept.

    python -m experiments.facts.implied experiments/configs/facts-implied-smollm2.toml

All facts are taught into one brain and asked in chat by free generation; an answer is right where
every value that was taught is in it. The published inverses are taught one at a time.
"""

import gzip
import json
import random
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.facts.data import data_file
from experiments.facts.runs import new_brain, run_all
from oneshot.facts.language.checking import statement
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner
from oneshot.facts.told import question_of
from oneshot.hosts.relations import names
from oneshot.retention.measures.scores import interval

REVERSE = "open/pitfalls_reverse.jsonl.gz"
FORMS = Path(__file__).with_name("forms.toml")
SHORT, SHORTEST = Manner(max_new_tokens=32), Manner(max_new_tokens=16)
DIRECT = 64  # taught facts that are asked themselves
SAMPLES = 8  # misses that the record keeps
HOBBIES = ("chess", "pottery", "yoga", "poker", "judo", "tennis", "karate", "ballet")
CHILDREN = ("Tom", "Eve", "Max", "Ada", "Leo", "Mia", "Ivo", "Zoe", "Ben", "Uma", "Kai", "Pia")
KINDS = {"books": ("works:play", "works:poem", "works:album"), "languages": ("world:language",)}
OTHERS = (
    "Where was {} born?",
    "How old is {}?",
    "What is {}'s favourite colour?",
    "What is {} afraid of?",
    "When did {} die?",
)


@dataclass(frozen=True)
class Config:
    """What is taught, to which host, and how much of it is asked."""

    host: str
    repeats: int = 4
    """Facts of each form."""
    sets: int = 6
    """Sets of each form."""
    reverse: int = 100
    """Published facts whose inverse is asked."""
    seed: int = 0


@dataclass(frozen=True)
class Case:
    """Sentences that are taught, whom what they imply is about, and questions with the answers."""

    teach: tuple[str, ...]
    about: str
    asked: tuple[tuple[str, str, tuple[str, ...]], ...]
    """(axis, question, what has to be said)"""


def cases(config: Config) -> Iterator[Case]:
    """Every form with fresh names."""
    draw = _Names(config.seed)
    forms = tomllib.loads(FORMS.read_text("utf-8"))
    for turn in range(config.repeats):
        for form in forms["inverse"]:
            named = {"x": draw(form["x"]), "y": draw(form["y"])}
            sure, free = form["ask"][0], form["ask"][1 + turn % (len(form["ask"]) - 1)]
            asked = [("inverse", sure), ("inverse in other words", free)]
            questions = tuple((a, q.format(**named), (named["x"],)) for a, q in asked)
            yield Case((form["teach"].format(**named),), named["y"], questions)
    for turn in range(config.sets):
        yield from (_set(form, draw, turn) for form in forms["set"])


def _set(form: dict[str, Any], draw: "_Names", turn: int) -> Case:
    letters = [k for k in "abc" if any(f"{{{k}}}" in sentence for sentence in form["teach"])]
    values = draw.several(form["several"], len(letters))
    named = {"x": draw("world:ruler", "people:ruler")} | dict(zip(letters, values, strict=True))
    some = turn % len(form["ask"])
    listing = ("list", form["ask"][some].format(**named), values)
    counting = ("count", form["count"][some].format(**named), (str(len(values)),))
    return Case(tuple(s.format(**named) for s in form["teach"]), named["x"], (listing, counting))


class _Names:
    """Invented names, each given once; those that every reader takes for one name."""

    def __init__(self, seed: int) -> None:
        self.draw, self.given = random.Random(seed), set[str]()

    def __call__(self, *kinds: str) -> str:
        pool = [n for kind in kinds for n in names()[kind] if n not in self.given]
        chosen = self.draw.choice([n for n in pool if _plain(n)])
        self.given.add(chosen)
        return chosen

    def several(self, what: str, count: int) -> tuple[str, ...]:
        """Values of one set."""
        if what in KINDS:
            return tuple(self(*KINDS[what]) for _ in range(count))
        return tuple(self.draw.sample(CHILDREN if what == "children" else HOBBIES, count))


def _plain(name: str) -> bool:
    return not set(",'") & set(name) and all(
        w[0].isupper() for w in name.removeprefix("the ").split()
    )


def measure(learner: Learner, config: Config) -> dict[str, Any]:
    """Teach everything, and ask on each axis."""
    chosen = list(cases(config))
    result: dict[str, Any] = {"cases": len(chosen)}
    told = [parse_sentence(s, learner.templates) for case in chosen for s in case.teach]
    abouts = list(dict.fromkeys(case.about for case in chosen))
    others = [q.format(name) for i, name in enumerate(abouts) for q in (OTHERS[i % len(OTHERS)],)]
    bare = learner.ask(others, manner=SHORTEST)
    learner.write(told)
    result |= {"facts": len(told), "implied": len(learner.implied())}
    some = random.Random(config.seed).sample(told, DIRECT)
    direct = [(q, s.answer) for s in some if (q := question_of(s))]
    replies = learner.ask([q for q, _ in direct], manner=SHORT)
    result["taught fact, as a question"] = _counted(
        [(q, a, r.answer, a in r.answer) for (q, a), r in zip(direct, replies, strict=True)]
    )
    kept = learner.ask(others, manner=SHORTEST)
    triples = zip(others, bare, kept, strict=True)
    result["other relation of a name that something is implied about, unchanged"] = _counted(
        [(q, b.answer, k.answer, b.answer == k.answer) for q, b, k in triples]
    )
    asked = [question for case in chosen for question in case.asked]
    replies = learner.ask([question for _, question, _ in asked], manner=SHORT)
    for axis in dict.fromkeys(axis for axis, *_ in asked):
        rows = [
            (q, ", ".join(wanted), r.answer, all(w in r.answer for w in wanted))
            for (a, q, wanted), r in zip(asked, replies, strict=True)
            if a == axis
        ]
        result[axis] = _counted(rows)
    return result


def published(learner: Learner, config: Config, path: Path) -> dict[str, Any]:
    """Teach a fact, ask for its inverse, forget it again."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        records = [json.loads(line)["edits"] for line in file]
    rows = []
    for told, inverse in random.Random(config.seed).sample(records, config.reverse):
        made = statement(told["prompt"], told["new_object"], told["subject"])
        entered = learner.write([made])
        reply = learner.ask([inverse["question"]], manner=SHORT)[0].answer
        rows.append((inverse["question"], told["subject"], reply, told["subject"] in reply))
        learner.forget([e.id for e in entered])
    return _counted(rows)


def _counted(rows: Sequence[tuple[str, str, str, bool]]) -> dict[str, Any]:
    missed = [list(row[:3]) for row in rows if not row[3]]
    return interval([row[3] for row in rows]) | {"missed": missed[:SAMPLES]}


def experiment(config: Config, device: str) -> dict[str, Any]:
    """Everything on new brains, which go at the end."""
    with new_brain(config.host, device) as learner:
        result = measure(learner, config)
    with new_brain(config.host, device) as learner:
        result["published inverses"] = published(learner, config, data_file(REVERSE))
    return result


if __name__ == "__main__":
    run_all(__doc__, Config, lambda config: [data_file(REVERSE)], experiment)
