"""What a suite consists of: facts to write, and prompts that examine what became of them."""

from dataclasses import dataclass, field

from oneshot.retention.methods.interface import Request


@dataclass(frozen=True)
class Probe:
    """A prompt and its answer; `fact` is the number of the request it is about, -1 for none.

    `other` is the answer that the right one competes with in CounterFact's probability scores: of
    an edited fact what was true before, of a neighbour the new answer. Empty where there is none.
    """

    prompt: str
    answer: str
    fact: int = -1
    aliases: tuple[str, ...] = ()
    other: str = ""


@dataclass(frozen=True)
class Suite:
    """Facts in the order in which they are written, and probes by axis.

    On a `told` axis the probe's answer is right; on a `kept` axis what the bare host says is.
    `rivals` are further answers to each request's prompt, for contradictions. `text` is running
    text about none of it. `dropped` counts facts of the source that no method could be asked to
    write, by reason.
    """

    name: str
    requests: list[Request]
    told: dict[str, list[Probe]]
    kept: dict[str, list[Probe]]
    rivals: list[str] = field(default_factory=list)
    text: tuple[str, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
