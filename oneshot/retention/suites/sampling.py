"""What suites are made from: the host and what it says by itself, data, and a random draw."""

import json
import random
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from adapters.host.read import positions
from adapters.write.answers import answer_tokens
from oneshot.errors import BadInputError
from oneshot.facts.answering import Question, answer, short
from oneshot.facts.language.checking import check_statement
from oneshot.facts.manner import Manner
from oneshot.facts.types import Statement
from oneshot.files.durable import write_atomically
from oneshot.hosts.corpus import background_text
from oneshot.hosts.load import Host
from oneshot.retention.methods.interface import ASKED, Request
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.match import says
from oneshot.retention.suites.suite import Axes, Probe, Suite

PREFIX = 50  # unrelated tokens put in front of a prompt
PASSAGES = 600  # of the running text, from which they are drawn
SPARE = 8  # tokens of the host's window that nothing of ours fills

TUNED = 5  # one fact of a published set in so many is for choosing settings

Split = Literal["test", "tune"]
T = TypeVar("T")


class Bare:
    """The bare host's answers; every prompt is asked once, also over runs that share a file."""

    def __init__(self, host: Host, file: Path | None = None, manner: Manner = ASKED) -> None:
        self.host, self.file, self.manner = host, file, manner
        text = file.read_text("utf-8") if file and file.exists() else "{}"
        self._said: dict[str, str] = json.loads(text)

    def __call__(self, questions: Sequence[Question]) -> list[str]:
        """Free greedy answers, in the order asked."""
        keys = [self._key(question) for question in questions]
        new = {k: q for k, q in zip(keys, questions, strict=True) if k not in self._said}
        said = answer(self.host, list(new.values()), manner=self.manner)
        self._said |= {key: short(s.text) for key, s in zip(new, said, strict=True)}
        if new and self.file:
            write_atomically(self.file, json.dumps(self._said).encode())
        return [self._said[key] for key in keys]

    def _key(self, question: Question) -> str:
        text = question if isinstance(question, str) else json.dumps(question)
        return text if self.manner == ASKED else f"{self.manner} {text}"


@dataclass
class Material:
    """One draw of a suite: how many facts, at most how many probes an axis, and the seed."""

    host: Host
    bare: Bare
    data: DataFolder
    facts: int | None = None
    probes: int = 500
    seed: int = 0
    text_file: Path | None = None
    split: Split = "test"
    dropped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    @property
    def chat(self) -> bool:
        """Whether the host is asked through its chat template."""
        return self.bare.manner.chats(self.host)

    def mine(self, fact: str) -> bool:
        """Whether a fact of a published set, by its prompt, is of this draw's split."""
        return (zlib.crc32(fact.encode()) % TUNED == 0) == (self.split == "tune")

    def thin(self, items: Sequence[T]) -> list[T]:
        """At most `probes` of the items, evenly over their order, so that every age has some."""
        count = min(self.probes, len(items))
        return [items[i * len(items) // count] for i in range(count)]

    def writable(self, request: Request) -> bool:
        """Whether the host's tokens can hold the fact at all; counts those that they cannot."""
        statement = Statement(request.prompt, request.answer, request.subject)
        try:
            same = check_statement(statement) == statement
            answer_tokens(self.host.tokenizer, request.prompt, request.answer)
        except BadInputError:
            same = False
        fits = same and self.fits(request.prompt)
        if not fits:
            self.dropped["its text or answer cannot be written"] += 1
        return fits

    def fits(self, prompt: str) -> bool:
        """Whether the host's window holds the prompt and an answer."""
        limit = positions(self.host.model)
        size = len(self.host.tokenizer(prompt)["input_ids"])
        return limit is None or size + self.bare.manner.longest(self.host) + SPARE <= limit

    def unknown(self, requests: Iterable[tuple[Request, T]]) -> list[T]:
        """Those whose answer the bare host does not give already; counts the others."""
        pairs = list(requests)
        said = self.bare([request.prompt for request, _ in pairs])
        kept = [x for (r, x), s in zip(pairs, said, strict=True) if not says(s, (r.answer,))]
        self.dropped["the bare host says so already"] += len(pairs) - len(kept)
        return kept

    def with_prefix(self, prompt: str, tokens: int = PREFIX) -> str:
        """The prompt behind about so many tokens of running text that has nothing to do with it."""
        texts, tokenizer = self.text, self.host.tokenizer
        start, ids = self.rng.randrange(PASSAGES), list[int]()
        for i in range(start, start + len(texts)):
            if len(ids) >= tokens:
                break
            ids += tokenizer(f"{texts[i % len(texts)]} ", add_special_tokens=False)["input_ids"]
        text = tokenizer.decode(ids[:tokens]).strip()
        return f"{text.rstrip('.,;:')}. {prompt}"

    def suite(self, name: str, requests: list[Request], told: Axes, kept: Axes) -> Suite:
        """The suite of what fits the host, with answers of other facts as rivals."""
        told = {axis: self._fitting(probes) for axis, probes in told.items()}
        kept = {axis: self._fitting(probes) for axis, probes in kept.items()}
        answers = sorted({request.answer for request in requests})
        pools = [[a for a in answers if a != r.answer] or [r.subject] for r in requests]
        rivals = [self.rng.choice(pool) for pool in pools]
        return Suite(name, requests, told, kept, rivals, self.text, dict(self.dropped))

    def _fitting(self, probes: Sequence[Probe]) -> list[Probe]:
        return [probe for probe in probes if self.fits(probe.prompt)]

    @cached_property
    def text(self) -> tuple[str, ...]:
        """Running text: the file that was named, else the data folder's, else the package's.

        The package's text is the one that hosts are calibrated on.
        """
        if self.text_file is not None:
            return _lines(self.text_file)
        found = self.data.passages("text/wiki_qa_passages.txt.gz")
        if found is None:
            return background_text()
        passages = list(found)
        return tuple(random.Random(0).sample(passages, len(passages)))


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(line for line in path.read_text("utf-8").split("\n") if line.strip())
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"the text {path} cannot be read ({type(error).__name__}); give a file with a "
            "paragraph a line"
        ) from error
