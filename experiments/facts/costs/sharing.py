"""Processes that read and change one brain at the same time: is anything lost, who waits how long.

    python -m experiments.facts.costs.sharing experiments/configs/facts-sharing.toml

Readers ask what was there from the beginning, writers teach and forget facts of their own. What a
reader waits for is what the brain adds to a question: to see what others changed, and their locks.
All share the machine's cores, so that times on the clock hold waits for a core; seconds of the
process's own work stand beside them.
"""

import argparse
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.facts.costs.scale.growing import statements
from experiments.facts.costs.scale.measures import ms
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW
from oneshot.facts.types import Statement

ENCODED = 1_000_000  # none of the facts borrows another's wording
QUANTILES = (0.5, 0.95, 0.99, 1.0)
LIMIT_MS = 100.0
Found = dict[str, list[Any]]


@dataclass(frozen=True)
class Config:
    """How many read and write, for how long, and how many facts are there before."""

    readers: int = 8
    writers: int = 2
    seconds: float = 600.0
    facts: int = 200
    kept: int = 20
    """Facts that a writer keeps; it forgets the oldest one beyond."""
    pause: float = 0.25
    """Seconds between two changes of a writer."""


def experiment(config: Config) -> dict[str, Any]:
    """Let all of them work, then look at what is there."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "brain"
        before = statements(0, ENCODED, 0, config.facts)
        with Learner.open(folder) as learner:
            learner.write(before)
        found = _together(folder, config)
        merged = {name: [x for part in found for x in part.get(name, [])] for name in NAMES}
        expected = [_pair(fact) for fact in before] + merged["kept"]
        return {**_times(merged), **_left(folder, expected), **_right(merged)}


NAMES = "waited_ms", "worked_ms", "right", "taught_ms", "forgot_ms", "kept"


def _together(folder: Path, config: Config) -> list[Found]:
    works = [partial(read, folder, config, n) for n in range(config.readers)]
    works += [partial(write, folder, config, n) for n in range(config.writers)]
    with multiprocessing.get_context("spawn").Pool(len(works)) as pool:
        return pool.map(_called, works, chunksize=1)


def _called(work: Callable[[], Found]) -> Found:
    return work()


def read(folder: Path, config: Config, number: int) -> Found:
    """Ask one fact after another."""
    draw, facts = random.Random(number), statements(0, ENCODED, 0, config.facts)
    waited, worked, right = list[float](), list[float](), list[bool]()
    with Learner.open(folder) as learner:
        learner.ask([facts[0].prompt], manner=RAW)
        until = time.perf_counter() + config.seconds
        while time.perf_counter() < until:
            fact = draw.choice(facts)
            clock, work = time.perf_counter(), time.process_time()
            learner.denoiser()
            waited.append(1000 * (time.perf_counter() - clock))
            worked.append(1000 * (time.process_time() - work))
            reply = learner.ask([fact.prompt], manner=RAW)[0]
            right.append(reply.answer.rstrip(".") == fact.answer)
    return {"waited_ms": waited, "worked_ms": worked, "right": right}


def write(folder: Path, config: Config, number: int) -> Found:
    """Teach one fact after another, and forget the oldest of those taught."""
    taught, forgot, held, count = list[float](), list[float](), list[Statement](), 0
    with Learner.open(folder) as learner:
        until = time.perf_counter() + config.seconds
        while time.perf_counter() < until:
            (fact,) = statements(1 + number, ENCODED, count, count + 1)
            taught.append(ms(partial(learner.write, [fact])))
            held.append(fact)
            count += 1
            if len(held) > config.kept:
                gone = learner.by_subject(str(held.pop(0).subject))
                forgot.append(ms(partial(learner.forget, [entry.id for entry in gone])))
            time.sleep(config.pause)
    return {"taught_ms": taught, "forgot_ms": forgot, "kept": [_pair(fact) for fact in held]}


def _pair(fact: Statement) -> tuple[str, str]:
    return fact.prompt, fact.answer


def _left(folder: Path, expected: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Facts that are missing, there twice or not wanted, and whether the folder is well."""
    with Learner.open(folder) as learner:
        there = [(fact.prompt, fact.answer) for fact in learner.facts()]
        said = learner.ask([prompt for prompt, _ in expected], manner=RAW)
        weights = len(learner.ledger.live) - len(learner.ledger.texts.all_implied())
    answered = (r.answer.rstrip(".") == a for r, (_, a) in zip(said, expected, strict=True))
    return {
        "facts": len(expected),
        "missing": len({*expected} - {*there}),
        "twice": len(there) - len({*there}),
        "unwanted": len({*there} - {*expected}),
        "in_weights": weights,
        "answered": sum(answered),
        "healthy": all(finding.ok for finding in Learner.doctor(folder)),
    }


def _times(found: Found) -> dict[str, Any]:
    names = [name for name in NAMES if name.endswith("_ms")]
    late = sum(wait > LIMIT_MS for wait in found["waited_ms"])
    spread = {name: _spread(found[name]) for name in names}
    return {**spread, "waited_over_100_ms": late}


def _right(found: Found) -> dict[str, int]:
    return {"asked": len(found["right"]), "right": sum(found["right"])}


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Count and quantiles."""
    quantiles = np.quantile(values, QUANTILES) if values else [float("nan")] * len(QUANTILES)
    named = zip(QUANTILES, quantiles, strict=True)
    return {"n": len(values)} | {f"p{100 * q:g}": round(float(v), 2) for q, v in named}


def main() -> None:
    """Measure as a configuration says, and write the record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("config", type=Path)
    path = parser.parse_args().config
    config = read_plan(path, Config)
    print(run_recorded(path.stem, asdict(config), [], partial(experiment, config)))


if __name__ == "__main__":
    main()
