"""What an attached adapter remembers of each sequence between forward passes."""

from dataclasses import dataclass, field, replace

from jaxtyping import Float, Int
from torch import Tensor

from adapters.address.windows import MAX_WIDTH


@dataclass(frozen=True)
class Candidate:
    """A name that the adapter may know: its slot, its evidence in nats, its entity code.

    The slot is a fact's row, or a position where the rule keeps no rows. `ends_here` says that the
    name counts at once, without a look at how it goes on.
    """

    slot: int
    evidence: float
    code: Tensor | None = None
    ends_here: bool = False


@dataclass(frozen=True)
class Speech:
    """An answer under way: the fact's row (-1 where the rule keeps none), tokens, and the step."""

    fact: int
    tokens: tuple[int, ...]
    step: int

    def after(self, token: int) -> "Speech | None":
        """What to say once `token` was said: the next step if it was ours and not the last."""
        if token != self.tokens[self.step] or self.step + 1 == len(self.tokens):
            return None
        return replace(self, step=self.step + 1)


@dataclass
class Sequence:
    """One sequence: names recognised so far, those not yet confirmed, the answer being given."""

    names: dict[int, Candidate] = field(default_factory=dict)
    unconfirmed: tuple[Candidate, ...] = ()
    speech: Speech | None = None

    def copy(self) -> "Sequence":
        """An independent copy."""
        return replace(self, names=dict(self.names))

    def confirm(self, candidate: Candidate) -> None:
        """Keep the best evidence for a slot."""
        known = self.names.get(candidate.slot)
        if known is None or candidate.evidence > known.evidence:
            self.names[candidate.slot] = candidate


@dataclass
class Running:
    """The state of a batch: the last entity-layer states, each sequence, and the tokens seen."""

    tail: Float[Tensor, "batch history width"]
    sequences: list[Sequence]
    length: int = 0

    @classmethod
    def start(cls, like: Float[Tensor, "batch seq width"]) -> "Running":
        """Nothing seen yet."""
        tail = like.new_zeros(like.shape[0], MAX_WIDTH - 1, like.shape[2])
        return cls(tail, [Sequence() for _ in range(like.shape[0])])

    def select(self, index: Int[Tensor, " chosen"]) -> "Running":
        """The state after the batch was reordered, repeated or cut (beams)."""
        chosen = [self.sequences[i].copy() for i in index.tolist()]
        return Running(self.tail[index.to(self.tail.device)], chosen, self.length)
