"""One forward pass of an attached adapter: which positions get a fact's label embedding."""

from collections.abc import Sequence as List
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from adapters.query.denoise import Denoiser
from adapters.query.running import Alone, Running, Sequence


@dataclass(frozen=True)
class Pass:
    """The tokens of one forward pass, what they add to codes, and which are read out.

    `ends` gives the column at which each row's host is to answer; by default the last token of
    what was given. `alone` reads a text by itself.
    """

    ids: Int[Tensor, "batch seq"]
    real: Bool[Tensor, "batch seq"]
    traces: Float[Tensor, "batch seq trace"]
    read_out: Bool[Tensor, "batch seq"]
    ends: List[int] | None = None
    alone: Alone | None = None


@dataclass(frozen=True)
class Change:
    """At this place the head reads `vector` instead of the host's state; and why.

    `via` are the facts by which the one that speaks was reached.
    """

    row: int
    position: int
    vector: Float[Tensor, " width"]
    fact: int
    step: int
    evidence: float = float("nan")
    via: tuple[int, ...] = ()


def decide(denoiser: Denoiser, running: Running, new: Pass) -> tuple[list[Change], Running]:
    """The changes of this pass, and the state to keep; `running` itself is left as it was."""
    kept = running.select(torch.arange(len(running.sequences)))
    changes = []
    for row, sequence in enumerate(kept.sequences):
        columns = new.real[row].nonzero().flatten().tolist()
        if not columns:
            continue
        changes += _follow(denoiser, sequence, row, columns, new)
    return changes, kept


def _follow(
    denoiser: Denoiser, sequence: Sequence, row: int, columns: list[int], new: Pass
) -> list[Change]:
    """Take in one sequence's new tokens, and speak where its host's states are read out."""
    first = len(sequence.ids)
    sequence.ids += new.ids[row, columns].tolist()
    sequence.traces = torch.cat([sequence.traces, new.traces[row, columns]])
    if first == 0 or len(columns) > 1:  # given, not said
        sequence.given, sequence.speech = len(sequence.ids), None
        sequence.spoken.clear()
    end = sequence.given - 1 if new.ends is None else first + columns.index(new.ends[row])
    changes = []
    for at, column in enumerate(columns, start=first):
        _go_on(sequence, sequence.ids[at])
        change = None
        if bool(new.read_out[row, column]):
            change = _spoken(denoiser, sequence, at, new.alone, asked=at == end)
        if change:
            changes.append(Change(row, column, *change))
    return changes


def _go_on(sequence: Sequence, token: int) -> None:
    """Follow a speech to its next token; one that was not taken up has not been spoken."""
    speech = sequence.speech
    if speech is None:
        return
    if speech.step == 0 and token != speech.tokens[0]:
        sequence.spoken -= set(speech.facts)
    sequence.speech = speech.after(token)


def _spoken(
    denoiser: Denoiser, sequence: Sequence, at: int, alone: Alone | None, *, asked: bool
) -> tuple[Tensor, int, int, float, tuple[int, ...]] | None:
    evidence = float("nan")
    if sequence.speech is None:
        firing = denoiser.listen(sequence, at, alone, asked=asked)
        if firing is None:
            return None
        sequence.speech = firing.speech
        sequence.spoken |= set(firing.evidence)
        evidence = max(firing.evidence.values())
    speech = sequence.speech
    vector = denoiser.label(speech.tokens[speech.step])
    return vector, speech.facts[speech.step], speech.step, evidence, speech.via
