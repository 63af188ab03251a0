"""One forward pass of an attached adapter: which positions get a fact's label embedding."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from adapters.address.ending import WINDOW
from adapters.address.windows import window_at
from adapters.query.denoise import Denoiser, Firing
from adapters.query.running import Candidate, Running, Sequence, Speech

INTERRUPTING = 0.5  # least geometric mean of the agreements where the host is answering already


@dataclass(frozen=True)
class Pass:
    """The tokens of one forward pass and the host's states at the adapter's layers."""

    ids: Int[Tensor, "batch seq"]
    real: Bool[Tensor, "batch seq"]
    entity: Float[Tensor, "batch seq width"]
    relation: list[Float[Tensor, "batch seq width"]]


@dataclass(frozen=True)
class Change:
    """At this place the head reads `vector` instead of the host's state; and why."""

    row: int
    position: int
    vector: Float[Tensor, " width"]
    fact: int
    step: int
    entity: float = float("nan")
    relation: tuple[float, ...] = ()


Available = dict[int, dict[int, list[Candidate]]]  # row -> position -> names known there


def decide(
    denoiser: Denoiser, running: Running, new: Pass, answering: bool
) -> tuple[list[Change], Running]:
    """The changes of this pass, and the state to keep; `running` itself is left as it was.

    Where the host is `answering` already, a fact breaks in on strong evidence only.
    """
    kept = running.select(torch.arange(len(running.sequences)))
    entity = new.entity * new.real.unsqueeze(2)
    history = torch.cat([running.tail.to(entity), entity], 1)
    start = running.tail.shape[1]
    kept.tail = _latest(history, new.real, start)
    kept.length += new.ids.shape[1]
    available = _names(denoiser, kept, history, start, new.real)
    changes = []
    if available or any(s.speech for s in kept.sequences):
        firings = _fire(denoiser, available, new, answering)
        for row in range(len(kept.sequences)):
            if row in available or kept.sequences[row].speech:
                tokens = [
                    (p, int(new.ids[row, p])) for p in new.real[row].nonzero().flatten().tolist()
                ]
                changes += _speak(denoiser, kept.sequences[row], row, tokens, firings)
    return changes, kept


def _latest(history: Tensor, real: Tensor, count: int) -> Tensor:
    """The last states of each row that are no padding."""
    before = real.new_ones(len(real), history.shape[1] - real.shape[1])
    order = torch.cat([before, real], 1).int().argsort(dim=1, stable=True)[:, -count:]
    return history.gather(1, order[:, :, None].expand(-1, -1, history.shape[2]))


def _names(
    denoiser: Denoiser, kept: Running, history: Tensor, start: int, real: Tensor
) -> Available:
    """Names available at each position; a name counts from its last token on, once it has ended."""
    found = denoiser.recognise(history, start, kept.length - real.shape[1])
    found = [(b, p, c) for b, p, c in found if bool(real[b, p])]
    waiting = [(b, -1, c) for b, s in enumerate(kept.sequences) for c in s.unconfirmed]
    if not found and not waiting and not any(s.names for s in kept.sequences):
        return {}
    length = real.shape[1]
    ended = _ended(denoiser, history, start, waiting + found, real)
    events: dict[int, list[tuple[int, Candidate, bool]]] = {}
    for (b, p, c), over in zip(waiting + found, ended, strict=True):
        events.setdefault(b, []).append((p, c, over))
    for sequence in kept.sequences:
        sequence.unconfirmed = ()
    rows = set(events) | {b for b, s in enumerate(kept.sequences) if s.names}
    return {b: _timeline(kept.sequences[b], events.get(b, []), length) for b in sorted(rows)}


def _ended(
    denoiser: Denoiser,
    history: Tensor,
    start: int,
    places: list[tuple[int, int, Candidate]],
    real: Tensor,
) -> list[bool]:
    """Whether the token after each place shows that the name is over; unknown counts as not."""
    if not places:
        return []
    rows = torch.tensor([b for b, _, _ in places], device=history.device)
    after = torch.tensor([p + 1 for _, p, _ in places], device=history.device)
    length = real.shape[1]
    inside = after < length
    position = after.clamp_max(length - 1)
    windows = window_at(history[rows], position + start, WINDOW)
    goes_on = denoiser.calibration.detector.goes_on(windows) & real[rows, position]
    seen = (inside & ~goes_on).tolist()
    return [over or c.ends_here for over, (_, _, c) in zip(seen, places, strict=True)]


def _timeline(
    sequence: Sequence, events: list[tuple[int, Candidate, bool]], length: int
) -> dict[int, list[Candidate]]:
    """The names known at each new position; leaves in the sequence what holds afterwards."""
    here: dict[int, list[Candidate]] = {}
    by_position: dict[int, list[tuple[Candidate, bool]]] = {}
    for position, candidate, over in events:
        by_position.setdefault(position, []).append((candidate, over))
    for candidate, over in by_position.get(-1, []):
        if over:
            sequence.confirm(candidate)
    for position in range(length):
        here[position] = _known_here(sequence, by_position.get(position, []))
    sequence.unconfirmed = tuple(c for c, over in by_position.get(length - 1, []) if not over)
    return {position: names for position, names in here.items() if names}


def _known_here(sequence: Sequence, fresh: list[tuple[Candidate, bool]]) -> list[Candidate]:
    """The names known where some have just been read; those that are over are confirmed."""
    names = dict(sequence.names)
    for candidate, over in fresh:
        if candidate.slot not in names or names[candidate.slot].evidence < candidate.evidence:
            names[candidate.slot] = candidate
        if over:
            sequence.confirm(candidate)
    return list(names.values())


def _fire(
    denoiser: Denoiser, available: Available, new: Pass, answering: bool
) -> dict[tuple[int, int], Firing]:
    """What would speak at each place where some name is known."""
    places = [(b, p) for b, timeline in available.items() for p in timeline if bool(new.real[b, p])]
    if not places:
        return {}
    rows, positions = (
        torch.tensor(part, device=new.ids.device) for part in zip(*places, strict=True)
    )
    candidates = [available[b][p] for b, p in places]
    firings = denoiser.denoise(candidates, [state[rows, positions] for state in new.relation])
    found = {place: f for place, f in zip(places, firings, strict=True) if f is not None}
    return {place: f for place, f in found.items() if not answering or _interrupts(f)}


def _interrupts(firing: Firing) -> bool:
    """Whether the evidence is strong enough to break into an answer that the host is giving."""
    agreements = firing.relation
    return not agreements or math.prod(agreements) > INTERRUPTING ** len(agreements)


def _speak(
    denoiser: Denoiser,
    sequence: Sequence,
    row: int,
    tokens: list[tuple[int, int]],
    firings: dict[tuple[int, int], Firing],
) -> list[Change]:
    """Go through one sequence's new tokens, each with its position: an answer under way goes on,
    else a new one starts.
    """
    changes = []
    for position, token in tokens:
        speech = sequence.speech.after(token) if sequence.speech else None
        firing = firings.get((row, position))
        if speech is not None:
            vector = denoiser.label(speech.tokens[speech.step])
            changes.append(Change(row, position, vector, speech.fact, speech.step))
        elif firing is not None:
            speech = Speech(firing.fact, firing.tokens, 0)
            changes.append(
                Change(row, position, firing.vector, firing.fact, 0, firing.entity, firing.relation)
            )
        sequence.speech = speech
    return changes
