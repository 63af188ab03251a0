"""What a way of writing facts offers, so that all are examined alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from oneshot.facts.answering import Question, answer, short, text_of, with_text
from oneshot.facts.manner import PLAIN_TOKENS, Manner
from oneshot.hosts.load import Host

ASKED = Manner(raw=True, max_new_tokens=PLAIN_TOKENS)
"""How methods are asked where nothing else is said."""


@dataclass(frozen=True)
class Request:
    """A fact to write: the prompt, the answer that completes it, the subject named in it, and the
    subject's other names.
    """

    prompt: str
    answer: str
    subject: str
    aliases: tuple[str, ...] = ()


class Method(ABC):
    """Writes facts into, or beside, one frozen host; what is written adds up over calls.

    The host's own weights are those of the bare model whenever no `taught` context is open, so
    methods share one host in one run.
    """

    name: str
    """As the tables call it."""

    manner: Manner = ASKED
    """How it is asked."""
    refused: int = 0
    """Facts that it was to write and could not."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @abstractmethod
    def write(self, requests: Sequence[Request]) -> None:
        """Write facts, one step of a stream; all that was written before stays in force."""

    @abstractmethod
    def taught(self) -> AbstractContextManager[Any]:
        """Inside, the causal model that answers from what was written."""

    @abstractmethod
    def stored_bytes(self) -> int:
        """Bytes kept beside the host: weights, rows, caches and text that answering needs."""

    def close(self) -> None:  # noqa: B027  most methods keep nothing but memory
        """Free what the method holds outside of memory; nothing is asked of it afterwards."""

    def context(self, prompt: str) -> str:
        """What the model reads for a prompt; more than the prompt where facts are put before it."""
        return prompt

    def given(self, ends: Sequence[int]) -> None:  # noqa: B027  most methods read all text alike
        """Say behind which column of each row of the next pass the question's answer begins."""

    def answers(self, questions: Sequence[Question]) -> list[str]:
        """Free greedy answers to a natural stop, without the final stop."""
        given = [with_text(q, self.context(text_of(q))) for q in questions]
        with self.taught() as model:
            said = answer(replace(self.host, model=model), given, manner=self.manner)
        return [short(s.text) for s in said]


@runtime_checkable
class Forgetting(Protocol):
    """A method that can take single facts back out."""

    def forget(self, requests: Sequence[Request]) -> None:
        """Take facts out, whatever was written before, after or between them."""


@runtime_checkable
class Reversible(Forgetting, Protocol):
    """A method that also knows what it was before."""

    def undo(self) -> None:
        """Take back the last call of `write`: what it replaced holds again."""

    def fingerprint(self) -> str:
        """Equal for two states of the method only if all that answers is equal, bit for bit."""


@runtime_checkable
class Gated(Protocol):
    """A method that says where a fact speaks."""

    def fires(self) -> list[tuple[int, int]]:
        """Where a fact began to speak in the taught model's last forward pass: row, position."""


@runtime_checkable
class Sure(Protocol):
    """A method that says how sure it is that a fact of its own answers a question."""

    def sureness(self, questions: Sequence[Question]) -> list[tuple[float, str]]:
        """Of each question the likeliest fact's evidence, by any measure, and its answer.

        Also of facts that are not sure enough to speak; -inf where there is none.
        """
