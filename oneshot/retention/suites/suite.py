"""What a suite consists of: facts to write, and questions that examine what became of them."""

from dataclasses import dataclass, field

from oneshot.facts.answering import Question
from oneshot.retention.methods.interface import Request

DELETED = "deleted"
"""The kept axis of facts that were written and forgotten; only methods that can forget have it."""


@dataclass(frozen=True)
class Probe:
    """A prompt and its answer; `fact` is the number of the request it is about, -1 for none.

    `other` is the answer that the right one competes with in CounterFact's probability scores: of
    an edited fact what was true before, of a neighbour the new answer. Empty where there is none.
    `opens`: the answer has to open what is said. `turns`: what was said before, the user first.
    """

    prompt: str
    answer: str
    fact: int = -1
    aliases: tuple[str, ...] = ()
    other: str = ""
    opens: bool = False
    turns: tuple[str, ...] = ()

    @property
    def question(self) -> Question:
        """What a method is asked."""
        if not self.turns:
            return self.prompt
        said = (*self.turns, self.prompt)
        return [{"role": ("user", "assistant")[i % 2], "content": t} for i, t in enumerate(said)]


Axes = dict[str, list[Probe]]


@dataclass(frozen=True)
class Suite:
    """Facts in the order in which they are written, and probes by axis.

    On a `told` axis the probe's answer is right; on a `kept` axis what the bare host says is; on an
    `unsaid` axis everything is but the answer. `rivals` are further answers to each request's
    prompt, for contradictions. `deleted` facts are written among the others and forgotten before
    anything is asked. `text` is running text about none of it. `dropped` counts facts of the source
    that no method could be asked to write, by reason.
    """

    name: str
    requests: list[Request]
    told: Axes
    kept: Axes
    rivals: list[str] = field(default_factory=list)
    text: tuple[str, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    unsaid: Axes = field(default_factory=dict)
    deleted: list[Request] = field(default_factory=list)
