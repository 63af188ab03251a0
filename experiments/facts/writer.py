"""The figures of the fact writer on the packaged host, by free generation.

python -m experiments.facts.writer experiments/configs/facts-packaged-1000.toml
"""

import argparse
import random
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from adapters.address.material import Material
from experiments.facts.running_text import false_fires, read_paragraphs
from experiments.record import run_recorded
from oneshot.facts import calibrated
from oneshot.facts.answering import answer, short
from oneshot.facts.examination.exam import TOLD, Exam, Probe, build_exam, examined_wordings
from oneshot.facts.learner import Learner
from oneshot.hosts.corpus import corpus_facts, corpus_wordings
from oneshot.hosts.load import Host
from oneshot.retention.measures.scores import interval

SAMPLES = 8  # raw answers of each kind that the record keeps
PARAGRAPHS = 500  # of running text
KNOWN = 1000  # of the host's own facts
NOVEL = 10  # relations that the bank does not know, in that part


@dataclass(frozen=True)
class Config:
    """What is taught and examined."""

    split: str = "test"
    """Which facts: `tune` for choices, `test` once a configuration is final."""
    count: int | None = None
    """How many facts; all where it is left out."""
    probes: int | None = None
    """How many probes of each kind; all where it is left out."""
    seed: int = 0
    """Of the sample of facts and wordings."""
    rule: str = "posterior"
    """The local rule."""
    text: str | None = None
    """A file of paragraphs that the host has never seen, for false fires; optional."""


@contextmanager
def fresh_learner(config: Config) -> Iterator[Learner]:
    """A learner on a new brain, which goes at the end."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Learner.open(folder, rule=config.rule) as learner,
    ):
        yield learner


def examine(learner: Learner, exam: Exam, config: Config) -> dict[str, Any]:
    """Teach the exam's facts in one call and ask its probes."""
    began = time.perf_counter()
    taught = exam.statements
    learner.write(taught)
    result: dict[str, Any] = {"facts": len(taught)}
    result["write_seconds_per_fact"] = round((time.perf_counter() - began) / len(taught), 5)
    for kind, all_probes in exam.probes.items():
        probes = _some(all_probes, config)
        prompts = [p.prompt for p in probes]
        said = [r.answer for r in learner.ask(prompts)]
        if kind in TOLD:
            hits = [s == p.answer for s, p in zip(said, probes, strict=True)]
        else:
            bare = [short(s.text) for s in answer(learner.host, prompts)]
            hits = [s == b for s, b in zip(said, bare, strict=True)]
        wrong = [
            [p.prompt, p.answer, s] for p, s, ok in zip(probes, said, hits, strict=True) if not ok
        ]
        result[kind] = interval(hits) | {"missed": wrong[:SAMPLES]}
    return result


def _some(probes: list[Probe], config: Config) -> list[Probe]:
    if config.probes is None or len(probes) <= config.probes:
        return probes
    return random.Random(config.seed).sample(probes, config.probes)


def host_knowledge(host: Host, seed: int, count: int) -> dict[str, Any]:
    """The bare host on its own facts, on trained wordings and on those that it never saw."""
    rng, wordings, main = random.Random(seed), corpus_wordings(), examined_wordings()
    result = {}
    for kind, pool in (
        ("main", main),
        ("held_out", {r: list(w.held_out) for r, w in wordings.items()}),
    ):
        facts = [f for f in corpus_facts() if f.split == "known" and pool.get(f.relation)]
        facts = rng.sample(facts, min(count, len(facts)))
        prompts = [rng.choice(pool[f.relation]).replace("{}", f.subject) for f in facts]
        said = [short(s.text) for s in answer(host, prompts)]
        result[kind] = interval([s == f.object for s, f in zip(said, facts, strict=True)])
    return result


def several_words(exam: Exam, seed: int) -> Exam:
    """The same facts with made-up answers of two to four words."""
    rng = random.Random(seed)
    words = sorted({f.object for f in corpus_facts()})
    taught = exam.probes["taught"]
    said = {p.fact: " ".join(rng.sample(words, rng.randint(2, 4))) for p in taught}
    kinds = ("taught", "paraphrase", "question")
    told = {k: [replace(p, answer=said[p.fact]) for p in exam.probes[k]] for k in kinds}
    return Exam(told)


def novel_relations(config: Config) -> dict[str, Any]:
    """Facts of relations left out of the bank: recall and locality."""
    rng = random.Random(config.seed)
    relations = set(rng.sample(sorted(examined_wordings()), NOVEL))
    whole = calibrated.material()
    kept = [worded for worded in whole.wordings if worded.relation not in relations]
    material = replace(whole, wordings=kept)
    exam = build_exam(config.count, seed=config.seed, split=config.split, relations=relations)
    with _without_cache(lambda: material), fresh_learner(config) as learner:
        return examine(learner, exam, config) | {"relations": sorted(relations)}


@contextmanager
def _without_cache(material: Callable[[], Material]) -> Iterator[None]:
    """Calibrate on other material inside, and keep nothing of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(calibrated, "material", material),
        mock.patch.object(calibrated, "calibration_path", return_value=Path(folder) / "made"),
    ):
        yield


def experiment(config: Config) -> dict[str, Any]:
    """All figures of one configuration."""
    exam = build_exam(config.count, seed=config.seed, split=config.split)
    with fresh_learner(config) as learner:
        result = {"writer": examine(learner, exam, config)}
        result["host"] = host_knowledge(learner.host, config.seed, config.probes or KNOWN)
        if config.text:
            result["text"] = false_fires(learner, read_paragraphs(Path(config.text), PARAGRAPHS))
    with fresh_learner(config) as learner:
        result["several_words"] = examine(learner, several_words(exam, config.seed), config)
    result["novel_relations"] = novel_relations(config)
    return result


def main() -> None:
    """Read a configuration, run it and write its record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--name", help="of the record; the configuration's file name if left out")
    arguments = parser.parse_args()
    values = tomllib.loads(arguments.config.read_text("utf-8"))
    config = Config(**values)
    path = run_recorded(
        arguments.name or arguments.config.stem,
        values,
        [arguments.config],
        lambda: experiment(config),
    )
    print(path)


if __name__ == "__main__":
    main()
