"""The measures of a brain of some size: what it keeps, and what each thing done with it takes."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from experiments.facts.costs.scale.growing import invented, statement, statements
from experiments.facts.running_text import false_fires
from oneshot.core.memory import peak_mib
from oneshot.facts.brain.records import Records
from oneshot.facts.examination.exam import build_exam
from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW, Manner
from oneshot.facts.types import Statement
from oneshot.hosts.corpus import background_text

PROBES, PARAGRAPHS, TIMED, ROUNDS, FEW = 200, 100, 40, 5, 10
FRESH, ASKED = 3, 4  # seeds of facts that are written and taken out again


def open_brain(folder: Path, host: str) -> Learner:
    """A brain on a host; `packaged` is the shipped one."""
    return Learner.open(folder, model=None if host == "packaged" else host)


def measure(folder: Path, config: dict[str, Any], size: int) -> dict[str, Any]:
    """All measures of a brain in `folder`, which is as before afterwards."""
    host, encoded = config["host"], config["encoded"]
    with tempfile.TemporaryDirectory() as empty:
        open_brain(Path(empty), host).close()  # what is read once only is in memory now
        empty_ms = ms(lambda: open_brain(Path(empty), host).close())
    before, own_before = _resident_mib()
    began = time.perf_counter()
    with open_brain(folder, host) as learner:
        learner.denoiser()
        opened = time.perf_counter() - began
        learner.ask([statement(0, 0, encoded).prompt], manner=RAW)
        first = time.perf_counter() - began
        memory, own = _resident_mib()
        found = {
            "open_seconds": opened,
            "open_empty_seconds": empty_ms / 1000,
            "first_answer_seconds": first,
            "resident_mib": memory,
            "resident_before_mib": before,
            "own_mib": own,
            "own_before_mib": own_before,
            **_stored(folder, size),
            **_kept(learner, encoded, size),
            **_queries(learner, encoded, size),
            **_changes(learner, encoded),
        }
    found |= _looked_up(folder, encoded)
    peak = peak_mib()
    doctor = ms(partial(Learner.doctor, folder)) if size <= config["examined"] else None
    return found | {"peak_mib": peak, "doctor_seconds": doctor and doctor / 1000}


def _resident_mib() -> tuple[float, float]:
    """Memory that is resident, and the part of it that is no file's: the system's cache of the
    segments is counted where they are mapped, whole pieces of it where one page is read.
    """
    found = psutil.Process().memory_info()
    return found.rss / 2**20, (found.rss - found.shared) / 2**20


def _stored(folder: Path, size: int) -> dict[str, float]:
    """Bytes a fact: of weights with their texts, and of the journal with its index of words."""
    sizes = {p: p.stat().st_size for p in folder.rglob("*") if p.is_file()}
    weights = sum(count for path, count in sizes.items() if path.parent != folder)
    journal = sum(count for path, count in sizes.items() if path.name.startswith("journal"))
    return {"weight_bytes_per_fact": weights / size, "journal_bytes_per_fact": journal / size}


def _kept(learner: Learner, encoded: int, size: int) -> dict[str, Any]:
    """Answers to taught prompts and to the same ones on other names, and words in running text."""
    chosen = _sample(encoded, size)
    said = learner.ask([s.prompt for s in chosen], manner=RAW)
    right = sum(r.answer.rstrip(".") == s.answer for r, s in zip(said, chosen, strict=True))
    draw = random.Random(1)
    strangers = [s.prompt.replace(str(s.subject), invented(draw)) for s in chosen]
    unchanged = sum(not reply.facts for reply in learner.ask(strangers, manner=RAW))
    text = false_fires(learner, background_text()[-PARAGRAPHS:])
    return {
        "recall": right / len(chosen),
        "neighbours": unchanged / len(strangers),
        "text_fires": text["fires"],
        "text_tokens": text["tokens"],
    }


def _sample(encoded: int, size: int) -> list[Statement]:
    """Facts drawn from all, encoded and enrolled ones alike."""
    return [
        statement(0, n, encoded) for n in random.Random(2).sample(range(size), min(PROBES, size))
    ]


def _queries(learner: Learner, encoded: int, size: int) -> dict[str, float]:
    """Milliseconds of questions about known facts, and of texts about a taught name to which no
    fact is asked, over those of the bare host; in turns.
    """
    known = build_exam(1, known=TIMED, untaught=0, seed=1).probes["known"]
    chosen = _sample(encoded, size)[:TIMED]
    named = [f"A letter of last summer about {s.subject} and" for s in chosen]
    return {
        **_compared(learner, "query", [probe.prompt for probe in known]),
        **_compared(learner, "named", named),
    }


def _compared(learner: Learner, name: str, prompts: Sequence[str]) -> dict[str, float]:
    manner, bare, taught = Manner(raw=True, max_new_tokens=8), list[float](), list[float]()
    for _ in range(ROUNDS):
        bare.append(ms(partial(learner.ask, prompts, manner=manner, adapter=False)))
        taught.append(ms(partial(learner.ask, prompts, manner=manner)))
    ratio = statistics.median(t / b for t, b in zip(taught, bare, strict=True))
    count = len(prompts)
    return {
        f"{name}_bare_ms": min(bare) / count,
        f"{name}_ms": min(taught) / count,
        f"{name}_ratio": ratio,
    }


def _changes(learner: Learner, encoded: int) -> dict[str, float]:
    """Milliseconds of single changes; the facts are as before after them."""
    fresh = statements(FRESH, encoded, 0, TIMED)
    learner.write(statements(ASKED, encoded, 0, 1))
    written = [ms(partial(learner.write, [s])) for s in fresh]
    asked = [_after_a_write(learner, s) for s in statements(ASKED, encoded, 1, FEW)]
    ids = _ids(learner, fresh)
    forgotten = [ms(partial(learner.forget, [i])) for i in ids[:FEW]]
    learner.forget([*ids[FEW:], *_ids(learner, statements(ASKED, encoded, 0, FEW))])
    return {
        "write_ms": statistics.median(written),
        "write_slowest_ms": max(written),
        "ask_after_write_ms": statistics.median(asked),
        "forget_ms": statistics.median(forgotten),
    }


def _ids(learner: Learner, facts: Sequence[Statement]) -> list[int]:
    return [fact.id for s in facts for fact in learner.by_subject(str(s.subject))]


def _after_a_write(learner: Learner, fact: Statement) -> float:
    """What the next question has to wait for after a write."""
    learner.write([fact])
    return ms(learner.denoiser)


def _looked_up(folder: Path, encoded: int) -> dict[str, float]:
    """Milliseconds of what needs no model."""
    with Records.open(folder) as records:
        last = records.stats().live
        name = str(statement(0, last - 1, encoded).subject)
        return {
            "search_ms": ms(partial(records.search, name)),
            "list_ms": ms(partial(records.facts, after=last // 2, limit=100)),
            "stats_ms": ms(records.stats),
        }


def ms(call: Callable[[], Any]) -> float:
    """Milliseconds that a call takes."""
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)
