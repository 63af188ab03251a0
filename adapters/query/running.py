"""What an attached adapter remembers of each sequence between forward passes."""

from collections.abc import Sequence as List
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor


@runtime_checkable
class Alone(Protocol):
    """Reads a text by itself: its tokens and their traces; `framed` says that it is in a frame."""

    def __call__(
        self, text: str, *, framed: bool = False
    ) -> tuple[List[int], Float[Tensor, "tokens trace"]]:
        """By a pass of its own."""


@dataclass(frozen=True)
class Speech:
    """An answer under way: its tokens, of each the fact that says it (-1 where rows are not kept),
    the facts that led to these, and the step.
    """

    tokens: tuple[int, ...]
    facts: tuple[int, ...]
    via: tuple[int, ...] = ()
    step: int = 0

    def after(self, token: int) -> "Speech | None":
        """What to say once `token` was said: the next step if it was ours and not the last."""
        if token != self.tokens[self.step] or self.step + 1 == len(self.tokens):
            return None
        return replace(self, step=self.step + 1)


@dataclass
class Sequence:
    """One sequence: its tokens, what they add to codes, and the answer being given.

    `traces` holds, of each token, its part as a code's last token, its part as a word, and the
    log odds that a value comes next. The first `given` tokens were given; the host says the rest.
    """

    ids: list[int]
    traces: Float[Tensor, "tokens trace"]
    given: int = 0
    speech: Speech | None = None
    spoken: set[int] = field(default_factory=set)

    def copy(self) -> "Sequence":
        """An independent copy."""
        return replace(self, ids=list(self.ids), spoken=set(self.spoken))


@dataclass
class Running:
    """The state of a batch."""

    sequences: list[Sequence]

    @classmethod
    def start(cls, batch: int, like: Float[Tensor, "_ _ trace"]) -> "Running":
        """Nothing seen yet."""
        empty = like.new_zeros(0, like.shape[2])
        return cls([Sequence([], empty) for _ in range(batch)])

    def __len__(self) -> int:
        """How many sequences it has."""
        return len(self.sequences)

    def select(self, index: Int[Tensor, " chosen"]) -> "Running":
        """The state after the batch was reordered, repeated or cut (beams)."""
        return Running([self.sequences[i].copy() for i in index.tolist()])
