"""What attached adapters say: batches, padding, caches, beams, sampling, pipelines."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import (
    FACTS,
    PROMPTS,
    SAID,
    STRANGERS,
    Kind,
    Pair,
    every_architecture,
    every_kind,
    fired,
    generated,
    gpt2,
    padded,
    taught,
)
from transformers import DynamicCache, pipeline

from adapters.attach import attach

__all__ = ["gpt2"]


@every_kind
def test_taught_facts_are_said_to_their_end(kind: Kind) -> None:
    """Several facts on one subject, answers of one token and of many."""
    host, denoiser = taught(*kind)
    bare = generated(host, PROMPTS[:4], max_new_tokens=4)
    assert not any(text[:4] == said[:4] for text, said in zip(bare, SAID, strict=False))
    with attach(host.model, denoiser):
        together = generated(host, PROMPTS)
        alone = generated(host, PROMPTS[1:2])
    assert together == SAID
    assert alone == SAID[1:2]


@every_architecture
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_padded_batch_fires_as_single_rows_do(architecture: str, side: str) -> None:
    host, denoiser = taught(architecture)
    prompts = [*PROMPTS, *STRANGERS]
    batch = padded(host, prompts, side)
    with torch.inference_mode(), attach(host.model, denoiser) as attachment:
        host.model(**batch)
        shifts = batch["attention_mask"].argmax(1).tolist()
        assert side == "right" or max(shifts) > 0
        rows = [fired(attachment, row, shifts[row]) for row in range(len(prompts))]
        singles = []
        for prompt in prompts:
            host.model(**padded(host, [prompt], side))
            singles.append(fired(attachment, 0))
    assert rows == singles
    assert all(rows[: len(PROMPTS)])
    assert not any(rows[len(PROMPTS) :])


@every_architecture
def test_generation_without_a_cache_says_the_same(architecture: str) -> None:
    host, denoiser = taught(architecture)
    with attach(host.model, denoiser):
        assert generated(host, PROMPTS[:6], use_cache=False) == SAID[:6]


@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_a_prompt_read_in_pieces_is_answered_as_in_one(data: st.DataObject) -> None:
    """Cuts inside the name, before the last word, anywhere; the cache carries what was read."""
    host, denoiser = taught(data.draw(st.sampled_from(["gpt2", "mistral"])))
    which = data.draw(st.integers(0, len(FACTS) - 1))
    ids = host.tokenizer(f"{PROMPTS[which]} {SAID[which]}", return_tensors="pt").input_ids
    prompt = len(host.tokenizer(PROMPTS[which]).input_ids)
    cuts = data.draw(st.sets(st.integers(1, prompt - 1), max_size=4))
    ends = [*sorted(cuts), *range(prompt, ids.shape[1] + 1)]
    with torch.inference_mode(), attach(host.model, denoiser) as attachment:
        host.model(input_ids=ids)
        whole = [f for f in fired(attachment, 0) if f[0] >= prompt - 1]
        cache, pieces = DynamicCache(config=host.model.config), []
        for start, stop in pairwise([0, *ends]):
            host.model(input_ids=ids[:, start:stop], cache=cache, use_cache=True)
            pieces += fired(attachment, 0, -start)
    assert [f for f in pieces if f[0] >= prompt - 1] == whole
    assert [step for _, _, step in whole] == list(range(len(whole)))
    assert len(whole) == ids.shape[1] - prompt + 1


@pytest.mark.filterwarnings("ignore:.past_key_values. is deprecated:FutureWarning")
@pytest.mark.parametrize("name", ["cache", "past_key_values"])
def test_a_cache_is_followed_under_both_its_names_and_in_tuples(gpt2: Pair, name: str) -> None:
    host, denoiser = gpt2
    ids = host.tokenizer(f"{PROMPTS[1]} {SAID[1]}", return_tensors="pt").input_ids
    with torch.inference_mode(), attach(host.model, denoiser) as attachment:
        host.model(input_ids=ids)
        last = max(fired(attachment, 0))
        assert last[2] > 1
        for named in (True, False):
            cache = DynamicCache(config=host.model.config)
            options: dict[str, Any] = {name: cache, "use_cache": True, "return_dict": named}
            for position in range(last[0] + 1):
                host.model(input_ids=ids[:, position : position + 1], **options)
            assert fired(attachment, 0, -last[0]) == [last]


def test_a_static_cache_is_followed(gpt2: Pair) -> None:
    host, denoiser = gpt2
    with attach(host.model, denoiser):
        assert generated(host, PROMPTS[:4], cache_implementation="static") == SAID[:4]


@every_architecture
def test_beam_search_says_taught_facts(architecture: str) -> None:
    """Beams are reordered at every step, and each goes on with its own answer."""
    host, denoiser = taught(architecture)
    with attach(host.model, denoiser):
        made = generated(host, PROMPTS[:4], num_beams=3)
    assert all(text.startswith(said) for text, said in zip(made, SAID, strict=False))


@every_architecture
def test_sampling_follows_its_seed(architecture: str) -> None:
    host, denoiser = taught(architecture)

    def sample(prompts: list[str], seed: int, temperature: float) -> list[str]:
        torch.manual_seed(seed)
        options: dict[str, Any] = {"do_sample": True, "temperature": temperature}
        return generated(host, prompts, num_return_sequences=2, **options)

    bare = sample(STRANGERS[:2], 1, 1.0)
    assert sample(STRANGERS[:2], 2, 1.0) != bare
    with attach(host.model, denoiser):
        assert sample(STRANGERS[:2], 1, 1.0) == bare
        assert sample(PROMPTS[:2], 1, 0.05) == [SAID[0], SAID[0], SAID[1], SAID[1]]


def test_the_text_generation_pipeline_says_taught_facts(gpt2: Pair) -> None:
    host, denoiser = gpt2
    generate = pipeline("text-generation", model=host.model, tokenizer=host.tokenizer)
    options: dict[str, Any] = {"max_new_tokens": 10, "do_sample": False, "batch_size": 3}
    with attach(host.model, denoiser):
        made = generate(PROMPTS[:5], return_full_text=False, **options)
    assert [rows[0]["generated_text"].strip() for rows in made] == SAID[:5]


@every_architecture
def test_embeddings_do_as_well_as_tokens(architecture: str) -> None:
    host, denoiser = taught(architecture)
    with torch.inference_mode(), attach(host.model, denoiser) as attachment:
        ids = host.tokenizer(PROMPTS[1], return_tensors="pt").input_ids
        embeds = host.model.get_input_embeddings()(ids)
        by_ids, expected = host.model(input_ids=ids).logits, fired(attachment, 0)
        assert torch.equal(host.model(inputs_embeds=embeds).logits, by_ids)
        assert fired(attachment, 0) == expected != []
        made = host.model.generate(
            inputs_embeds=embeds,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=10,
            do_sample=False,
            pad_token_id=0,
        )
    assert host.tokenizer.decode(made[0], skip_special_tokens=True).strip() == SAID[1]
