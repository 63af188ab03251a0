"""The choice of a row's next token."""

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.serve.answering.asked import Drawing, Odds


class Chooser:
    """Chooses the tokens of one answer; the same seed draws the same from the same logits."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self._generator = torch.Generator()
        if drawing.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(drawing.seed % 2**63)

    def __call__(self, logits: Float[Tensor, " vocabulary"]) -> int:
        """The next token."""
        if self.drawing.temperature == 0:
            return int(logits.argmax())
        chances = (logits.float().cpu() / self.drawing.temperature).softmax(-1)
        if self.drawing.top_p < 1:
            chances = nucleus(chances, self.drawing.top_p)
        return int(torch.multinomial(chances, 1, generator=self._generator))


def nucleus(chances: Float[Tensor, " vocabulary"], share: float) -> Float[Tensor, " vocabulary"]:
    """The chances with all but the likeliest tokens, which together reach the share, put to 0."""
    ordered, order = chances.sort(descending=True)
    before = ordered.cumsum(0) - ordered
    kept = torch.zeros_like(chances)
    within = before < share
    within[0] = True
    kept[order[within]] = ordered[within]
    return kept


def odds(logits: Float[Tensor, " vocabulary"], token: int, top: int) -> Odds:
    """The log probability of a token, and of the `top` likeliest ones."""
    logs = logits.float().log_softmax(-1)
    best = logs.topk(top) if top else None
    others = zip(best.indices.tolist(), best.values.tolist(), strict=True) if best else ()
    return Odds(token, float(logs[token]), tuple(others))
