"""Calibrated hosts of several architectures; nothing is downloaded."""

import os
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: tests use no network

import torch
from architectures import build_model

from adapters.address.calibration import Calibration, calibrate
from adapters.address.material import Material, Settings
from adapters.write.encode import Encoder
from oneshot.hosts.corpus import background_text, corpus_facts, corpus_wordings

SETTINGS = Settings(relation_depths=(0.5, 0.75), names=160, names_per_template=4)
RELATIONS, WORDINGS, PARAGRAPHS, NAMES, FACTS = 8, 4, 40, 200, 100


@dataclass(frozen=True)
class TinyHost:
    """A random frozen model with its calibration, which both precisions share."""

    model: Any
    tokenizer: Any
    calibration: Calibration

    @property
    def encoder(self) -> Encoder:
        return Encoder(self.model, self.tokenizer, self.calibration)

    @property
    def head(self) -> torch.Tensor:
        weight: torch.Tensor = self.model.get_output_embeddings().weight
        return weight.detach()


@cache
def packaged_tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(files("oneshot.hosts") / "factual_lm"))


@cache
def small_material() -> Material:
    rng = random.Random(0)
    known = [fact for fact in corpus_facts() if fact.split == "known"]
    wordings = {r: w.main[:WORDINGS] for r, w in corpus_wordings().items()}
    chosen = dict(list(wordings.items())[:RELATIONS])
    names = rng.sample(sorted({fact.subject for fact in known}), NAMES)
    facts = [(fact.subject, fact.relation) for fact in known if fact.relation in chosen]
    return Material(names, chosen, background_text()[:PARAGRAPHS], facts[:FACTS])


@cache
def tiny_host(architecture: str, dtype: torch.dtype = torch.float32) -> TinyHost:
    model, tokenizer = build_model(architecture, dtype), packaged_tokenizer()
    if dtype != torch.float32:
        return TinyHost(model, tokenizer, tiny_host(architecture).calibration)
    made = calibrate(model, tokenizer, small_material(), SETTINGS, lambda *_: None)
    return TinyHost(model, tokenizer, made)
