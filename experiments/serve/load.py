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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import torch

from experiments.record import run_recorded
from oneshot.errors import BadInputError
from oneshot.facts.examination.exam import Exam, Probe, build_exam
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


@dataclass
class Seen:
    """What the clients saw: seconds of each request, tokens, and answers as expected."""

    whole: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    streamed: list[float] = field(default_factory=list)
    taught: list[float] = field(default_factory=list)
    tokens: int = 0
    right: dict[str, int] = field(default_factory=lambda: {"taught": 0, "own": 0})
    asked: dict[str, int] = field(default_factory=lambda: {"taught": 0, "own": 0})
    named: int = 0
    failed: list[str] = field(default_factory=list)


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


async def ask(client: httpx2.AsyncClient, probe: Probe, kind: str, seen: Seen) -> None:
    """One question, whose answer is to come whole."""
    body = {"model": "brain", "messages": [{"role": "user", "content": probe.prompt}]}
    began = time.perf_counter()
    reply = await client.post("/v1/chat/completions", json=body)
    seen.whole.append(time.perf_counter() - began)
    told = reply.raise_for_status().json()
    seen.tokens += told["usage"]["completion_tokens"]
    note(seen, kind, probe, told["choices"][0]["message"]["content"], told["oneshot_facts"])


async def stream(client: httpx2.AsyncClient, probe: Probe, kind: str, seen: Seen) -> None:
    """One question, whose answer is to come as a stream."""
    messages = [{"role": "user", "content": probe.prompt}]
    options = {"stream": True, "stream_options": {"include_usage": True}}
    text, facts, began, first = "", list[Any](), time.perf_counter(), True
    body = {"model": "brain", "messages": messages} | options
    async with client.stream("POST", "/v1/chat/completions", json=body) as reply:
        reply.raise_for_status()
        async for line in reply.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line.removeprefix("data: "))
            if first:
                seen.first.append(time.perf_counter() - began)
                first = False
            for choice in event["choices"]:
                text += choice["delta"].get("content", "")
            facts = event.get("oneshot_facts", facts)
            seen.tokens += event.get("usage", {}).get("completion_tokens", 0)
    seen.streamed.append(time.perf_counter() - began)
    note(seen, kind, probe, text, facts)


def note(seen: Seen, kind: str, probe: Probe, text: str, facts: list[Any]) -> None:
    """Count an answer."""
    seen.asked[kind] += 1
    seen.right[kind] += text.rstrip(".") == probe.answer.rstrip(".")
    seen.named += kind == "taught" and bool(facts)


async def client_of(
    client: httpx2.AsyncClient, exam: Exam, dice: random.Random, seen: Seen, until: float
) -> None:
    """Ask one question after another, every other one as a stream, half of them about facts."""
    while time.perf_counter() < until:
        kind = dice.choice(("taught", "own"))
        probe = dice.choice(exam.probes["question" if kind == "taught" else "known"])
        try:
            await dice.choice((ask, stream))(client, probe, kind, seen)
        except (httpx2.HTTPError, KeyError, ValueError) as error:
            seen.failed.append(f"{type(error).__name__}: {error}"[:200])


async def teacher(
    client: httpx2.AsyncClient, facts: list[Statement], pause: float, seen: Seen, until: float
) -> None:
    """Teach one fact after another."""
    for fact in facts:
        if time.perf_counter() >= until:
            return
        body = {"prompt": fact.prompt, "answer": fact.answer, "subject": fact.subject}
        began = time.perf_counter()
        reply = await client.post("/v1/facts", json=body)
        if reply.status_code == 201:
            seen.taught.append(time.perf_counter() - began)
        elif reply.status_code != 400:  # some subjects are parts of longer names
            seen.failed.append(reply.text[:200])
        await asyncio.sleep(pause)


async def load(address: str, config: Config, exam: Exam, more: list[Statement]) -> Seen:
    """All clients at once."""
    seen = Seen()
    limits = httpx2.Limits(max_connections=config.clients + 1)
    async with httpx2.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        until = time.perf_counter() + config.seconds
        dice = [random.Random(config.seed * 1000 + i) for i in range(config.clients)]
        await asyncio.gather(
            *(client_of(client, exam, die, seen, until) for die in dice),
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
        exam.probes["question"] = [p for p in exam.probes["question"] if p.fact in known]
        with server(folder) as (address, process):
            began, worked = time.perf_counter(), computed(process)
            seen = asyncio.run(load(address, config, exam, more))
            seconds, worked = time.perf_counter() - began, computed(process) - worked
        with Learner.open(folder) as learner:
            kept = len(learner.facts())
    return summary(seen, seconds, worked, kept, config)


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
        "right": {kind: [seen.right[kind], seen.asked[kind]] for kind in seen.right},
        "taught_answers_that_name_a_fact": seen.named,
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
