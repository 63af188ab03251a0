"""Questions with a step that no fact takes: asked again with what a phrase stands for in its place.

A question is read once more for this only where it has such a phrase ("the city where Zora lives").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch

from adapters.attach import attach
from adapters.host.read import positions
from adapters.query.chained.chains import HOPS
from adapters.query.chained.hops import Hop, Hops
from adapters.query.chained.phrases import nested
from adapters.query.denoise import Denoiser, PosteriorDenoiser
from oneshot.facts.answering import Question, ids_of, text_of, with_text
from oneshot.facts.manner import Manner
from oneshot.hosts.load import Host
from oneshot.hosts.sides import sides


@dataclass(frozen=True)
class Followed:
    """A question as it is asked in the end, and the rows of the facts that led to it."""

    question: Question
    via: tuple[int, ...] = ()


def followed(
    host: Host, questions: Sequence[Question], denoiser: Denoiser | None, manner: Manner
) -> list[Followed]:
    """The questions with the steps taken that facts can take, where facts lead on."""
    if not isinstance(denoiser, PosteriorDenoiser):
        return [Followed(question) for question in questions]
    return [_follow(host, question, denoiser, manner) for question in questions]


def _follow(
    host: Host, question: Question, denoiser: PosteriorDenoiser, manner: Manner
) -> Followed:
    found = Followed(question)
    for _ in range(HOPS):
        heard = _heard(host, found.question, denoiser, manner)
        hop = None if heard is None or heard.answered else heard.found
        asked = hop and _put(found.question, hop)
        if not hop or not asked:
            break
        found = Followed(asked, (*found.via, *hop.via))
    return found


def _heard(
    host: Host, question: Question, denoiser: PosteriorDenoiser, manner: Manner
) -> Hops | None:
    """What a question waits for; without a pass where words alone tell that no fact leads on."""
    text = text_of(question)
    leads_on = nested(text) and denoiser.chains.leads_on(text)
    if not (leads_on or any(thing in text.lower() for thing in _things())):
        return None
    if not _names_any(question, denoiser):
        return None
    ids = torch.tensor([ids_of(host, question, manner)])
    limit = positions(host.model)
    if limit and ids.shape[1] > limit:
        return None
    hops = Hops(denoiser, _passed_on())
    with torch.inference_mode(), attach(host.model, hops):
        host.model(input_ids=ids.to(next(host.model.parameters()).device))
    return hops


@cache
def _passed_on() -> dict[str, tuple[str, ...]]:
    """What a subject has from a fact's answer, by the bank's relation that the fact tells."""
    return {name: side.passed_on for side in sides().values() for name in side.bank}


@cache
def _things() -> frozenset[str]:
    return frozenset(thing for things in _passed_on().values() for thing in things)


def _names_any(question: Question, denoiser: PosteriorDenoiser) -> bool:
    """Whether a taught name stands in a question, or in the turns before it."""
    turns = [question] if isinstance(question, str) else [turn["content"] for turn in question]
    table = denoiser.table
    return any(table.mentions(text) or table.owners(text) for text in turns)


def _put(question: Question, hop: Hop) -> Question | None:
    """The question with the answer in the phrase's place."""
    text = text_of(question)
    before, found, behind = text.rpartition(hop.phrase)
    return with_text(question, f"{before}{hop.answer}{behind}") if found else None
