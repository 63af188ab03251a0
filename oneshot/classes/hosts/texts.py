"""Text hosts: the packaged factual language model, and encoders and causal models by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from oneshot.classes.hosts.host import Content, Kind, Seen
from oneshot.core.threads import few_threads
from oneshot.errors import BadInputError, HostError
from oneshot.hosts.load import PACKAGED, UNLOADABLE, host_folder, host_hash

DEPTHS = (0.0, 0.5, 1.0)
"""Where states are read, as shares of the model's layers: words, meaning, and what it says."""

LONGEST = 20_000
"""Characters of a text; tokens beyond the model's window, or beyond 512, are left out."""

KNOWS = "the packaged host knows sentences that state facts of 41 relations, and little else"

_WINDOW = 512
_TILE = 16
_ROWS = 16


@dataclass(frozen=True, eq=False)
class TextHost:
    """A frozen transformer; features are states averaged over a text's tokens, at three depths."""

    name: str
    hash: str
    model: Any
    tokenizer: Any
    window: int
    kind: Kind = Kind.TEXT
    general: bool = False
    limits: str = ""
    blank: Content = "."
    small: bool = False
    """Whether a forward pass is too little for several threads."""

    def read(self, source: str) -> Seen:
        """The text with its white space made plain; BadInputError for none or over 20,000."""
        return Seen(read_text(source))

    def features(self, contents: Sequence[Content]) -> Float[Tensor, "n raw"]:
        """Features of texts; BadInputError for images or none at all."""
        texts = only_texts(contents)
        with few_threads(self.small):
            return self._pooled(texts)

    def _pooled(self, texts: Sequence[str]) -> Tensor:
        ids = [torch.tensor(self._ids(text)) for text in texts]
        found = torch.empty(0)
        for length in sorted({_tiled(len(row)) for row in ids}):
            places = [i for i, row in enumerate(ids) if _tiled(len(row)) == length]
            for start in range(0, len(places), _ROWS):
                part = places[start : start + _ROWS]
                states = self._states([ids[i] for i in part], min(length, self.window))
                if not len(found):
                    found = torch.empty(len(texts), states.shape[1])
                found[part] = states[: len(part)]
        return found

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, truncation=True, max_length=self.window)["input_ids"]
        return ids or [int(self.tokenizer.eos_token_id or 0)]

    def _states(self, rows: Sequence[Int64[Tensor, " _"]], length: int) -> Tensor:
        """Always as many rows of the same length: rows of one shape do not see each other."""
        device = next(self.model.parameters()).device
        ids = torch.zeros(_ROWS, length, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        mask[:, 0] = 1
        for i, row in enumerate(rows):
            ids[i, : len(row)], mask[i, : len(row)] = row, 1
        ids, mask = ids.to(device), mask.to(device)
        with torch.no_grad():
            states = self.model(
                input_ids=ids, attention_mask=mask, output_hidden_states=True
            ).hidden_states
        share = (mask / mask.sum(1, keepdim=True))[:, :, None]
        chosen = [states[round(depth * (len(states) - 1))] for depth in DEPTHS]
        return torch.cat([(state.float() * share).sum(1) for state in chosen], 1).cpu()


def open_text_host(name: str | None, device: str) -> TextHost:
    """A host by name or folder; None or its name is the packaged one. Raises HostError."""
    packaged = name in (None, PACKAGED)
    model, tokenizer = load_text_model(host_folder(None if packaged else name), device)
    positions = int(getattr(model.config, "max_position_embeddings", _WINDOW) or _WINDOW)
    # RoBERTa counts positions from its padding token.
    offset = 2 if "roberta" in str(model.config.model_type) else 0
    window = min(_WINDOW, positions - offset)
    found = host_hash(model), model, tokenizer, window
    if packaged:
        return TextHost(PACKAGED, *found, limits=KNOWS, small=True)
    return TextHost(str(name), *found)


def load_text_model(folder: str, device: str) -> tuple[Any, Any]:
    """A frozen encoder or causal model without its head, and its tokenizer; raises HostError."""
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model: Any = AutoModel.from_pretrained(folder, use_safetensors=True, dtype=torch.float32)
        model = model.get_encoder() if model.config.is_encoder_decoder else model
        return model.requires_grad_(False).eval().to(torch.device(device)), tokenizer
    except UNLOADABLE as error:
        reason = " ".join(str(error).split())[:200]
        raise HostError(
            f"cannot load the text model {folder!r} ({reason}); give the name or folder of an "
            "encoder or a causal language model with safetensors weights"
        ) from error


def read_text(source: str) -> str:
    """A text with its white space made plain; BadInputError for none or over 20,000 characters."""
    if len(source) > LONGEST:
        raise BadInputError(
            f"a text of {len(source):,} characters came; give at most {LONGEST:,}, "
            "a sentence or a paragraph is best"
        )
    text = " ".join(source.split())
    if not text or any("\ud800" <= c <= "\udfff" for c in text):
        raise BadInputError("an empty text or one that is no Unicode came; give a sentence")
    return text


def only_texts(contents: Sequence[Content]) -> list[str]:
    """The same; BadInputError for images or none at all."""
    texts = [content for content in contents if isinstance(content, str)]
    if len(texts) < len(contents) or not texts:
        raise BadInputError("a text host was given no texts; give sentences")
    return texts


def _tiled(length: int) -> int:
    return -(-length // _TILE) * _TILE
