"""Facts that speak in running text that is about none of them."""

import gzip
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from adapters.attach import attach
from oneshot.facts.learner import Learner

SHORTEST, LONGEST = 100, 128  # characters of a paragraph that is read, and tokens of it
SEED, SAMPLES = 0, 8


@torch.inference_mode()
def false_fires(learner: Learner, paragraphs: Sequence[str]) -> dict[str, Any]:
    """At how many tokens of the paragraphs a fact begins to speak, and the first of these."""
    denoiser, host, tokens = learner.denoiser(), learner.host, 0
    assert denoiser is not None, "facts were taught"
    fired: list[str] = []
    for paragraph in paragraphs:
        ids = host.tokenizer(paragraph, return_tensors="pt").input_ids[:, :LONGEST]
        tokens += ids.shape[1]
        with attach(host.model, denoiser) as attachment:
            host.model(input_ids=ids.to(host.model.device))
            places = {c.position for c in attachment.changes if c.step == 0}
        fired += [host.tokenizer.decode(ids[0, : place + 1]) for place in sorted(places)]
    return {
        "fires": len(fired),
        "tokens": tokens,
        "per_token": len(fired) / tokens,
        "fired": [text[-150:] for text in fired[:SAMPLES]],
    }


def read_paragraphs(path: Path, limit: int) -> list[str]:
    """So many long paragraphs of a file of text."""
    read = path.read_bytes()
    text = (gzip.decompress(read) if path.suffix == ".gz" else read).decode("utf-8")
    found = [line for line in text.splitlines() if len(line) > SHORTEST]
    return found if len(found) <= limit else random.Random(SEED).sample(found, limit)
