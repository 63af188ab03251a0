"""The fact that answers a clause, as the denoiser compares it with others."""

from dataclasses import dataclass

from adapters.query.chained.phrases import PLAIN, rest_of, says_more
from adapters.query.listening.asked import Heard

FURTHER = 7.0  # nats that a fact more in a chain is worth: less of the clause is left unexplained


@dataclass(frozen=True)
class Choice:
    """The fact that answers a clause, the facts that led to it, and the least evidence of any;
    `phrases` is that of those facts, in the phrases that ask most surely for them.
    """

    row: int
    evidence: float
    heard: Heard
    via: tuple[int, ...] = ()
    phrases: float = 0.0

    @property
    def further(self) -> float:
        """What the facts that led to it are worth."""
        return FURTHER * len(self.via)

    @property
    def asks_more(self) -> bool:
        """Whether the words around the name ask for more than a name or a place."""
        asked, name = self.heard.asked, self.heard.name
        return says_more(rest_of(asked, name.first, name.last), PLAIN)

    @property
    def weight(self) -> float:
        """What a chain is compared with a single fact by."""
        return self.evidence + self.further
