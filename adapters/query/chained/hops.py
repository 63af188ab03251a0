"""Steps that no taught fact takes: what is to be put in a phrase's place before a text is answered.

"What is the capital of the country where Zora lives?", with Zora's country taught and nothing of
that: the fact's answer is put there, and the host asked again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.denoise import PosteriorDenoiser
from adapters.query.running import Alone, Sequence
from adapters.query.view import Asked
from adapters.text.words import words_of


@dataclass(frozen=True)
class Hop:
    """A phrase, and the `answer` that the facts `via` put in its place."""

    phrase: str
    answer: str
    via: tuple[int, ...]


class Hops:
    """A denoiser that never speaks, and hears which step a text waits for.

    `answered` says that facts answer the text as it stands.
    """

    def __init__(self, denoiser: PosteriorDenoiser) -> None:
        self.denoiser = denoiser
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
        found = [hop for h in heard for hop in self._by_facts(h.asked)]
        self.found = found[0] if found else None

    def _by_facts(self, asked: Asked) -> Iterator[Hop]:
        inner = self.denoiser.inner(asked)
        if inner:
            answer = self.denoiser.voice.answer(inner.via[-1]).removesuffix(".")
            if any(word.capital for word in words_of(answer)):  # a name, of which more may be asked
                yield Hop(asked.view.text[slice(*inner.span)], answer, inner.via)
