"""What may be loaded as a host and where it goes: kinds, shards, precisions, devices, memory."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from architectures import LAYERS, build_model, build_seeing_model
from brains import host_folder, refused
from conftest import packaged_tokenizer
from gguf_files import logits
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    BartConfig,
    BartForCausalLM,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    BertLMHeadModel,
    LlamaForSequenceClassification,
    LlamaModel,
    T5Config,
    T5ForConditionalGeneration,
)

from adapters.host.sites import find_sites
from oneshot.errors import BadInputError, HostError
from oneshot.hosts import load, place
from oneshot.hosts.load import PACKAGED, host_hash, load_host
from oneshot.hosts.place import SEVERAL, choose_device, own_dtype

FIRST, SECOND = torch.device("cuda", 0), torch.device("cuda", 1)
CPU = torch.device("cpu")
BERT = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2} | {
    "vocab_size": 8000,
    "intermediate_size": 16,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 0,
}
BART = {"d_model": 16, "vocab_size": 8000, "encoder_layers": 1, "decoder_layers": 2} | {
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 16,
    "encoder_ffn_dim": 16,
    "forced_eos_token_id": None,
}
T5 = {"d_model": 16, "vocab_size": 8000, "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2}


def saved(model: Any, folder: Path, **options: Any) -> str:
    """The folder of a model with the packaged tokenizer."""
    model.save_pretrained(folder, **options)
    packaged_tokenizer().save_pretrained(folder)
    return str(folder)


# --- kinds ---


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (lambda: BertForMaskedLM(BertConfig(**BERT)), "is an encoder, which looks at"),
        (lambda: T5ForConditionalGeneration(T5Config(**T5)), "is an encoder-decoder"),
        (lambda: BartForConditionalGeneration(BartConfig(**BART)), "is an encoder-decoder"),
    ],
    ids=("bert", "t5", "bart"),
)
def test_models_that_do_not_say_the_next_token_are_refused(
    tmp_path: Path, model: Any, why: str
) -> None:
    with refused(HostError, f"{why}.*; give a causal language model"):
        load_host(saved(model(), tmp_path))


@pytest.mark.parametrize(
    "model",
    [
        lambda: BertLMHeadModel(BertConfig(**BERT, is_decoder=True)),
        lambda: BartForCausalLM(BartConfig(**BART, is_decoder=True, is_encoder_decoder=False)),
    ],
    ids=("bert", "bart"),
)
def test_their_decoders_are_hosts(tmp_path: Path, model: Any) -> None:
    host = load_host(saved(model(), tmp_path))
    assert len(find_sites(host.model).layers) == 2


@pytest.mark.parametrize("method", ["gptq", "awq", "bitsandbytes", "fp8"])
def test_packed_weights_are_refused(tmp_path: Path, method: str) -> None:
    folder = saved(build_model("llama"), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["quantization_config"] = {"quant_method": method, "bits": 4}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with refused(HostError, f"holds weights packed by {method}; give .* plain weights"):
        load_host(folder)


@pytest.mark.parametrize("kind", [LlamaModel, LlamaForSequenceClassification])
def test_models_without_a_head_are_refused(tmp_path: Path, kind: Any) -> None:
    """The library would make one up at random."""
    folder = saved(kind(build_model("llama").config), tmp_path)
    with refused(HostError, r"lacks weights of a causal language model, lm_head\.weight"):
        load_host(folder)


@pytest.mark.parametrize("architecture", ["gemma3", "qwen2_vl"])
def test_models_that_see_are_hosts_by_their_language_half(
    tmp_path: Path, architecture: str
) -> None:
    model = build_seeing_model(architecture)
    host = load_host(saved(model, tmp_path))
    assert host.hash == host_hash(model)
    assert len(find_sites(host.model).layers) == LAYERS
    torch.testing.assert_close(logits(host.model), logits(model))


def test_shards_are_one_model(tmp_path: Path) -> None:
    model = build_model("llama")
    folder = saved(model, tmp_path, max_shard_size="500KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    assert load_host(folder).hash == host_hash(model)
    next(tmp_path.glob("*.safetensors")).unlink()
    with refused(HostError, "cannot load the model"):
        load_host(folder)


def test_the_packaged_host_has_a_name() -> None:
    assert load_host(PACKAGED).hash == load_host().hash


# --- precision ---


def test_auto_is_the_checkpoints_own_precision(tmp_path: Path) -> None:
    folder = saved(build_model("qwen3", torch.bfloat16), tmp_path)
    for dtype, found in (("auto", torch.bfloat16), ("float32", torch.float32)):
        host = load_host(folder, dtype=dtype)
        assert {p.dtype for p in host.model.parameters()} == {found}
        assert own_dtype(host.model.config) == found
    whole = load_host(str(host_folder()), dtype="auto")
    assert {p.dtype for p in whole.model.parameters()} == {torch.float32}


# --- devices and memory ---


def test_auto_is_the_cpu_where_there_is_nothing_else() -> None:
    with mock.patch.object(place, "_cuda_devices", return_value=[]):
        host = load_host(str(host_folder()), device="auto")
    assert {p.device for p in host.model.parameters()} == {CPU}


@pytest.mark.parametrize("device", ["nonsense", "meta", "cuda:77", ""])
def test_devices_that_are_not_there_are_refused(device: str) -> None:
    with refused(BadInputError, f"--device '{device}' .*; give auto, cpu"):
        load_host(str(host_folder()), device=device)


def free(sizes: dict[torch.device, int]) -> Any:
    """A machine with this much free memory."""
    return mock.patch.multiple(
        place,
        _cuda_devices=lambda: [device for device in sizes if device.type == "cuda"],
        free_bytes=sizes.__getitem__,
    )


@given(st.tuples(*[st.integers(0, 20)] * 3), st.integers(1, 45))
def test_auto_takes_the_least_spread_place_with_room(
    sizes: tuple[int, int, int], need: int
) -> None:
    first, second, cpu = sizes
    with free({FIRST: first, SECOND: second, CPU: cpu}):
        if need > max(first + second, cpu):
            with refused(HostError, "needs .* for its weights, and cpu has .* free"):
                choose_device("auto", "a-model", need)
            return
        chosen = choose_device("auto", "a-model", need)
    if need <= max(first, second):
        assert chosen == (FIRST if first >= second else SECOND)
    elif need <= first + second:
        assert chosen == SEVERAL
    else:
        assert chosen == CPU


def test_several_devices_take_a_library() -> None:
    with (
        free({FIRST: 5, SECOND: 5, CPU: 100}),
        mock.patch.object(place, "find_spec", return_value=None),
        refused(HostError, "pip install accelerate"),
    ):
        choose_device("auto", "a-model", 8)


def test_a_model_on_several_devices_is_the_same() -> None:
    """The library's map, on a machine whose only device is the CPU."""
    pytest.importorskip("accelerate")
    alone = load_host(str(host_folder()))
    with mock.patch.object(load, "choose_device", return_value=SEVERAL):
        spread = load_host(str(host_folder()))
    assert spread.hash == alone.hash
    assert torch.equal(logits(spread.model), logits(alone.model))


def test_what_does_not_fit_is_refused_before_it_is_read() -> None:
    need = sum(p.numel() for p in load_host(str(host_folder())).model.parameters()) * 4
    for dtype, bytes_needed in (("float32", need), ("bfloat16", need // 2)):
        with free({CPU: bytes_needed}):
            load_host(str(host_folder()), dtype=dtype)
        with (
            free({CPU: bytes_needed - 1}),
            mock.patch("transformers.GPT2LMHeadModel.from_pretrained", side_effect=AssertionError),
            refused(HostError, "for its weights, and cpu has"),
        ):
            load_host(str(host_folder()), dtype=dtype)
