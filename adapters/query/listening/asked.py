"""What a listener hears: clauses that ask, and the facts that they may ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from adapters.text.clauses import Asking, Span
from adapters.text.names import Mention

if TYPE_CHECKING:
    from adapters.query.listening.view import View

Named = tuple[Mention, tuple[int, ...]]
"""A name in a text, and the facts on it."""


def nowhere() -> None:
    """No reading."""


@dataclass(frozen=True)
class Asked:
    """A clause, the characters `within` of its view's text, and what it asks for.

    `strict` says that nobody may have asked; `completes` that the clause is still open, so that
    only its value is to be said; `apart` that it is understood without what stands in front of it.
    `owners` are names that only own whom it asks about; `instead` is
    the clause as it is to be read where nothing is known of whom a pronoun stands for here.
    """

    view: "View"
    within: Span
    kind: Asking
    named: tuple[Named, ...]
    owners: tuple[Named, ...] = ()
    strict: bool = False
    completes: bool = False
    instead: "Asked | None" = None
    apart: bool = False

    @property
    def text(self) -> str:
        """The words of the clause."""
        return self.view.text[slice(*self.within)]


@dataclass(frozen=True)
class Heard:
    """A clause as one name in it is asked about: the facts on the name and readings around it.

    `whole` is the clause's own reading with the name alone left out, by which a fact's own words
    are known; `rivals` are the readings around the `others`, other names; `exact` says that only a
    fact's own words may speak. `framed` reads the clause in the frame, where that can be done: a
    pass.
    """

    name: Mention
    facts: tuple[int, ...]
    asked: Asked
    readings: Float[Tensor, "n rank"]
    whole: Float[Tensor, "1 rank"]
    rivals: Float[Tensor, "m rank"]
    value: float
    exact: bool = False
    others: tuple[Mention, ...] = ()
    framed: Callable[[], Float[Tensor, "1 rank"] | None] = nowhere
