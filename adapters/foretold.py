"""Answers that facts say to their end: known without a pass over what was asked.

Where a fact speaks, the host's head reads labels and nothing that the layers make of the text; what
it says of each was found out when the label was made. So only what tells which fact is meant has to
be read: short clauses, often, of a long conversation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jaxtyping import Float
from torch import Tensor

from adapters.attach import Attachment
from adapters.query.decide import Change
from adapters.query.denoise import Firing, PosteriorDenoiser
from adapters.query.labels import LEAST, SayableLabels
from adapters.query.running import Sequence as Transcript

SURE = LEAST / 2  # nats by which a head has to prefer a token of which no pass is made
HARMLESS = {
    *("bos_token_id", "eos_token_id", "pad_token_id", "max_length", "max_new_tokens"),
    *("do_sample", "temperature", "top_k", "top_p", "use_cache", "cache_implementation"),
    *("output_attentions", "output_hidden_states", "_from_model_config", "transformers_version"),
}
"""What a model may set of generation without changing the likeliest token."""


@dataclass(frozen=True)
class Foretold:
    """An answer's tokens, and what an attached adapter would change at each."""

    tokens: tuple[int, ...]
    changes: tuple[Change, ...]


class _Unread(Transcript):
    """Given tokens, whose traces are read where somebody looks at them."""

    def __init__(
        self, ids: list[int], read: Callable[[list[int]], Float[Tensor, "tokens trace"]]
    ) -> None:
        self.ids, self.given, self.speech, self.spoken = ids, len(ids), None, set()
        self._read = read

    @cached_property
    def traces(self) -> Float[Tensor, "tokens trace"]:  # type: ignore[override]
        return self._read(self.ids)


def foretold(
    attachment: Attachment,
    rows: Sequence[list[int]],
    texts: Sequence[str],
    end: int | None,
    room: int,
) -> dict[int, Foretold]:
    """Of the rows of tokens behind which a host is to answer, those answers that are certain.

    They are greedy, and go to the token that is the `end` or to as many as there is `room` for.
    `texts` are the questions in the rows, which are read together.
    """
    denoiser, reader = attachment.denoiser, attachment.reader
    if not isinstance(denoiser, PosteriorDenoiser) or not _plain(attachment.model):
        return {}
    table = denoiser.table
    named = [i for i, text in enumerate(texts) if table.mentions(text) or table.owners(text)]
    if len(named) > 1:
        reader.ahead(reader.ids([texts[row] for row in named]))
    found = {}
    for row in named:  # for others a second look would cost as much as is saved
        ids = rows[row]
        said = _Unread(ids, reader.read)
        firing = denoiser.listen(said, len(ids) - 1, reader.alone, asked=True)
        tokens = firing and _to_the_end(firing.speech.tokens, end, room)
        if firing and tokens and _sure(denoiser.label, tokens):
            found[row] = Foretold(tokens, _changes(firing, denoiser.label, tokens))
    return found


def _plain(model: Any) -> bool:
    """Whether the model has nothing set by which other tokens than the likeliest are said."""
    return set(model.generation_config.to_diff_dict()) <= HARMLESS


def _to_the_end(tokens: tuple[int, ...], end: int | None, room: int) -> tuple[int, ...] | None:
    """A speech as far as it is heard; None where the host goes on behind it."""
    said = tokens[: tokens.index(end) + 1] if end in tokens else tokens
    return said[:room] if end in tokens or len(said) >= room else None


def _sure(label: SayableLabels, tokens: Sequence[int]) -> bool:
    return all(label.margin(token) >= SURE for token in tokens)


def _changes(firing: Firing, label: SayableLabels, tokens: Sequence[int]) -> tuple[Change, ...]:
    """Where the fact begins to speak, and at each later token the pass of the one before it."""
    speech, weighed = firing.speech, max(firing.evidence.values())
    return tuple(
        Change(
            row=0,
            position=0,
            vector=label(token),
            fact=speech.facts[step],
            step=step,
            evidence=float("nan") if step else weighed,
            via=speech.via,
        )
        for step, token in enumerate(tokens)
    )
