"""Load the frozen host: the packaged language model, a fetched one, a GGUF, or any causal LM."""

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from oneshot.errors import HostError
from oneshot.hosts.gguf import unpacked
from oneshot.hosts.hub import only_kept
from oneshot.hosts.kind import model_class
from oneshot.hosts.known import known_hosts
from oneshot.hosts.place import (
    SEVERAL,
    DeviceMap,
    check_dtype,
    choose_device,
    own_dtype,
    packed,
)
from oneshot.hosts.shelf import Progress, kept_hosts, silent

PACKAGED = "factual-lm"
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


@dataclass(frozen=True)
class _Place:
    """A device, or else the library's map of several, and how weights are packed there."""

    device: str
    map: DeviceMap
    packing: dict[str, Any]


def load_host(
    name: str | None = None,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    trust_remote_code: bool = False,
    progress: Progress = silent,
    device_map: DeviceMap = None,
    bits: int | None = None,
) -> Host:
    """Load a host: the packaged one (None), a known name, a GGUF file, a folder or a hub name.

    `auto` as dtype is the checkpoint's own, as device the one with room; a `device_map` is the
    library's, and `bits` (4 or 8) packs the weights, whose hash is then another. Safetensors only;
    raises BadInputError for options that cannot be used, HostError for a model that cannot be
    loaded.
    """
    wanted, packing = check_dtype(dtype), packed(bits)
    folder = host_folder(name, wanted, progress)
    kept = only_kept(folder)
    where = _Place(device, SEVERAL if packing and device_map is None else device_map, packing)
    use = {"trust_remote_code": trust_remote_code, "local_files_only": kept}
    model, tokenizer = _load(folder, name or PACKAGED, where, wanted, use)
    model.requires_grad_(False).eval()
    return Host(model, tokenizer, name or PACKAGED, host_hash(model))


def host_folder(
    name: str | None, dtype: torch.dtype | None = None, progress: Progress = silent
) -> str:
    """The folder, or else the name on the hub, that a host is loaded from; raises HostError.

    A GGUF file is unpacked first, in float32 if no dtype is given.
    """
    if name is None or name == PACKAGED:
        return str(Path(str(files("oneshot.hosts") / "factual_lm")))
    if name in known_hosts():
        if name not in kept_hosts():
            raise HostError(f"{name} is not here yet; run `oneshot host fetch {name}`")
        return str(kept_hosts()[name])
    file = _gguf_file(Path(name))
    return name if file is None else str(unpacked(file, dtype or torch.float32, progress))


def _gguf_file(path: Path) -> Path | None:
    """The GGUF file that a path names: itself, or the only one of a folder without safetensors."""
    if path.is_file() or path.suffix.lower() == ".gguf":
        return path
    found = sorted(path.glob("*.gguf")) if path.is_dir() else []
    if not found or any(path.glob("*.safetensors")):
        return None
    if len(found) > 1:
        raise HostError(
            f"{path} holds {len(found)} GGUF files; give one of them, such as {found[0]}"
        )
    return found[0]


def _load(
    folder: str, name: str, where: _Place, dtype: torch.dtype | None, use: dict[str, bool]
) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        config = AutoConfig.from_pretrained(folder, **use)
        kind = model_class(config, name)
        dtype = dtype or own_dtype(config)
        place = where.map or choose_device(
            where.device, name, _parameters(kind, config, use["trust_remote_code"]) * dtype.itemsize
        )
        mapped = not isinstance(place, torch.device)
        tokenizer = AutoTokenizer.from_pretrained(folder, **use)
        model, report = kind.from_pretrained(
            folder,
            dtype=dtype,
            **use,
            use_safetensors=True,
            output_loading_info=True,
            **({"device_map": place} if mapped else {}),
            **where.packing,
        )
        _check_whole(model, report["missing_keys"], name)
        return model if mapped else model.to(place), tokenizer
    except UNLOADABLE as error:
        reason = " ".join(str(error).split())[:200]
        raise HostError(
            f"cannot load the model {folder!r} ({reason}); give the name or folder of a "
            "Hugging Face causal language model with safetensors weights"
        ) from error


def _parameters(kind: Any, config: Any, trust: bool) -> int:
    """How many numbers the model holds; 0 where it cannot be built without memory."""
    try:
        with torch.device("meta"):
            model = kind.from_config(config, trust_remote_code=trust)
    except UNLOADABLE:
        return 0
    return sum(parameter.numel() for parameter in model.parameters())


def _check_whole(model: nn.Module, missing: set[str], name: str) -> None:
    """HostError where the library made up weights, or left some off the devices."""
    made_up = sorted(missing & {n for n, _ in model.named_parameters()})
    if made_up:
        raise HostError(
            f"{name!r} lacks weights of a causal language model, {made_up[0]} and "
            f"{len(made_up) - 1} more; give a checkpoint with its head"
        )
    if any(parameter.is_meta for parameter in model.parameters()):
        raise HostError(f"{name!r} does not fit on the devices; give --dtype bfloat16")


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
    config: Any = getattr(model, "config", None)
    if hasattr(config, "get_text_config"):
        config = config.get_text_config()
    used = [str(getattr(config, name, None)) for name in USE]
    use = hashlib.blake2b(json.dumps(used).encode(), digest_size=4)
    return f"{digest.hexdigest()}-{use.hexdigest()}"


def same_host(one: str, other: str) -> bool:
    """Whether two hashes are of one host; those of version 0.1.0 end before the dash."""
    weights, *use = one.split("-")
    others_weights, *others_use = other.split("-")
    return weights == others_weights and (use == others_use or not (use and others_use))
