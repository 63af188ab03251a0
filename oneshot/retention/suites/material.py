"""What suites are made from: the host and what it says by itself, data, and a random draw."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from adapters.write.answers import answer_tokens
from oneshot.errors import BadInputError
from oneshot.facts.answering import answer, short
from oneshot.facts.language.checking import check_statement
from oneshot.facts.manner import PLAIN_TOKENS
from oneshot.facts.types import Statement
from oneshot.files.durable import write_atomically
from oneshot.hosts.corpus import background_text
from oneshot.hosts.load import Host
from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.data_folder import DataFolder

PREFIX = 50  # unrelated tokens put in front of a prompt
PASSAGES = 600  # of the running text, from which they are drawn
SPARE = 8  # tokens of the host's window that nothing of ours fills

T = TypeVar("T")


class Bare:
    """The bare host's answers; every prompt is asked once, also over runs that share a file."""

    def __init__(self, host: Host, file: Path | None = None) -> None:
        self.host, self.file = host, file
        text = file.read_text("utf-8") if file and file.exists() else "{}"
        self._said: dict[str, str] = json.loads(text)

    def __call__(self, prompts: Sequence[str]) -> list[str]:
        """Free greedy answers, in the order asked."""
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._said]
        for prompt, said in zip(new, answer(self.host, new), strict=True):
            self._said[prompt] = short(said.text)
        if new and self.file:
            write_atomically(self.file, json.dumps(self._said).encode())
        return [self._said[prompt] for prompt in prompts]


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
    dropped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

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
        limit = getattr(self.host.model.config, "max_position_embeddings", None)
        size = len(self.host.tokenizer(prompt)["input_ids"])
        return limit is None or size + PLAIN_TOKENS + SPARE <= limit

    def unknown(self, requests: Iterable[tuple[Request, T]]) -> list[T]:
        """Those whose answer the bare host does not give already; counts the others."""
        pairs = list(requests)
        said = self.bare([request.prompt for request, _ in pairs])
        kept = [x for (r, x), s in zip(pairs, said, strict=True) if s != r.answer]
        self.dropped["the bare host says so already"] += len(pairs) - len(kept)
        return kept

    def with_prefix(self, prompt: str) -> str:
        """The prompt behind about 50 tokens of running text, which has nothing to do with it."""
        texts, tokenizer = self.text, self.host.tokenizer
        passage = texts[self.rng.randrange(PASSAGES) % len(texts)]
        tokens = tokenizer(passage, add_special_tokens=False)["input_ids"]
        text = tokenizer.decode(tokens[:PREFIX]).strip()
        return f"{text.rstrip('.,;:')}. {prompt}"

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
