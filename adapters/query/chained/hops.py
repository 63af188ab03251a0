"""Steps that no taught fact takes: what is to be put in a phrase's place before a text is answered.

"What is the capital of the country where Zora lives?", with Zora's country taught and nothing of
that: the fact's answer is put there, and the host asked again. So it is with what a place has from
the country that it lies in: "Which currency is used in Velmark?".
"""

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.denoise import PosteriorDenoiser
from adapters.query.listening.asked import Asked
from adapters.query.running import Alone, Sequence
from adapters.text.clauses import Span, denies
from adapters.text.words import words_of


@dataclass(frozen=True)
class Hop:
    """A phrase, and the `answer` that the facts `via` put in its place."""

    phrase: str
    answer: str
    via: tuple[int, ...]


class Hops:
    """A denoiser that never speaks, and hears which step a text waits for.

    `passed_on` are what subjects have from the answers of relations of the bank; `answered` says
    that facts answer the text as it stands.
    """

    def __init__(
        self, denoiser: PosteriorDenoiser, passed_on: Mapping[str, List[str]] | None = None
    ) -> None:
        self.denoiser, self.passed_on = denoiser, passed_on or {}
        self.calibration: Calibration = denoiser.calibration
        self.tokenizer = denoiser.tokenizer
        self.found: Hop | None = None
        self.answered = False

    def label(self, token: int) -> Float[Tensor, " width"]:
        """The label embedding of a token, of norm 1."""
        return self.denoiser.label(token)

    def listen(self, said: Sequence, at: int, alone: Alone | None = None, *, asked: bool) -> None:
        """Note what the text up to token `at` waits for."""
        if not asked:
            return
        self.answered = self.denoiser.listen(said, at, alone, asked=True) is not None
        if self.answered:
            return
        heard, _ = self.denoiser.listener.asked(said, at, alone)
        clauses = [h.asked for h in heard if not (h.exact or denies(h.asked.text))]
        found = [hop for c in clauses for by in (self._by_facts, self._by_place) for hop in by(c)]
        self.found = found[0] if found else None

    def _by_facts(self, asked: Asked) -> Iterator[Hop]:
        inner = self.denoiser.inner(asked)
        if inner and not self.denoiser.evidence.asks_of_before(inner.via[-1], asked.text):
            yield from self._hop(asked, inner.span, inner.via)

    def _by_place(self, asked: Asked) -> Iterator[Hop]:
        clause = asked.text.lower()
        for mention, rows in asked.named:
            for row in rows:
                things = self.passed_on.get(self.denoiser.evidence.relation(row), ())
                if any(thing in clause for thing in things):
                    yield from self._hop(asked, (mention.start, mention.end), (row,))

    def _hop(self, asked: Asked, span: Span, via: tuple[int, ...]) -> Iterator[Hop]:
        answer = self.denoiser.voice.answer(via[-1]).removesuffix(".")
        if any(word.capital for word in words_of(answer)):  # a name, of which more may be asked
            yield Hop(asked.view.text[slice(*span)], answer, via)
