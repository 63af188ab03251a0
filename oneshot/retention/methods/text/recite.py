"""A table that recites, in the manner of INLAY: a sentence encoder's key, a margin, a boost.

The stored fact whose prompt is most similar to the question speaks where the similarity passes a
threshold and is ahead of the nearest fact with another answer; its answer's tokens then have their
logits raised, one after another.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from adapters.host.sites import find_sites
from adapters.write.answers import answer_tokens
from oneshot.facts.answering import BATCH, Question, answer, short, text_of
from oneshot.hosts.load import Host
from oneshot.retention.methods.interface import Request
from oneshot.retention.methods.text.retrieval import Retrieving

RIVALS = 8  # the nearest facts among which one with another answer is looked for


@dataclass(frozen=True)
class ReciteSettings:
    """Least cosine, least distance to the runner-up, and what is added to a token's logit."""

    threshold: float = 0.7
    margin: float = 0.05
    boost: float = 30.0


class Recited(Retrieving):
    """The answer's tokens, said into the host's own generation."""

    name = "recited (INLAY-style)"

    def __init__(self, host: Host, settings: ReciteSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or ReciteSettings()

    def answers(self, questions: Sequence[Question]) -> list[str]:
        """Free greedy answers under the boost."""
        said: list[str] = []
        for start in range(0, len(questions), BATCH):
            some = questions[start : start + BATCH]
            with self._boosted([self._tokens(text_of(q)) for q in some]):
                said += [short(s.text) for s in answer(self.host, some, manner=self.manner)]
        return said

    def sureness(self, questions: Sequence[Question]) -> list[tuple[float, str]]:
        """The similarity of the nearest fact, whatever the margin."""
        return self.store.sureness(questions)

    def speaks(self, prompt: str) -> Request | None:
        """The fact that answers a prompt, if one does."""
        near = self.store.nearest(prompt, RIVALS)
        if not near or near[0][0] < self.settings.threshold:
            return None
        best, fact = near[0]
        others = [
            score
            for score, other in near
            if other.answer != fact.answer and other.prompt != fact.prompt  # one told again is gone
        ]
        ahead = not others or best - max(others) >= self.settings.margin
        return fact if ahead else None

    def _tokens(self, prompt: str) -> list[int]:
        fact = self.speaks(prompt)
        return answer_tokens(self.host.tokenizer, fact.prompt, fact.answer) if fact else []

    @contextmanager
    def _boosted(self, rows: Sequence[list[int]]) -> Iterator[None]:
        """Inside, one generation over these rows has each row's next token raised at every step."""
        step = 0

        def raised(_module: nn.Module, _inputs: Any, logits: Tensor) -> Tensor:
            nonlocal step
            logits = logits.clone()
            for row, tokens in enumerate(rows):
                if step < len(tokens):
                    logits[row, -1, tokens[step]] += self.settings.boost
            step += 1
            return logits

        handle = find_sites(self.host.model).head.register_forward_hook(raised)
        try:
            yield
        finally:
            handle.remove()
