"""Steps that no taught fact takes: what is to be put in a phrase's place before a text is answered.

"What is the capital of the country where Zora lives?", with Zora's country taught and nothing of
that: the fact's answer is put there, and the host asked again. "Who leads the country that Ann
Bell is from?", with a leader taught and nothing of her: the host is to say what the phrase is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.chains import INSIDE
from adapters.query.denoise import PosteriorDenoiser
from adapters.query.phrases import noun_phrases
from adapters.query.running import Alone, Sequence
from adapters.query.view import Asked
from adapters.text.words import words_of

ROWS = 4096  # facts whose readings are compared at a time
WAITING = 16  # facts that the answer of a phrase may be about


@dataclass(frozen=True)
class Hop:
    """A phrase, and the `answer` that facts `via` put in its place.

    Where these are empty the host is to say what it is; the facts of `waiting` may be on that.
    """

    phrase: str
    answer: str = ""
    via: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()


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
        if heard:
            found = [hop for h in heard for hop in self._by_facts(h.asked)]
        else:
            asks = self.denoiser.listener.unnamed(said, at)
            found = [hop for asked_ in asks for hop in self._by_host(asked_)]
        self.found = found[0] if found else None

    def _by_facts(self, asked: Asked) -> Iterator[Hop]:
        inner = self.denoiser.inner(asked)
        if inner:
            answer = self.denoiser.voice.answer(inner.via[-1]).removesuffix(".")
            if any(word.capital for word in words_of(answer)):  # a name, of which more may be asked
                yield Hop(asked.view.text[slice(*inner.span)], answer, inner.via)

    def _by_host(self, asked: Asked) -> Iterator[Hop]:
        """The phrase around a name that nobody taught behind which a taught relation waits."""
        found = list[tuple[float, Hop]]()
        for name in asked.view.strangers(asked.within, asked.named):
            for span in noun_phrases(asked, name):
                code = asked.view.codes.codes([(asked.within, [span])])
                sure = [] if code is None else self._surely(code)
                if sure:
                    waiting = tuple(row for _, row in sure)
                    hop = Hop(asked.view.text[slice(*span)], waiting=waiting)
                    found.append((sure[0][0], hop))
        yield from [hop for _, hop in sorted(found, key=lambda pair: -pair[0])][:1]

    def _surely(self, code: Float[Tensor, "1 rank"]) -> list[tuple[float, int]]:
        """The facts that a code surely asks for, with their evidence, the surest first."""
        of_each = self.denoiser.evidence.of_each
        weighed = [(float(of_each(row, code)[0]), row) for row in self._nearest(code)]
        return sorted((pair for pair in weighed if pair[0] > INSIDE), reverse=True)

    def _nearest(self, code: Float[Tensor, "1 rank"]) -> list[int]:
        """The facts whose readings are likeliest to ask the same as a code."""
        metric, numbers, found = self.denoiser.calibration.metric, list[Tensor](), list[Tensor]()
        for rows, readings, count in self.denoiser.rows.asked_by():
            numbers.append(rows)
            for part, many in zip(readings.split(ROWS), count.split(ROWS), strict=True):
                ratio = metric.ratio(code, part.float().flatten(0, 1)).unflatten(1, part.shape[:2])
                there = torch.arange(part.shape[1]) < many[:, None]
                found.append(ratio[0].masked_fill(~there, -torch.inf).amax(1))
        if not found:
            return []
        best = torch.cat(found)
        return torch.cat(numbers)[best.topk(min(WAITING, len(best))).indices].tolist()
