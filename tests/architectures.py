"""Random models of many architectures, built from configurations and a seed; none is downloaded."""

from typing import Any

import torch

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
SHARED = DECODER | {"num_key_value_heads": 2}
GROUPED = SHARED | {"head_dim": WIDTH // HEADS}
SLIDING = GROUPED | {"sliding_window": 24}
GPT = COMMON | {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": POSITIONS}
UNDROPPED = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}

CONFIGS: dict[str, dict[str, Any]] = {
    "gpt2": GPT | UNDROPPED | {"tie_word_embeddings": True},
    "gpt_neox": DECODER,
    "llama": GROUPED,
    "qwen3": GROUPED,
    "mistral": SLIDING,
    "opt": DECODER | {"ffn_dim": 2 * WIDTH, "word_embed_proj_dim": WIDTH},
    "bloom": COMMON | {"hidden_size": WIDTH, "n_layer": LAYERS, "n_head": HEADS},
    "mixtral": GROUPED | {"num_local_experts": 4},
    "qwen2": SHARED,
    "gemma2": SLIDING | {"query_pre_attn_scalar": WIDTH // HEADS},
    "gemma3_text": SLIDING | {"query_pre_attn_scalar": WIDTH // HEADS},
    "phi": DECODER,
    "falcon": COMMON
    | {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS},
    "mpt": COMMON
    | {"d_model": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "max_seq_len": POSITIONS},
    "gptj": GPT | UNDROPPED | {"rotary_dim": 8},
    "olmo2": SHARED,
    "cohere": SHARED,
    "mamba": COMMON | {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "state_size": 4},
}
ARCHITECTURES = ("gpt2", "gpt_neox", "llama", "qwen3", "mistral")
"""Few, for tests that take seconds with each; `CONFIGS` has them all."""


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


def build_seeing_model(architecture: str) -> Any:
    """A random model of text and pictures, `gemma3` or `qwen2_vl`; the eye is the larger half."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    turning = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]}
    text, eye = {
        "gemma3": (
            CONFIGS["gemma3_text"] | {"model_type": "gemma3_text"},
            {"hidden_size": 96, "num_hidden_layers": 6, "image_size": 32, "patch_size": 8},
        ),
        "qwen2_vl": (
            GROUPED | {"rope_parameters": turning},
            {"depth": 6, "embed_dim": 96, "hidden_size": WIDTH, "num_heads": 4},
        ),
    }[architecture]
    config = AutoConfig.for_model(architecture, text_config=text, vision_config=eye)
    torch.manual_seed(0)
    return AutoModelForImageTextToText.from_config(config).requires_grad_(False).eval()
