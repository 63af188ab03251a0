"""What writing and asking cost, beside the bare host in the same run."""

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from adapters.query.denoise import PosteriorDenoiser
from adapters.text.table import NOBODY
from adapters.write.rows import NAMES, FactRows, join
from oneshot.core.memory import peak_mib
from oneshot.facts.answering import answer
from oneshot.facts.examination.exam import build_exam
from oneshot.facts.learner import Learner
from oneshot.facts.told import told_of
from oneshot.facts.types import Statement
from oneshot.memory.disk.segments import SegmentStore
from oneshot.progress import Report, silent

SINGLE, BATCH, RECEIPTS, QUERIES = 60, 320, 32, 32
SMALL, LARGE = 1_000, 10_000  # facts in a brain that is asked
FEW, MANY = 100, 100_000  # facts in a brain that is written to
ROUNDS = 5  # of which the median counts


@dataclass(frozen=True)
class Aims:
    """What is aimed at on a host."""

    write: str
    rate: str
    receipts: str
    query: str


SMALL_HOST = Aims("<= 10", ">= 300", "", "<= 1.1")
LARGE_HOST = Aims("<= 40", ">= 25", ">= 10", "<= 1.15")
SIZE = 50_000_000  # parameters of a large host


@dataclass(frozen=True)
class Timing:
    """One figure: its value with its unit, and where there is one, the target."""

    what: str
    value: float
    unit: str
    target: str = ""


def bench_writer(learner: Learner, progress: Report | None = None) -> Iterator[Timing]:
    """Time writes and queries on a new brain with facts that the host was not trained on."""
    progress = progress or silent
    facts = build_exam(SINGLE + BATCH + RECEIPTS, known=0, untaught=0).statements
    aims = LARGE_HOST if learner.host.model.num_parameters() > SIZE else SMALL_HOST
    yield from _writes(learner, facts, aims, progress)
    yield from _queries(learner, facts, aims, progress)
    yield from _sizes(learner, facts, progress)
    yield _memory(learner.config.host, facts[0])


def _writes(
    learner: Learner, facts: Sequence[Statement], aims: Aims, progress: Report
) -> Iterator[Timing]:
    forward, write = [], []
    for done, fact in enumerate(facts[:SINGLE], start=1):
        forward.append(_seconds(_forward, learner, fact))
        write.append(_seconds(learner.write, [fact]))
        progress("single writes", done, SINGLE)
    base, median = statistics.median(forward), statistics.median(write)
    yield Timing("forward pass of a prompt", 1000 * base, "ms")
    yield Timing("durable write of one fact", 1000 * median, "ms")
    yield Timing("write, 95th percentile", 1000 * statistics.quantiles(write, n=20)[-1], "ms")
    yield Timing("write over a forward pass", 1000 * (median - base), "ms", aims.write)
    rest, last = facts[SINGLE : SINGLE + BATCH], facts[SINGLE + BATCH :]
    rate = len(rest) / _seconds(learner.write, rest)
    yield Timing("facts taught in one call", rate, "/s", aims.rate)
    rate = len(last) / _seconds(_teach, learner, last)
    yield Timing("the same with the answers of receipts", rate, "/s", aims.receipts)


def _queries(
    learner: Learner, facts: Sequence[Statement], aims: Aims, progress: Report
) -> Iterator[Timing]:
    """Answers of untaught prompts: the adapter looks, nothing fires, the lengths are equal."""
    asked = build_exam(1, known=QUERIES, untaught=0, seed=1).probes["known"]
    prompts = [probe.prompt for probe in asked]
    for count, target in ((SMALL, aims.query), (LARGE, "<= 1.5")):
        rows = _crowd(_encoded(learner, facts[:64]), count)
        denoiser = PosteriorDenoiser(learner.lexicon, rows)
        bare, with_facts = [], []
        for done in range(ROUNDS):
            bare.append(_seconds(answer, learner.host, prompts))
            with_facts.append(_seconds(answer, learner.host, prompts, denoiser))
            progress(f"queries at {count:,} facts", done + 1, ROUNDS)
        ratio = statistics.median(w / b for w, b in zip(with_facts, bare, strict=True))
        yield Timing(f"query with {count:,} facts over bare host", ratio, "x", target)


def _sizes(learner: Learner, facts: Sequence[Statement], progress: Report) -> Iterator[Timing]:
    """The cost of storing one fact in a small and in a large brain."""
    medians = []
    for count in (FEW, MANY):
        rows = _crowd(_encoded(learner, facts[:64]), count + ROUNDS * 4)
        with tempfile.TemporaryDirectory() as folder:
            medians.append(_store_seconds(Path(folder), rows, count))
        progress("stores", len(medians), 2)
    yield Timing(f"storing a fact with {FEW:,} facts", 1000 * medians[0], "ms")
    yield Timing(f"storing with {MANY:,} over {FEW:,} facts", medians[1] / medians[0], "x", "<= 2")


def _store_seconds(folder: Path, rows: FactRows, count: int) -> float:
    store, keys = SegmentStore(folder), rows.hex_keys()
    records = [{"key": key, "prompt": "p", "answer": "a"} for key in keys]
    first = torch.arange(count)
    store.append(rows.take(first).tensors(), records[:count])
    times = []
    for number in range(count, len(rows)):
        row = rows.take(torch.tensor([number])).tensors()
        times.append(_seconds(store.append, row, [records[number]]))
    return statistics.median(times)


def _memory(host: str, fact: Statement) -> Timing:
    """Peak memory of a process that writes a fact over that of one that reads its prompt."""
    peaks = [_in_process(work, host, fact) for work in (_forward, _write)]
    return Timing("peak memory of a write over a forward pass", peaks[1] / peaks[0], "x", "<= 1.1")


def _in_process(work: Callable[[Learner, Statement], object], host: str, fact: Statement) -> float:
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=_peak, args=(work, host, fact, queue))
    process.start()
    peak: float = queue.get()
    process.join()
    return peak


def _peak(
    work: Callable[[Learner, Statement], object],
    host: str,
    fact: Statement,
    queue: "multiprocessing.SimpleQueue[float]",
) -> None:
    with tempfile.TemporaryDirectory() as folder, Learner.open(folder, model=host) as learner:
        work(learner, fact)
    queue.put(peak_mib())


@torch.inference_mode()
def _forward(learner: Learner, fact: Statement) -> None:
    ids = learner.host.tokenizer(fact.prompt, return_tensors="pt").input_ids
    learner.host.model(input_ids=ids.to(learner.host.model.device))


def _write(learner: Learner, fact: Statement) -> None:
    learner.write([fact])


def _teach(learner: Learner, facts: Sequence[Statement]) -> None:
    list(learner.teach(facts))


def _encoded(learner: Learner, facts: Sequence[Statement]) -> FactRows:
    return join(learner.encoder.encode_all([told_of(f, made=True) for f in facts]))


def _crowd(rows: FactRows, count: int) -> FactRows:
    """As many facts as asked for: the given ones' readings, each under a name of its own."""
    generator = torch.Generator().manual_seed(0)
    many = rows.take(torch.arange(count) % len(rows)).tensors()
    keys = torch.randint(1, 2**62, (count, NAMES), generator=generator)
    return FactRows.of(
        many
        | {
            "key": torch.randint(256, (count, 16), generator=generator).to(torch.uint8),
            "subject": torch.arange(count),
            "names": torch.where(many["names"] != NOBODY, keys, NOBODY),
            "firsts": torch.where(many["firsts"] != NOBODY, keys.flip(0), NOBODY),
        }
    )


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began
