"""Probes asked by free generation: taught facts, and what is to stay as the bare host says it.

Beside every axis stand the bare host and the host with the right fact in the prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oneshot.facts.answering import Question, answer, short
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner, Turn
from oneshot.facts.types import Statement
from oneshot.retention.measures.scores import interval

TOKENS = 24  # of an answer
SAMPLES = 6  # misses that the record keeps


@dataclass(frozen=True)
class Probe:
    """A question, the fact that it is about, and the turns before it in chat."""

    question: str
    told: Statement
    earlier: tuple[Turn, ...] = ()

    def asked(self, manner: Manner) -> Question:
        """The question as the host is given it."""
        return self.question if manner.raw else [*self.earlier, _user(self.question)]

    def informed(self, manner: Manner) -> Question:
        """The same with the fact in front, for a host that reads what it is given."""
        fact = f"{self.told.prompt} {self.told.answer}."
        text = f"{fact} {self.question}"
        return text if manner.raw else [*self.earlier, _user(text)]


@dataclass(frozen=True)
class Axis:
    """Probes of one kind: right is the taught answer among what is said, `wanted` at its beginning,
    or with `kept` what the bare host says.
    """

    name: str
    probes: list[Probe]
    kept: bool = False
    wanted: str | None = None
    plain: bool = True
    chat: bool = True


def _user(text: str) -> Turn:
    return {"role": "user", "content": text}


@dataclass(frozen=True)
class Asker:
    """Asks by free generation and counts; `compared` probes of an axis also without the adapter."""

    learner: Learner
    compared: int

    def asks(self, axis: Axis, manner: Manner) -> bool:
        """Whether the axis can be asked so."""
        return axis.plain if manner.raw else axis.chat and manner.chats(self.learner.host)

    def scored(self, axis: Axis, manner: Manner) -> dict[str, Any]:
        """The share of right answers: the taught one, or what the bare host says."""
        some = axis.probes[: self.compared]
        said = self._said(axis.probes, manner)
        if axis.kept:
            bare = self._bare([p.asked(manner) for p in axis.probes], manner)
            same = [s == b for s, b in zip(said, bare, strict=True)]
            in_prompt = self._bare([p.informed(manner) for p in some], manner)
            kept = [a == b for a, b in zip(in_prompt, bare, strict=False)]
            return _counted(axis.probes, said, same) | {"fact in the prompt": interval(kept)}
        bare = self._bare([p.asked(manner) for p in some], manner)
        in_prompt = self._bare([p.informed(manner) for p in some], manner)
        return _counted(axis.probes, said, _right(axis, said)) | {
            "bare": interval(_right(axis, bare)),
            "fact in the prompt": interval(_right(axis, in_prompt)),
        }

    def _said(self, probes: Sequence[Probe], manner: Manner) -> list[str]:
        asked = [p.asked(manner) for p in probes]
        return [short(r.answer) for r in self.learner.ask(asked, manner=_short(manner))]

    def _bare(self, asked: Sequence[Question], manner: Manner) -> list[str]:
        return [short(s.text) for s in answer(self.learner.host, asked, None, _short(manner))]


def _right(axis: Axis, said: Sequence[str]) -> list[bool]:
    """Of as many of the axis's probes as were answered."""
    if axis.wanted:
        return [s.startswith(axis.wanted) for s in said]
    wanted = (
        short(p.told.answer) for p in axis.probes
    )  # the stop of "Co." too is taken for an end
    return [answer in s for answer, s in zip(wanted, said, strict=False)]


def _counted(probes: Sequence[Probe], said: Sequence[str], hits: list[bool]) -> dict[str, Any]:
    missed = [
        [p.question, p.told.answer, s]
        for p, s, ok in zip(probes, said, hits, strict=True)
        if not ok
    ]
    return interval(hits) | {"missed": missed[:SAMPLES]}


def _short(manner: Manner) -> Manner:
    return Manner(raw=manner.raw, max_new_tokens=TOKENS)
