"""Hosts are loaded from folders, nothing unsafe is, and hashes tell them apart."""

from pathlib import Path

import pytest
import torch
from architectures import ARCHITECTURES, HEADS, build_model
from brains import host_folder, refused
from conftest import packaged_tokenizer

from adapters.host.sites import find_sites
from oneshot.errors import BadInputError, HostError
from oneshot.hosts.corpus import background_text, corpus_facts, corpus_wordings
from oneshot.hosts.load import PACKAGED, host_hash, load_host, same_host


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
    with refused(HostError, "no model is known as"):
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
