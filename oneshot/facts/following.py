"""Questions with a step that no fact takes: asked again with what a phrase stands for in its place.

A question is read once more for this only where it has such a phrase ("the city where Zora lives").
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from adapters.attach import attach
from adapters.query.chains import HOPS
from adapters.query.denoise import Denoiser, PosteriorDenoiser
from adapters.query.hops import Hop, Hops
from adapters.query.phrases import nested
from oneshot.facts.answering import Question, answer, ids_of, text_of, with_text
from oneshot.facts.manner import RAW, Manner
from oneshot.hosts.load import Host

SHORT = replace(RAW, max_new_tokens=12)  # what the host says that a phrase is


@dataclass(frozen=True)
class Followed:
    """A question as it is asked in the end, and the rows of the facts that led to it."""

    question: Question
    via: tuple[int, ...] = ()


def followed(
    host: Host, questions: Sequence[Question], denoiser: Denoiser | None, manner: Manner
) -> list[Followed]:
    """The questions with the steps taken that facts or the host can take, where facts lead on."""
    if not isinstance(denoiser, PosteriorDenoiser):
        return [Followed(question) for question in questions]
    return [_follow(host, question, denoiser, manner) for question in questions]


def _follow(
    host: Host, question: Question, denoiser: PosteriorDenoiser, manner: Manner
) -> Followed:
    found = settled = Followed(question)
    for _ in range(HOPS):
        heard = _heard(host, found.question, denoiser, manner)
        if heard is None or heard.answered:
            return found
        hop = heard.found and _filled(host, heard.found, denoiser)
        asked = hop and _put(found.question, hop)
        if not hop or not asked:
            break
        found = Followed(asked, (*found.via, *hop.via))
        if hop.via:
            settled = found
    return settled  # what the host says of a phrase counts only where a fact goes on from it


def _heard(
    host: Host, question: Question, denoiser: PosteriorDenoiser, manner: Manner
) -> Hops | None:
    """What a question waits for; without a pass where its words alone tell that it is plain."""
    if not nested(text_of(question)):
        return None
    ids = torch.tensor([ids_of(host, question, manner)])
    limit = getattr(host.model.config, "max_position_embeddings", None)
    if limit and ids.shape[1] > limit:
        return None
    hops = Hops(denoiser)
    with torch.inference_mode(), attach(host.model, hops):
        host.model(input_ids=ids.to(next(host.model.parameters()).device))
    return hops


def _filled(host: Host, hop: Hop, denoiser: PosteriorDenoiser) -> Hop | None:
    """The step with what the host says of its phrase, where that names what facts wait for."""
    if hop.answer:
        return hop
    (said,) = answer(host, [f"{hop.phrase[:1].upper()}{hop.phrase[1:]} is"], None, SHORT)
    for mention, rows in denoiser.table.mentions(said.text):
        if set(rows) & set(hop.waiting):
            return replace(hop, answer=said.text[mention.start : mention.end])
    return None


def _put(question: Question, hop: Hop) -> Question | None:
    """The question with the answer in the phrase's place."""
    text = text_of(question)
    before, found, behind = text.rpartition(hop.phrase)
    return with_text(question, f"{before}{hop.answer}{behind}") if found else None
