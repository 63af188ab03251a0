"""The rows of a journal."""

from dataclasses import dataclass
from typing import Any

NEW_RELATION = "new relation"  # what a fact's relation is called that the host's bank does not know


@dataclass(frozen=True)
class Draft:
    """A fact about to be journaled; `taught_at` is an ISO 8601 time in UTC."""

    key: str
    prompt: str
    answer: str
    subject: str
    relation: str
    source: str | None
    taught_at: str
    asks: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    also: bool = False
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True)
class Fact:
    """A fact as the journal keeps it; `state` is live, superseded or forgotten.

    `replaces` is the id of the version before it. `also` says that other answers hold beside it,
    `since` and `until` when it holds.
    """

    id: int
    key: str
    prompt: str
    answer: str
    subject: str
    relation: str
    source: str | None
    taught_at: str
    state: str
    replaces: int | None = None
    asks: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    also: bool = False
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True)
class Operation:
    """Something done to the brain, with what undoing it needs."""

    id: int
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Examination:
    """One question put to a fact in a round, the answer it got and whether that was right.

    `kind` says what the question examines; `margin` is how far the evidence was above the least
    that lets the fact speak, in nats, and None where it did not speak or its rule gives none.
    """

    fact: int
    kind: str
    question: str
    answer: str
    correct: bool
    margin: float | None = None


@dataclass(frozen=True)
class Round:
    """One sitting in which facts were examined; `at` is an ISO 8601 time in UTC.

    Milliseconds a question, of the bare model and with the facts attached, None where none was
    timed.
    """

    id: int
    at: str
    seed: int
    bare_ms: float | None
    taught_ms: float | None
