"""Hosts of many architectures, built from configurations and seeds; nothing is downloaded."""

import os
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: tests use no network

import torch

from adapters.address.calibration import Calibration, calibrate
from adapters.address.material import Material, Settings
from adapters.write.encode import Encoder
from oneshot.hosts.corpus import background_text, corpus_facts, corpus_wordings

WIDTH, LAYERS, HEADS, VOCABULARY, POSITIONS = 64, 4, 4, 8000, 128
SPREAD = 0.06  # of the random weights: large enough for states that depend on the context
COMMON = {
    "vocab_size": VOCABULARY,
    "initializer_range": SPREAD,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 0,
    "tie_word_embeddings": False,
}
DECODER = COMMON | {
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "max_position_embeddings": POSITIONS,
}
GROUPED = DECODER | {"num_key_value_heads": 2, "head_dim": WIDTH // HEADS}
CONFIGS: dict[str, dict[str, Any]] = {
    "gpt2": COMMON
    | {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": POSITIONS}
    | {"tie_word_embeddings": True, "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0},
    "gpt_neox": DECODER,
    "llama": GROUPED,
    "qwen3": GROUPED,
    "mistral": GROUPED | {"sliding_window": 24},
}
ARCHITECTURES = tuple(CONFIGS)
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


def build_model(architecture: str, dtype: torch.dtype = torch.float32) -> Any:
    """A random model; the same weights, rounded, in every precision."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(architecture, **CONFIGS[architecture])
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).requires_grad_(False).eval()
    if dtype == torch.float32:
        return model
    rounded = AutoModelForCausalLM.from_config(config, dtype=dtype).requires_grad_(False).eval()
    rounded.load_state_dict(model.state_dict())
    return rounded


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
