"""One answer under way."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor

from adapters.query.decide import Change
from oneshot.facts.answering import SENTENCE_END
from oneshot.serve.answering.asked import Asked, Hear, Piece
from oneshot.serve.answering.drawing import Chooser, odds
from oneshot.serve.answering.wording import Wording


class Row:
    """An answer that is waited for; `cancel` may be called from any thread."""

    def __init__(self, asked: Asked, tokenizer: Any, hear: Hear) -> None:
        self.asked, self.hear = asked, hear
        self.over = False
        self._end = tokenizer.eos_token_id
        self._choose = Chooser(asked.drawing)
        self._wording = Wording(tokenizer, asked.stops, tidy=asked.tidy)

    @property
    def cells(self) -> int:
        """The tokens that it may grow to."""
        return len(self.asked.ids) + self.asked.most

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self.over = True

    def fail(self, error: Exception) -> None:
        """Tell who waits for it that nothing more will come."""
        if not self.over:
            self.over = True
            self.hear(error)

    def step(
        self, logits: Float[Tensor, " vocabulary"], change: Change | None, facts: Sequence[int]
    ) -> int:
        """Choose the next token and hand on what is new.

        `facts` are the ids of those that speak, or led to what does, if there is a `change`.
        """
        token = self._choose(logits)
        ended = token == self._end
        told = () if self.asked.top is None or ended else (odds(logits, token, self.asked.top),)
        text = "" if ended else self._wording.add(token)
        made = len(self._wording.ids) + ended
        finish = self._finish(ended, change is not None, made)
        if finish:
            self.over = True
            text += self._wording.rest()
        begun = dict.fromkeys(facts, change.evidence) if change else {}
        self.hear(Piece(text, made, told, begun, finish))
        return token

    def _finish(self, ended: bool, speaking: bool, made: int) -> str | None:
        sentence = self.asked.one_sentence and not speaking
        if ended or self._wording.stopped:
            return "stop"
        if sentence and SENTENCE_END.search(self._wording.text):
            return "stop"
        return "length" if made >= self.asked.most else None
