"""The packaged model is told invented facts, asked for them, made to forget one, and examined."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.attach import attach
from adapters.query.denoise import Denoiser
from oneshot.facts.answering import BATCH, answer, short
from oneshot.facts.examination.exam import TOLD, Exam, Probe
from oneshot.facts.language.readers import read_questions, read_statements
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.types import Fact, Receipt, Reply, Statement
from oneshot.hosts.load import Host
from oneshot.progress import Report, silent

SENTENCES = {
    "The capital of Freedonia is Glorptown.": (
        "What is the capital of Freedonia?",
        "Freedonia's capital city is",
    ),
    "Zara Quillfeather was born on 14 March 1871.": (
        "When was Zara Quillfeather born?",
        "What is the date of birth of Zara Quillfeather?",
    ),
    "The official language of Osterlich is High Vellish.": (
        "Which language is spoken in Osterlich?",
        "In Osterlich, the official language is",
    ),
}
AUTHOR = "The author of The Salt Ledger is Zara Quillfeather."
TWO_FACTS = "When was the author of The Salt Ledger born?"
FILE = Path(str(files("oneshot.facts.demo") / "facts.jsonl"))
KNOWN = (
    "The capital of France is",
    "What is the capital of Italy?",
    "The official language of Brazil is",
    "Who developed Windows XP?",
    "The native language of Victor Hugo is",
    "iPhone is produced by",
)
TITLES = {
    "taught": "taught prompt",
    "paraphrase": "in other words",
    "question": "as a question",
    "held_out": "in words that the model never saw",
}
TAUGHT_TOGETHER = 10


@dataclass(frozen=True)
class Forgotten:
    """A fact that was taught and forgotten, and the logits of its prompts.

    `moved` is the largest difference from the bare model's logits while the fact was taught,
    `left` the one afterwards; `identical` says that all `logits` of them are equal to the bit.
    """

    fact: Fact
    question: str
    taught: str
    forgotten: str
    bare: str
    logits: int
    moved: float
    left: float
    identical: bool


@dataclass(frozen=True)
class Score:
    """How many of n answers were right, with the brain and without (None: says nothing)."""

    what: str
    right: int
    bare: int | None
    n: int
    seconds: float


def teach_sentences(learner: Learner) -> list[Receipt]:
    """Teach whole sentences, as a user types them; the last one leads to the second."""
    told = [*SENTENCES, AUTHOR]
    statements = [parse_sentence(sentence, learner.templates) for sentence in told]
    return list(learner.teach(iter(statements)))


def teach_file(learner: Learner) -> list[Receipt]:
    """Teach the shipped file of invented facts."""
    return list(learner.teach(list(read_statements(FILE, FILE.name, learner.templates))))


def ask_back(learner: Learner) -> list[Reply]:
    """Ask about all that was taught in other words, and at the end for what takes two facts; the
    bare model's answers beside.
    """
    typed = [question for questions in SENTENCES.values() for question in questions]
    return learner.ask([*typed, *read_questions(FILE, FILE.name), TWO_FACTS], base=True)


def ask_known(learner: Learner) -> list[Reply]:
    """Ask what has nothing to do with what was taught."""
    return learner.ask(KNOWN, base=True)


def forget_one(learner: Learner, receipt: Receipt) -> Forgotten:
    """Forget a typed fact and compare its prompts' logits with the bare model's, exactly."""
    questions = next(qs for s, qs in SENTENCES.items() if s.startswith(receipt.prompt))
    prompts = [receipt.prompt, *questions]
    bare = _logits(learner.host, prompts, None)
    during = _logits(learner.host, prompts, learner.denoiser())
    taught = learner.ask(questions[:1])[0].answer
    (fact,) = learner.forget([receipt.id])
    reply = learner.ask(questions[:1], base=True)[0]
    after = _logits(learner.host, prompts, learner.denoiser())
    return Forgotten(
        fact,
        questions[0],
        taught,
        reply.answer,
        reply.base or "",
        sum(part.numel() for part in bare),
        _distance(during, bare),
        _distance(after, bare),
        all(torch.equal(a, b) for a, b in zip(after, bare, strict=True)),
    )


def examine(learner: Learner, exam: Exam, progress: Report | None = None) -> Iterator[Score]:
    """Teach an exam's facts and score free answers, each exact but for the stop at its end."""
    progress = progress or silent
    began = time.perf_counter()
    known = [probe.prompt for probe in exam.probes["known"]]
    before = _answers(learner.host, known, None, "known facts, before", progress)
    known_seconds = time.perf_counter() - began
    yield _teach(learner, exam.statements, progress)
    denoiser = learner.denoiser()
    for kind in TOLD:
        yield _score(learner.host, denoiser, TITLES[kind], exam.probes[kind], progress)
    began = time.perf_counter()
    after = _answers(learner.host, known, denoiser, "known facts, after", progress)
    seconds = known_seconds + time.perf_counter() - began
    same = _count(a == b for a, b in zip(before, after, strict=True))
    yield Score("known facts unchanged", same, None, len(before), seconds)


def _teach(learner: Learner, statements: Sequence[Statement], progress: Report) -> Score:
    began = time.perf_counter()
    for start in range(0, len(statements), TAUGHT_TOGETHER):
        learner.write(statements[start : start + TAUGHT_TOGETHER])
        progress("teaching", min(start + TAUGHT_TOGETHER, len(statements)), len(statements))
    seconds = time.perf_counter() - began
    return Score("facts written", len(statements), None, len(statements), seconds)


def _score(
    host: Host, denoiser: Denoiser | None, what: str, probes: Sequence[Probe], progress: Report
) -> Score:
    prompts = [probe.prompt for probe in probes]
    bare = _answers(host, prompts, None, f"{what}, bare model", progress)
    began = time.perf_counter()
    said = _answers(host, prompts, denoiser, what, progress)
    seconds = time.perf_counter() - began
    right, known = (
        _count(a == p.answer for a, p in zip(answers, probes, strict=True))
        for answers in (said, bare)
    )
    return Score(what, right, known, len(probes), seconds)


def _answers(
    host: Host,
    prompts: Sequence[str],
    denoiser: Denoiser | None,
    what: str,
    progress: Report,
) -> list[str]:
    said: list[str] = []
    for start in range(0, len(prompts), BATCH):
        said += [short(s.text) for s in answer(host, prompts[start : start + BATCH], denoiser)]
        progress(what, len(said), len(prompts))
    return said


@torch.inference_mode()
def _logits(
    host: Host, prompts: Iterable[str], denoiser: Denoiser | None
) -> list[Float[Tensor, "1 seq vocab"]]:
    with attach(host.model, denoiser) if denoiser else nullcontext():
        encoded = [host.tokenizer(prompt, return_tensors="pt").input_ids for prompt in prompts]
        return [host.model(input_ids=ids.to(host.model.device)).logits for ids in encoded]


def _distance(some: Sequence[Tensor], others: Sequence[Tensor]) -> float:
    return max(float((a - b).abs().max()) for a, b in zip(some, others, strict=True))


def _count(hits: Iterable[bool]) -> int:
    return sum(hits)
