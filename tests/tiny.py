"""Facts and denoisers for the tiny hosts of every architecture."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
import torch
from architectures import ARCHITECTURES
from brains import NAMES
from conftest import TinyHost, tiny_host
from torch import Tensor

from adapters.attach import Attachment, attach
from adapters.query.denoise import PosteriorDenoiser
from adapters.query.lexicon import Lexicon
from adapters.write.encode import Told
from adapters.write.rows import FactRows, join

PRECISIONS = (torch.float32, torch.bfloat16)
KINDS = [(a, d) for a in ARCHITECTURES for d in PRECISIONS]
every_kind = pytest.mark.parametrize(
    "kind", KINDS, ids=[f"{a}-{str(d).removeprefix('torch.')}" for a, d in KINDS]
)
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
Pair = tuple[TinyHost, PosteriorDenoiser]
Kind = tuple[str, torch.dtype]

WORDINGS = (
    "The headquarters of {} are in",
    "{}'s profession is a",
    "{} is owned by",
    "{} plays the instrument",
)
ANSWERS = ("Glorp", "Old Harbour of the North", "Quist", "7 May 1893")
SUBJECTS = NAMES[:3]
FACTS = [
    Told(wording.format(name), ANSWERS[(i + j) % 4], name)
    for i, name in enumerate(SUBJECTS)
    for j, wording in enumerate(WORDINGS)
]
PROMPTS = [fact.prompt for fact in FACTS]
SAID = [f"{fact.answer}." for fact in FACTS]
STRANGERS = [WORDINGS[i % 4].format(name) for i, name in enumerate(NAMES[100:108])]


@cache
def encoded(architecture: str, dtype: torch.dtype = torch.float32) -> tuple[FactRows, ...]:
    """The rows of the facts, in their order."""
    encoder = tiny_host(architecture, dtype).encoder
    return tuple(encoder.encode(fact) for fact in FACTS)


def denoiser_of(host: TinyHost, rows: Sequence[FactRows]) -> PosteriorDenoiser:
    joined = join(list(rows)).canonical()
    return PosteriorDenoiser(Lexicon(host.calibration, host.head, host.tokenizer), joined)


@cache
def taught(
    architecture: str, dtype: torch.dtype = torch.float32
) -> tuple[TinyHost, PosteriorDenoiser]:
    """A tiny host and a denoiser that knows all the facts."""
    host = tiny_host(architecture, dtype)
    return host, denoiser_of(host, encoded(architecture, dtype))


@pytest.fixture
def gpt2() -> Pair:
    return taught("gpt2")


def padded(host: TinyHost, prompts: Sequence[str], side: str) -> dict[str, Tensor]:
    """A batch with padding on one side and the positions that go with it."""
    tokenizer = host.tokenizer
    batch = tokenizer(list(prompts), padding=True, padding_side=side, return_tensors="pt")
    mask = batch.attention_mask
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    return {"input_ids": batch.input_ids, "attention_mask": mask, "position_ids": positions}


@torch.inference_mode()
def logits(host: TinyHost, prompt: str, denoiser: PosteriorDenoiser | None = None) -> Tensor:
    """The logits at every position of one prompt."""
    ids = host.tokenizer(prompt, return_tensors="pt").input_ids
    if denoiser is None:
        return host.model(input_ids=ids).logits
    with attach(host.model, denoiser):
        return host.model(input_ids=ids).logits


@torch.inference_mode()
def generated(host: TinyHost, prompts: Sequence[str], **options: Any) -> list[str]:
    """Generated continuations of prompts, padded on the left."""
    batch = padded(host, prompts, "left")
    options = {"max_new_tokens": 10, "do_sample": False, "pad_token_id": 0} | options
    made = host.model.generate(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], **options
    )
    new = made[:, batch["input_ids"].shape[1] :]
    return [text.strip() for text in host.tokenizer.batch_decode(new, skip_special_tokens=True)]


def fired(attachment: Attachment, row: int, offset: int = 0) -> list[tuple[int, int, int]]:
    """(position, fact, step) of the last pass's changes in one row, without its padding."""
    return [(c.position - offset, c.fact, c.step) for c in attachment.changes if c.row == row]
