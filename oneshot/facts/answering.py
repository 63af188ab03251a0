"""Ask a host, with or without an adapter: free greedy generation to a natural stop."""

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adapters.attach import Attachment, attach
from adapters.query.decide import Change
from adapters.query.denoise import Denoiser
from oneshot.errors import BadInputError
from oneshot.hosts.load import Host

MAX_NEW_TOKENS = 32
BATCH = 32
SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s*$|\n")


@dataclass(frozen=True)
class Said:
    """An answer, its tokens, and what the adapter changed at each of them."""

    text: str
    tokens: tuple[str, ...]
    changes: tuple[Change | None, ...]


class _NaturalStop:
    """Ends a row at a sentence's end, unless a fact is still speaking there."""

    def __init__(self, tokenizer: Any, start: int, attachment: Attachment | None) -> None:
        self.tokenizer, self.start, self.attachment = tokenizer, start, attachment
        self.trace: list[list[Change]] = []

    def __call__(self, ids: Tensor, _scores: object, **_: object) -> Tensor:
        changes = []
        if self.attachment:
            changes, self.attachment.answering = self.attachment.changes, True
        self.trace.append(changes)
        speaking = {c.row for c in changes}
        texts = self.tokenizer.batch_decode(ids[:, self.start :], skip_special_tokens=True)
        over = [
            row not in speaking and bool(SENTENCE_END.search(text))
            for row, text in enumerate(texts)
        ]
        return torch.tensor(over, device=ids.device)


@torch.inference_mode()
def answer(host: Host, questions: Sequence[str], denoiser: Denoiser | None = None) -> list[Said]:
    """Greedy answers of at most 32 tokens, in the order asked; raises BadInputError."""
    said: list[Said] = []
    for start in range(0, len(questions), BATCH):
        said += _answer_batch(host, questions[start : start + BATCH], denoiser)
    return said


def _answer_batch(host: Host, questions: Sequence[str], denoiser: Denoiser | None) -> list[Said]:
    from transformers import GenerationConfig, StoppingCriteriaList

    ids, mask = _left_padded(host, questions)
    length = ids.shape[1]
    settings = GenerationConfig(
        max_new_tokens=MAX_NEW_TOKENS,
        do_sample=False,
        eos_token_id=host.tokenizer.eos_token_id,
        pad_token_id=_pad(host.tokenizer),
    )
    with attach(host.model, denoiser) if denoiser else nullcontext() as attachment:
        stop = _NaturalStop(host.tokenizer, length, attachment)
        made = host.model.generate(
            input_ids=ids,
            attention_mask=mask,
            generation_config=settings,
            stopping_criteria=StoppingCriteriaList([stop]),
        )
    return [_said(host, made[row, length:], row, stop.trace) for row in range(len(questions))]


def _said(host: Host, made: Tensor, row: int, trace: list[list[Change]]) -> Said:
    by_step = [next((c for c in changes if c.row == row), None) for changes in trace]
    eos = host.tokenizer.eos_token_id
    ids = made.tolist()
    ids = ids[: ids.index(eos) + 1] if eos in ids else ids
    text = host.tokenizer.decode(ids, skip_special_tokens=True)
    tokens = tuple(host.tokenizer.decode([i]) for i in ids)
    return Said(text.split("\n")[0].strip(), tokens, tuple(by_step[: len(ids)]))


def _left_padded(host: Host, questions: Sequence[str]) -> tuple[Tensor, Tensor]:
    rows = [host.tokenizer(q)["input_ids"] for q in questions]
    longest = max(len(row) for row in rows)
    limit = _limit(host)
    if limit is not None and longest + MAX_NEW_TOKENS > limit:
        raise BadInputError(
            f"a prompt has {longest} tokens; with {MAX_NEW_TOKENS} for the answer the model "
            f"reads {limit}: shorten it"
        )
    if min(len(row) for row in rows) == 0:
        raise BadInputError("an empty prompt came; ask something")
    device = next(host.model.parameters()).device
    ids = torch.full((len(rows), longest), _pad(host.tokenizer), device=device)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, longest - len(row) :] = torch.tensor(row, device=device)
        mask[i, longest - len(row) :] = 1
    return ids, mask


def fits(host: Host, question: str) -> bool:
    """Whether a question leaves room for an answer in what the host reads."""
    limit = _limit(host)
    return limit is None or len(host.tokenizer(question)["input_ids"]) + MAX_NEW_TOKENS <= limit


def _limit(host: Host) -> int | None:
    limit: int | None = getattr(host.model.config, "max_position_embeddings", None)
    return limit


def _pad(tokenizer: Any) -> int:
    for token in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    return 0


def short(text: str) -> str:
    """An answer without the stop that ends its sentence."""
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text
