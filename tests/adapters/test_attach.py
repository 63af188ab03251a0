"""An attached adapter on tiny hosts of five architectures and in two precisions."""

from typing import Any

import pytest
import torch
from brains import refused
from conftest import tiny_host
from tiny import (
    FACTS,
    PROMPTS,
    SAID,
    STRANGERS,
    Kind,
    Pair,
    denoiser_of,
    encoded,
    every_architecture,
    every_kind,
    generated,
    gpt2,
    logits,
    padded,
    taught,
)
from torch import nn
from transformers import DynamicCache, GPT2Config, GPT2LMHeadModel

from adapters.attach import attach
from adapters.host.caches import FOLLOWING, KEPT
from oneshot.errors import HostError, OneshotError
from oneshot.facts.brain.held.live import LiveRows, no_rows
from oneshot.memory.disk.shelf import Shelf

__all__ = ["gpt2"]


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@every_kind
def test_where_no_fact_speaks_the_logits_are_the_bare_hosts(kind: Kind) -> None:
    host, denoiser = taught(*kind)
    for prompt in STRANGERS:
        assert torch.equal(logits(host, prompt, denoiser), logits(host, prompt))
    batch = padded(host, STRANGERS, "left")
    with torch.inference_mode():
        bare = host.model(**batch).logits
        with attach(host.model, denoiser) as attachment:
            same = host.model(**batch).logits
            assert not attachment.changes
            assert torch.equal(same, bare)
            host.model(**padded(host, [*STRANGERS, PROMPTS[0]], "left"))
            assert {change.row for change in attachment.changes} == {len(STRANGERS)}


@every_architecture
def test_a_fact_changes_no_other_row_and_no_earlier_position(architecture: str) -> None:
    host, denoiser = taught(architecture)
    batch = padded(host, [STRANGERS[0], PROMPTS[0], STRANGERS[1]], "left")
    with torch.inference_mode():
        bare = host.model(**batch).logits
        with attach(host.model, denoiser) as attachment:
            changed = host.model(**batch).logits
    places = {(c.row, c.position) for c in attachment.changes}
    assert (1, batch["input_ids"].shape[1] - 1) in places
    differ = (changed != bare).any(2).nonzero().tolist()
    assert {(row, position) for row, position in differ} == places


@pytest.mark.parametrize("keep", [1, 3, torch.tensor([0, -1])])
def test_only_the_logits_that_are_kept_are_changed(gpt2: Pair, keep: Any) -> None:
    host, denoiser = gpt2
    ids = host.tokenizer(PROMPTS[0], return_tensors="pt").input_ids
    whole = logits(host, PROMPTS[0], denoiser)
    with torch.inference_mode():
        bare = host.model(input_ids=ids, logits_to_keep=keep).logits
        with attach(host.model, denoiser):
            kept = host.model(input_ids=ids, logits_to_keep=keep).logits
    expected = whole[:, keep if isinstance(keep, torch.Tensor) else slice(-keep, None)]
    torch.testing.assert_close(kept, expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(kept[:, -1], bare[:, -1], atol=0.1)


@pytest.mark.parametrize("fails", [False, True])
def test_no_hook_stays_behind(gpt2: Pair, fails: bool) -> None:
    host, denoiser = gpt2
    before, bare = hooks(host.model), logits(host, PROMPTS[0])
    cache = DynamicCache(config=host.model.config)
    ids = host.tokenizer(PROMPTS[0], return_tensors="pt").input_ids

    def use() -> None:
        with torch.inference_mode(), attach(host.model, denoiser):
            assert hooks(host.model) > before
            host.model(input_ids=ids, cache=cache, use_cache=True)
            assert KEPT in vars(cache)
            if fails:
                host.model(input_ids=torch.tensor([[10**6]]))

    if fails:
        with pytest.raises(IndexError):
            use()
    else:
        use()
    assert hooks(host.model) == before
    assert not {KEPT, *FOLLOWING} & set(vars(cache))
    assert torch.equal(logits(host, PROMPTS[0]), bare)
    assert not torch.equal(logits(host, PROMPTS[0], denoiser), bare)


def test_after_an_interrupted_pass_the_next_one_is_right(gpt2: Pair) -> None:
    host, denoiser = gpt2
    expected = logits(host, PROMPTS[0], denoiser)
    ids = host.tokenizer(PROMPTS[0], return_tensors="pt").input_ids
    with torch.inference_mode(), attach(host.model, denoiser):
        with pytest.raises(IndexError):
            host.model(input_ids=torch.tensor([[10**6]]))
        assert torch.equal(host.model(input_ids=ids).logits, expected)


def test_a_second_adapter_is_refused_and_the_first_goes_on(gpt2: Pair) -> None:
    host, denoiser = gpt2
    before = hooks(host.model)
    with attach(host.model, denoiser):
        with refused(OneshotError, "attached already"), attach(host.model, denoiser):
            pass
        assert generated(host, PROMPTS[:1]) == SAID[:1]
    assert hooks(host.model) == before
    with attach(host.model, denoiser):
        pass


@pytest.mark.parametrize(("width", "layers"), [(32, 4), (64, 2)])
def test_an_adapter_of_another_shape_is_refused(gpt2: Pair, width: int, layers: int) -> None:
    shape = GPT2Config(vocab_size=50, n_positions=16, n_embd=width, n_layer=layers, n_head=2)
    other = GPT2LMHeadModel(shape).eval()
    with refused(HostError, f"has {width} and {layers}"), attach(other, gpt2[1]):
        pass
    assert hooks(other) == 0


def test_a_cache_that_is_cut_short_is_refused(gpt2: Pair) -> None:
    host, denoiser = gpt2
    cache = DynamicCache(config=host.model.config)
    ids = host.tokenizer(PROMPTS[0], return_tensors="pt").input_ids
    with torch.inference_mode(), attach(host.model, denoiser):
        host.model(input_ids=ids, cache=cache, use_cache=True)
        with refused(OneshotError, "cut short"):
            cache.crop(-2)
    cache.crop(-2)
    assert cache.get_seq_length() == ids.shape[1] - 2


@every_kind
def test_the_host_stays_frozen_and_unchanged(kind: Kind) -> None:
    """Encoding, attaching and generating run without gradients and write to no weight."""
    host = tiny_host(*kind)
    assert not any(p.requires_grad for p in host.model.parameters())
    before = {name: value.clone() for name, value in host.model.state_dict().items()}
    with torch.inference_mode():
        rows = [host.encoder.encode(fact) for fact in FACTS[:4]]
        with attach(host.model, denoiser_of(host, rows)):
            assert generated(host, PROMPTS[:4]) == SAID[:4]
    after = host.model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    for row, same in zip(rows, encoded(*kind), strict=False):
        for name, value in row.tensors().items():
            assert torch.equal(value, same.tensors()[name])


@every_architecture
def test_a_forgotten_fact_leaves_what_was_never_taught(architecture: str) -> None:
    host, everything = taught(architecture)
    rows, (key,) = encoded(architecture), encoded(architecture)[1].hex_keys()
    never = denoiser_of(host, [*rows[:1], *rows[2:]])
    live = LiveRows(Shelf([]), no_rows(host.calibration))
    for row in rows[::-1]:
        live.add(row)
    live.remove([key])
    forgotten = denoiser_of(host, [live.canonical()])
    for prompt in PROMPTS[:4]:
        after = logits(host, prompt, forgotten)
        assert torch.equal(after, logits(host, prompt, never))
        if prompt == PROMPTS[1]:
            assert not torch.equal(after, logits(host, prompt, everything))
