"""Answers that facts say to their end: known when they have begun.

While a fact speaks, the host's head reads labels and nothing that the layers make of the text: what
it says of each was found out when the label was made. So no pass is needed behind the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.attach import Attachment
from adapters.query.decide import Change
from adapters.query.denoise import PosteriorDenoiser
from adapters.query.labels import LEAST, SayableLabels
from adapters.query.running import Speech

SURE = LEAST / 2  # nats by which a head has to prefer a token of which no pass is made
HARMLESS = {
    *("bos_token_id", "eos_token_id", "pad_token_id", "max_length", "max_new_tokens"),
    *("do_sample", "temperature", "top_k", "top_p", "use_cache", "cache_implementation"),
    *("output_attentions", "output_hidden_states", "_from_model_config", "transformers_version"),
}
"""What a model may set of generation without changing the likeliest token."""


@dataclass(frozen=True)
class Foretold:
    """An answer's tokens, and what the adapter changes at each."""

    tokens: tuple[int, ...]
    changes: tuple[Change, ...]


def foretold(
    attachment: Attachment, first: Sequence[int], end: int | None, room: int
) -> dict[int, Foretold]:
    """Of a batch whose `first` tokens the host has just said, the rows' answers that are certain.

    They are greedy, and go to the token that is the `end` or to as many as there is `room` for.
    """
    denoiser = attachment.denoiser
    if not isinstance(denoiser, PosteriorDenoiser) or not _plain(attachment.model):
        return {}
    found, speeches = {}, attachment.speeches
    for change in attachment.changes:
        speech = speeches[change.row]
        tokens = speech and _to_the_end(speech.tokens, end, room)
        if speech and tokens and tokens[0] == first[change.row] and _said(denoiser.label, tokens):
            found[change.row] = Foretold(tokens, _changes(change, speech, denoiser.label, tokens))
    return found


def _plain(model: Any) -> bool:
    """Whether the model has nothing set by which other tokens than the likeliest are said."""
    return set(model.generation_config.to_diff_dict()) <= HARMLESS


def _to_the_end(tokens: tuple[int, ...], end: int | None, room: int) -> tuple[int, ...] | None:
    """A speech as far as it is heard; None where the host goes on behind it."""
    said = tokens[: tokens.index(end) + 1] if end in tokens else tokens
    return said[:room] if end in tokens or len(said) >= room else None


def _said(label: SayableLabels, tokens: Sequence[int]) -> bool:
    return all(label.margin(token) >= SURE for token in tokens)


def _changes(
    first: Change, speech: Speech, label: SayableLabels, tokens: Sequence[int]
) -> tuple[Change, ...]:
    """The first one and, for each later token, that of a pass that reads the one before it."""
    rest = [
        replace(
            first,
            position=0,
            vector=label(tokens[step]),
            fact=speech.facts[step],
            step=step,
            evidence=float("nan"),
        )
        for step in range(1, len(tokens))
    ]
    return (first, *rest)
