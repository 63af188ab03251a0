"""The rows of a journal."""

from dataclasses import dataclass
from typing import Any


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


@dataclass(frozen=True)
class Entry:
    """A journaled fact; `replaces` is the id of the version before it."""

    id: int
    key: str
    prompt: str
    answer: str
    subject: str
    relation: str
    source: str | None
    taught_at: str
    state: str
    replaces: int | None


@dataclass(frozen=True)
class Operation:
    """Something done to the brain, with what undoing it needs."""

    id: int
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Examination:
    """One probe of a fact, the answer it got and whether that was right."""

    fact: int
    probe: str
    answer: str
    correct: bool
    at: str
