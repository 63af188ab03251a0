"""Load the frozen host: the packaged factual language model, or any causal LM by name or folder."""

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from oneshot.errors import BadInputError, HostError

PACKAGED = "factual-lm"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
UNLOADABLE = (
    OSError,
    ValueError,
    RuntimeError,
    AssertionError,
    ImportError,
    KeyError,
    SafetensorError,
)
USE = (  # few and lasting, so that no update of the library makes another host of a model
    "model_type",
    "num_attention_heads",
    "num_key_value_heads",
    "hidden_act",
    "activation_function",
    "sliding_window",
    "tie_word_embeddings",
)
HASH_SAMPLES = 1024  # values of each weight that enter the hash


@dataclass(frozen=True)
class Host:
    """A frozen model in evaluation mode, its tokenizer, and a hash that tells it from others."""

    model: Any
    tokenizer: Any
    name: str
    hash: str


def load_host(
    name: str | None = None,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    trust_remote_code: bool = False,
) -> Host:
    """Load a host; `None` is the packaged one. Safetensors only; raises HostError."""
    if dtype not in DTYPES:
        raise BadInputError(f"--dtype {dtype!r} is unknown; give one of {', '.join(DTYPES)}")
    folder = name or str(Path(str(files("oneshot.hosts") / "factual_lm")))
    model, tokenizer = _load(folder, device, DTYPES[dtype], trust_remote_code)
    model.requires_grad_(False).eval()
    return Host(model, tokenizer, name or PACKAGED, host_hash(model))


def _load(folder: str, device: str, dtype: torch.dtype, trust: bool) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=trust, use_safetensors=True
        )
        return model.to(torch.device(device)), tokenizer  # type: ignore[arg-type]
    except UNLOADABLE as error:
        reason = " ".join(str(error).split())[:200]
        raise HostError(
            f"cannot load the model {folder!r} ({reason}); give the name or folder of a "
            "Hugging Face causal language model with safetensors weights"
        ) from error


def host_hash(model: nn.Module) -> str:
    """A hash of weights and architecture that does not depend on device or precision.

    Of every parameter: its name, shape and up to 1,024 evenly spaced values, rounded to bfloat16;
    after a dash, of the configuration: what decides how the same weights are used.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, parameter in sorted(model.named_parameters()):
        digest.update(f"{name}{tuple(parameter.shape)}".encode())
        flat = parameter.detach().flatten()
        sample = flat[:: max(1, len(flat) // HASH_SAMPLES)].to("cpu", torch.bfloat16).contiguous()
        digest.update(sample.view(torch.uint8).numpy().tobytes())
    config = getattr(model, "config", None)
    used = [str(getattr(config, name, None)) for name in USE]
    use = hashlib.blake2b(json.dumps(used).encode(), digest_size=4)
    return f"{digest.hexdigest()}-{use.hexdigest()}"


def same_host(one: str, other: str) -> bool:
    """Whether two hashes are of one host; those of version 0.1.0 end before the dash."""
    weights, *use = one.split("-")
    others_weights, *others_use = other.split("-")
    return weights == others_weights and (use == others_use or not (use and others_use))
