"""What clients ask a server one after another, and what they see."""

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2

from oneshot.facts.examination.exam import Probe
from oneshot.facts.types import Statement

KINDS = ("taught", "own")
EXAMPLES = 5
Probes = dict[str, list[Probe]]


@dataclass
class Seen:
    """What the clients saw: seconds of each request, tokens, and answers.

    `alone` are the answers to the same questions when nobody else asked.
    """

    alone: dict[str, str] = field(default_factory=dict)

    whole: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    streamed: list[float] = field(default_factory=list)
    taught: list[float] = field(default_factory=list)
    tokens: int = 0
    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    other: list[dict[str, str]] = field(default_factory=list)
    named: int = 0
    failed: list[str] = field(default_factory=list)

    def answered(self) -> dict[str, Any]:
        """Right answers of all, taught ones that name a fact, and what was said otherwise alone."""
        return {
            "right": {kind: [self.right[kind], self.asked[kind]] for kind in KINDS},
            "taught_answers_that_name_a_fact": self.named,
            "answers_other_than_alone": len(self.other),
            "some_of_them": self.other[:EXAMPLES],
        }


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
    """Count an answer, and keep it where it is another one than alone."""
    seen.asked[kind] += 1
    seen.right[kind] += right(probe, text)
    if text != seen.alone.setdefault(probe.prompt, text):
        seen.other.append(
            {"kind": kind, "asked": probe.prompt, "said": text, "alone": seen.alone[probe.prompt]}
        )
    seen.named += kind == "taught" and bool(facts)


def right(probe: Probe, text: str) -> bool:
    """Whether an answer is the expected one."""
    return text.rstrip(".") == probe.answer.rstrip(".")


async def client_of(
    client: httpx2.AsyncClient, probes: Probes, dice: random.Random, seen: Seen, until: float
) -> None:
    """Ask one question after another, every other one as a stream, half of them about facts."""
    while time.perf_counter() < until:
        kind = dice.choice(KINDS)
        probe = dice.choice(probes[kind])
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
