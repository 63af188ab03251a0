"""Hosts: their parts are found from the module tree, and nothing unsafe is loaded."""

from pathlib import Path

import pytest
import torch
from brains import host_folder, refused
from conftest import (
    ARCHITECTURES,
    CONFIGS,
    HEADS,
    LAYERS,
    VOCABULARY,
    WIDTH,
    build_model,
    packaged_tokenizer,
    tiny_host,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel

from adapters.host.read import captured, read_states
from adapters.host.sites import find_sites, output_state
from oneshot.errors import BadInputError, HostError
from oneshot.hosts.corpus import background_text, corpus_facts, corpus_wordings
from oneshot.hosts.load import PACKAGED, host_hash, load_host, same_host


def tiny_bert() -> BertModel:
    shape = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
    return BertModel(shape)


def state_of(output: object) -> torch.Tensor:
    return output[0] if isinstance(output, tuple) else output  # type: ignore[return-value]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_parts_are_found_in_every_architecture(architecture: str) -> None:
    model = build_model(architecture)
    sites = find_sites(model)
    assert len(sites.layers) == LAYERS
    assert sites.width == WIDTH
    assert sites.head.weight.shape == (VOCABULARY, WIDTH)
    assert sites.embeddings is model.get_input_embeddings()
    tied = CONFIGS[architecture]["tie_word_embeddings"]
    assert (sites.head.weight is sites.embeddings.weight) == tied


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_states_are_those_between_the_layers(architecture: str) -> None:
    """Read one by one by hand and all at once; reading stops early and leaves no hook."""
    model = build_model(architecture)
    ids, seen = torch.tensor([[5, 6, 7, 8]]), {}
    sites, passed = find_sites(model), []
    handles = [
        layer.register_forward_hook(lambda m, a, o, i=i: seen.__setitem__(i, state_of(o)))
        for i, layer in enumerate(sites.layers, start=1)
    ]
    with torch.inference_mode():
        expected = model(input_ids=ids, output_hidden_states=True).hidden_states
    for handle in handles:
        handle.remove()
    before = sum(len(m._forward_hooks) for m in model.modules())  # the library's own
    watch = sites.layers[2].register_forward_hook(lambda *_: passed.append(3))
    states = read_states(model, ids, [1, 2])
    assert not passed
    watch.remove()
    assert sorted(states) == [1, 2]
    for layer, state in states.items():
        torch.testing.assert_close(state, seen[layer].float())
        torch.testing.assert_close(state, expected[layer].float())
    assert sum(len(m._forward_hooks) for m in model.modules()) == before


def test_reading_leaves_no_hook_after_an_exception() -> None:
    model = build_model("gpt2")

    def fail() -> None:
        with captured(model, [1], stop=True):
            assert any(m._forward_hooks for m in model.modules())
            model(input_ids=torch.tensor([[10**6]]))

    with pytest.raises(IndexError):
        fail()
    assert not any(m._forward_hooks for m in model.modules())


@settings(deadline=None)
@given(fraction=st.floats(0, 1))
def test_a_depth_is_a_layer_before_the_last(fraction: float) -> None:
    sites = find_sites(tiny_host("gpt2").model)
    assert 1 <= sites.depth(fraction) < LAYERS
    assert abs(sites.depth(fraction) - fraction * LAYERS) <= 1


def test_models_without_a_head_or_layers_are_refused() -> None:
    with refused(HostError, "BertModel has no language-model head"):
        find_sites(tiny_bert())
    with refused(HostError, "Linear has no language-model head"):
        find_sites(nn.Linear(2, 2))
    shallow = GPT2Config(vocab_size=50, n_positions=16, n_embd=16, n_layer=1, n_head=2)
    with refused(HostError, "no list of at least two layers"):
        find_sites(GPT2LMHeadModel(shallow))


def test_a_layers_output_may_be_a_tuple() -> None:
    state = torch.ones(1)
    assert output_state((state, None)) is output_state(state) is state


def test_a_folder_is_loaded_frozen_and_in_the_precision_asked() -> None:
    folder = str(host_folder())
    host = load_host(folder)
    assert host.name == folder
    assert not host.model.training
    assert {p.dtype for p in host.model.parameters()} == {torch.float32}
    assert not any(p.requires_grad for p in host.model.parameters())
    half = load_host(folder, dtype="bfloat16")
    assert {p.dtype for p in half.model.parameters()} == {torch.bfloat16}
    assert half.hash == host.hash
    with refused(BadInputError, "--dtype 'int3' is unknown"):
        load_host(folder, dtype="int3")


def test_the_packaged_host_is_the_default() -> None:
    host = load_host()
    assert host.name == PACKAGED
    assert host.tokenizer.is_fast
    assert find_sites(host.model).width == host.model.config.n_embd


def save_unsafe(folder: Path) -> Path:
    model = build_model("gpt2")
    model.config.save_pretrained(folder)
    packaged_tokenizer().save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


def test_weights_that_may_run_code_are_refused(tmp_path: Path) -> None:
    folder = save_unsafe(tmp_path / "model")
    with refused(HostError, "cannot load the model .* safetensors"):
        load_host(str(folder))
    build_model("gpt2").save_pretrained(folder)
    assert load_host(str(folder)).name == str(folder)


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(
        '{"model_type": "trap", "auto_map": {"AutoConfig": "trap.Trap",'
        ' "AutoModelForCausalLM": "trap.Trap", "AutoTokenizer": ["trap.Trap", null]}}'
    )
    (folder / "trap.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Trap: pass\n")
    with refused(HostError, "cannot load the model"):
        load_host(str(folder))
    assert not (tmp_path / "ran").exists()


def test_no_model_and_damaged_models_are_refused(tmp_path: Path) -> None:
    with refused(HostError, "cannot load the model"):
        load_host(str(tmp_path / "nothing"))
    packaged_tokenizer().save_pretrained(tmp_path)
    build_model("gpt2").save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    load_host(str(tmp_path))
    weights.write_bytes(weights.read_bytes()[:-1000])
    with refused(HostError, "cannot load the model"):
        load_host(str(tmp_path))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_hash_tells_weights_but_not_precisions_apart(architecture: str) -> None:
    model = build_model(architecture)
    name = host_hash(model)
    assert [len(part) for part in name.split("-")] == [32, 8]
    assert host_hash(build_model(architecture, torch.bfloat16)) == name
    last = list(model.parameters())[-1]
    kept = last.detach().clone()
    with torch.no_grad():
        last.flatten()[0] += 1.0
    assert host_hash(model) != name
    with torch.no_grad():
        last.copy_(kept)
    assert host_hash(model) == name


def test_hashes_of_all_architectures_differ() -> None:
    """Also those of llama and mistral, which have the same weights here."""
    hashes = {a: host_hash(build_model(a)) for a in ARCHITECTURES}
    assert len(set(hashes.values())) == len(ARCHITECTURES)
    weights = {a: name.split("-")[0] for a, name in hashes.items()}
    assert weights["llama"] == weights["mistral"]
    assert not same_host(hashes["llama"], hashes["mistral"])


def test_the_hash_tells_uses_of_the_same_weights_apart() -> None:
    model = build_model("gpt2")
    name = host_hash(model)
    model.config.n_head = 2
    assert not same_host(host_hash(model), name)
    model.config.n_head, model.config.use_cache = HEADS, False
    assert host_hash(model) == name, "what changes no state counts for nothing"


def test_hashes_without_the_configuration_are_known_still() -> None:
    assert same_host("ab", "ab-1")
    assert same_host("ab-1", "ab")
    assert same_host("ab", "ab")
    assert not same_host("ab-1", "ab-2")
    assert not same_host("ab", "ac-1")


def test_the_corpus_is_whole() -> None:
    facts, wordings = corpus_facts(), corpus_wordings()
    assert {fact.split for fact in facts} == {"known", "tune", "test"}
    assert {fact.relation for fact in facts} <= set(wordings)
    for entry in wordings.values():
        assert all(text.count("{}") == 1 for text in (*entry.main, *entry.held_out))
        assert not set(entry.main) & set(entry.held_out)
    assert len(background_text()) > 500
    assert all(text == text.strip() and text for text in background_text())
