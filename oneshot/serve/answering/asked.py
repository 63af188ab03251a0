"""What one answer is asked for, and what comes of it piece by piece."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Drawing:
    """How the next token is chosen: the likeliest at temperature 0, else drawn."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None


@dataclass(frozen=True)
class Asked:
    """One answer to give: the tokens of its question and how to answer.

    `most` bounds its tokens, it ends before any of `stops`, and `top` alternatives of each token
    are told (None for no odds at all). `one_sentence` ends it with its first sentence, `tidy`
    leaves out the spaces at its ends.
    """

    ids: tuple[int, ...]
    most: int
    drawing: Drawing = Drawing()
    stops: tuple[str, ...] = ()
    top: int | None = None
    one_sentence: bool = False
    tidy: bool = False


@dataclass(frozen=True)
class Odds:
    """A token that was said, its log probability, and the likeliest ones there with theirs."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Piece:
    """A step of an answer: its new text, and the facts that began to speak, with their evidence.

    `finish` is None but in the last one: "stop" or "length". `made` counts the tokens so far.
    """

    text: str
    made: int
    odds: tuple[Odds, ...] = ()
    facts: dict[int, float] = field(default_factory=dict)
    finish: str | None = None


Hear = Callable[[Piece | Exception], None]
"""Called from the model's thread with each piece of an answer, or with what ended it."""
