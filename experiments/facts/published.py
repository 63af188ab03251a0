"""Published sets of facts by free generation, on a host of one's own choice.

    python -m experiments.facts.published experiments/configs/facts-hallueditbench-smollm2.toml

HalluEditBench (development half), zsRE and CounterFact (development half), a set a record; they are
not shipped: FOLDER/open and FOLDER/edits hold them. Right is the taught answer among what is said,
"Yes" or "No" in front, or what the bare host says where nothing was taught.
"""

import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.facts.asking import Asker, Axis, Probe
from experiments.facts.running_text import false_fires, read_paragraphs
from experiments.facts.runs import new_brain, run_all
from oneshot.errors import BadInputError
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, RAW
from oneshot.facts.types import Statement

Fact = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """What is taught and asked, of which set."""

    host: str
    set: str
    folder: str
    """Of the sets."""
    facts: int = 200
    compared: int = 40
    """Of each axis's probes, how many the host is asked bare and with the fact in the prompt."""
    paragraphs: int = 300
    """Of running text, in which no fact is to speak."""
    seed: int = 0


@dataclass(frozen=True)
class Published:
    """A set: its file below the folder, its facts as they are taught, and what is asked of them."""

    file: str
    statement: Callable[[Fact], Statement]
    axes: Callable[[Sequence[Fact], Sequence[Statement]], Iterator[Axis]]


def hallueditbench(facts: Sequence[Fact], told: Sequence[Statement]) -> Iterator[Axis]:
    """Taught as a question; asked so, in other words, as yes and no, and beside it."""

    def asked(field: str) -> list[Probe]:
        return [Probe(f[field], s) for f, s in zip(facts, told, strict=True)]

    yield Axis("question", asked("question"))
    yield Axis("paraphrase", asked("paraphrase"))
    yield Axis("yes question", asked("yes_question"), plain=False, wanted="Yes")
    yield Axis("no question", asked("no_question"), plain=False, wanted="No")
    yield Axis("locality question", asked("locality_question"), kept=True)


def zsre(facts: Sequence[Fact], told: Sequence[Statement]) -> Iterator[Axis]:
    """Taught as a question; asked so, in other words, and beside it."""
    pairs = list(zip(facts, told, strict=True))
    yield Axis("question", [Probe(f["src"], s) for f, s in pairs])
    yield Axis("paraphrase", [Probe(f["rephrase"], s) for f, s in pairs])
    beside = [Probe(f["loc"].removeprefix("nq question: ") + "?", s) for f, s in pairs]
    yield Axis("locality question", beside, kept=True)


def counterfact(facts: Sequence[Fact], told: Sequence[Statement]) -> Iterator[Axis]:
    """Taught as a text to be completed; asked so, in other words, as a question; neighbours."""
    pairs = list(zip(facts, told, strict=True))
    yield Axis("taught prompt", [Probe(f["prompt"], s) for f, s in pairs], chat=False)
    cores = [Probe(f["paraphrase_core"][0], s) for f, s in pairs]
    yield Axis("paraphrase", cores, chat=False)
    yield Axis("question", [Probe(f["question"], s) for f, s in pairs if f["question"]])
    near = [Probe(f["neighborhood_prompts"][0], s) for f, s in pairs]
    yield Axis("neighbour", near, chat=False, kept=True)


SETS = {
    "hallueditbench": Published(
        "open/hallueditbench_dev.jsonl.gz",
        lambda f: Statement(f["question"], f["object"], f["subject"]),
        hallueditbench,
    ),
    "zsre": Published(
        "edits/zsre_1k.jsonl.gz",
        lambda f: Statement(f["src"], f["alt"], f["subject"]),
        zsre,
    ),
    "counterfact": Published(
        "open/counterfact_full_dev.jsonl.gz",
        lambda f: Statement(f["prompt"], f["target_new"], f["subject"]),
        counterfact,
    ),
}


def sample(path: Path, count: int, seed: int) -> list[Fact]:
    """Facts on different subjects."""
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
    by_subject = {fact["subject"].casefold(): fact for fact in map(json.loads, lines)}
    return random.Random(seed).sample(list(by_subject.values()), min(count, len(by_subject)))


def measure(learner: Learner, published: Published, config: Config) -> dict[str, Any]:
    """Teach a set and ask all its axes; facts that are refused are counted and left out."""
    found = sample(Path(config.folder) / published.file, config.facts, config.seed)
    told = [(f, s) for f in found if _taught(learner, s := published.statement(f))]
    result: dict[str, Any] = {"facts": len(told), "refused": len(found) - len(told)}
    asker = Asker(learner, config.compared)
    for axis in published.axes([f for f, _ in told], [s for _, s in told]):
        for name, manner in (("raw", RAW), ("chat", CHAT)):
            if asker.asks(axis, manner):
                result[f"{axis.name}, {name}"] = asker.scored(axis, manner)
    return result


def _taught(learner: Learner, statement: Statement) -> bool:
    try:
        learner.write([statement])
    except BadInputError:
        return False
    return True


def experiment(config: Config, device: str) -> dict[str, Any]:
    """A set on a new brain, then running text with all its facts taught."""
    with new_brain(config.host, device) as learner:
        result = measure(learner, SETS[config.set], config)
        path = Path(config.folder) / "text" / "wiki_en_aligned.txt.gz"
        text = read_paragraphs(path, config.paragraphs)
        return result | {"running text": false_fires(learner, text)}


def _file(config: Config) -> list[Path]:
    return [Path(config.folder) / SETS[config.set].file]


if __name__ == "__main__":
    run_all(__doc__, Config, _file, experiment)
