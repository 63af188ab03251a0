"""What goes into a brain and what comes out of it."""

from dataclasses import dataclass, field
from typing import Any

from oneshot.memory.doctor.finding import Finding as Finding
from oneshot.memory.journal.rows import Fact as Fact


@dataclass(frozen=True)
class Statement:
    """A fact as the user gives it: a prompt, the answer that completes it, and whom it is about.

    `asks` are further wordings of the same question, `aliases` other names of the subject. `also`
    says that other answers hold beside it; `since` and `until` are dates ("2019", "2019-05-03")
    between which it holds. `side` names the declared relation that the host's states tell it to be
    where its words alone do not. A fact that follows from others has their keys as `origins`, and
    in `rule` what it follows by. `clean` is set by `language.checking` alone, on statements that it
    has checked.
    """

    prompt: str
    answer: str
    subject: str | None = None
    source: str | None = None
    asks: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    also: bool = False
    since: str | None = None
    until: str | None = None
    side: str = ""
    origins: tuple[str, ...] = ()
    rule: str = ""
    clean: bool = field(default=False, init=False, compare=False, repr=False)


@dataclass(frozen=True)
class Implied:
    """What follows from taught facts, whose ids are its `origins`, and by which rule."""

    prompt: str
    answer: str
    subject: str
    rule: str
    origins: tuple[int, ...]


@dataclass(frozen=True)
class Receipt:
    """What teaching one fact did.

    `asked` is a question that was made of it and `answered` what the model says to it; `holds`
    that prompt and question are answered as taught. `implied` are sentences that follow from it,
    and `leads` a fact and the one that its answer leads to, in words, of which this is one.
    `before` is None where nobody asked.
    """

    id: int
    prompt: str
    answer: str
    subject: str
    relation: str
    before: str | None
    after: str
    seconds: float
    nearest: int | None = None
    warnings: tuple[str, ...] = ()
    asked: str | None = None
    answered: str = ""
    holds: bool = True
    implied: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One generated token and, where a fact began to speak, which one and the evidence in nats.

    `via` are the facts whose answers led to it, in their order.
    """

    token: str
    fact: int | None
    evidence: float
    via: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reply:
    """An answer, the ids of the facts that spoke or led to those that did, and the bare host's
    answer where asked for.

    `asked` is the question as it was asked in the end, where a phrase of it was replaced by what
    it stands for; `chain` are facts, in words, whose answers led on, and the last that they led to.
    A fact that is not `sure` spoke on weak evidence, as perhaps something near to it was asked,
    or its last step was the model's own.
    """

    question: str
    answer: str
    facts: tuple[int, ...]
    base: str | None = None
    steps: tuple[Step, ...] = ()
    asked: str | None = None
    chain: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True)
class Stats:
    """Counts and sizes of a brain."""

    host: str
    rule: str
    live: int
    superseded: int
    forgotten: int
    segments: int
    weight_bytes: int
    extra: dict[str, Any] = field(default_factory=dict)
