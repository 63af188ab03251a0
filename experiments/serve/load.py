"""Many clients ask a server on loopback, one after another each, while another one teaches it.

python -m experiments.serve.load experiments/configs/serve-load.toml

The server is the program itself with the packaged model; clients and server share the machine.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import torch

from experiments.record import run_recorded
from experiments.serve.clients import KINDS, Probes, Seen, ask, client_of, teacher
from oneshot.errors import BadInputError
from oneshot.facts.examination.exam import build_exam
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement

QUANTILES = (0.5, 0.95, 0.99, 1.0)
SPARE = 400  # facts that may be taught meanwhile
OWN = 300  # facts that the model knows by itself, asked as often as the taught ones


@dataclass(frozen=True)
class Config:
    """How many clients ask, for how long, and what was taught before."""

    clients: int = 64
    seconds: float = 120.0
    facts: int = 200
    pause: float = 1.0
    """Between two facts that are taught meanwhile."""
    split: str = "tune"
    seed: int = 0


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of `oneshot serve` in a process of its own, and that process."""
    command = [sys.executable, "-m", "oneshot", "--json", "--brain", str(folder), "serve"]
    process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        yield address, psutil.Process(process.pid)
        process.terminate()
        if process.wait(60) != 0:
            raise RuntimeError(f"the server ended with status {process.returncode}")
    finally:
        process.kill()


async def one_after_another(address: str, probes: Probes) -> Seen:
    """Every question by itself, when nobody else asks."""
    seen = Seen()
    async with httpx2.AsyncClient(base_url=address, timeout=120) as client:
        for kind in KINDS:
            for probe in probes[kind]:
                await ask(client, probe, kind, seen)
    return seen


async def load(
    address: str, config: Config, probes: Probes, more: list[Statement], alone: Seen
) -> Seen:
    """All clients at once."""
    seen = Seen(alone=alone.alone)
    limits = httpx2.Limits(max_connections=config.clients + 1)
    async with httpx2.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        until = time.perf_counter() + config.seconds
        dice = [random.Random(config.seed * 1000 + i) for i in range(config.clients)]
        await asyncio.gather(
            *(client_of(client, probes, die, seen, until) for die in dice),
            teacher(client, more, config.pause, seen, until),
        )
    return seen


def spread(seconds: list[float]) -> dict[str, float]:
    """Count and quantiles of times in seconds."""
    ordered = torch.tensor(sorted(seconds) or [float("nan")], dtype=torch.float64)
    found = {f"p{100 * q:g}": round(float(ordered.quantile(q)), 4) for q in QUANTILES}
    return {"n": len(seconds)} | found


def learn(
    learner: Learner, statements: list[Statement], count: int
) -> tuple[list[Statement], list[Statement]]:
    """Write so many facts, without those that name no subject by itself; and what is left."""
    written: list[Statement] = []
    for i, statement in enumerate(statements):
        if len(written) == count:
            return written, statements[i:]
        with suppress(BadInputError):
            learner.write([statement])
            written.append(statement)
    return written, []


def experiment(config: Config) -> dict[str, Any]:
    """Teach, serve, load, and what came out."""
    exam = build_exam(config.facts + SPARE, OWN, 0, seed=config.seed, split=config.split)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "brain"
        with Learner.open(folder) as learner:
            before, more = learn(learner, exam.statements, config.facts)
        told = {(fact.subject, fact.prompt) for fact in before}
        known = [p.fact for p in exam.probes["taught"] if (p.fact.subject, p.prompt) in told]
        asked = [p for p in exam.probes["question"] if p.fact in known]
        probes = dict(zip(KINDS, (asked, exam.probes["known"]), strict=True))
        with server(folder) as (address, process):
            alone = asyncio.run(one_after_another(address, probes))
            began, worked = time.perf_counter(), computed(process)
            seen = asyncio.run(load(address, config, probes, more, alone))
            seconds, worked = time.perf_counter() - began, computed(process) - worked
        with Learner.open(folder) as learner:
            kept = len(learner.facts())
    return summary(seen, seconds, worked, kept, config) | {"alone": alone.answered()}


def computed(process: psutil.Process) -> float:
    """Seconds that cores have worked for a process: they do not depend on what else they do."""
    times = process.cpu_times()
    return float(times.user + times.system)


def summary(seen: Seen, seconds: float, worked: float, kept: int, config: Config) -> dict[str, Any]:
    """Rates, times and answers of a run."""
    answered = len(seen.whole) + len(seen.streamed)
    return {
        "seconds": round(seconds, 2),
        "answers": answered,
        "answers_per_second": round(answered / seconds, 2),
        "tokens_per_second": round(seen.tokens / seconds, 1),
        "core_seconds_of_the_server": round(worked, 1),
        "answers_per_core_second": round(answered / worked, 1),
        "failed": len(seen.failed),
        "failures": seen.failed[:5],
        "whole_answer_seconds": spread(seen.whole),
        "stream_first_event_seconds": spread(seen.first),
        "stream_seconds": spread(seen.streamed),
        "teach_seconds": spread(seen.taught),
        **seen.answered(),
        "facts_before": config.facts,
        "facts_taught_meanwhile": len(seen.taught),
        "facts_live_afterwards": kept,
        "cores": os.cpu_count(),
        "threads_waiting_for_them": [round(busy, 1) for busy in os.getloadavg()],
    }


def main() -> None:
    """Measure as a configuration says, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    given = tomllib.loads(parser.parse_args().config.read_text("utf-8"))
    name, config = given.pop("name"), Config(**given)
    print(run_recorded(name, asdict(config), [], lambda: experiment(config)))


if __name__ == "__main__":
    main()
