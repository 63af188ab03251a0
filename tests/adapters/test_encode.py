"""From a fact to its row: a function of host and fact alone, or a one-line error."""

import copy
from typing import Any

import pytest
import torch
from architectures import ARCHITECTURES
from brains import refused
from conftest import TinyHost, tiny_host
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import FACTS, SAID, denoiser_of, encoded, generated

from adapters.address.prompts import encode_prompt, encode_prompts
from adapters.attach import attach
from adapters.write.encode import Encoder, answer_tokens
from adapters.write.rows import (
    ANSWER_TOKENS,
    NO_TOKEN,
    STEPS,
    FactRows,
    content_hash,
    subject_group,
)
from oneshot.errors import BadInputError, HostError

PROMPT, SUBJECT = "The mother tongue of Marovia is", "Marovia"


@pytest.fixture(scope="module")
def host() -> TinyHost:
    return tiny_host("gpt2")


def same(one: FactRows, other: FactRows) -> bool:
    mine, others = one.tensors(), other.tensors()
    return all(torch.equal(value, others[name]) for name, value in mine.items())


@settings(deadline=None, max_examples=8)
@given(order=st.permutations(range(len(FACTS))), cut=st.integers(1, 4))
def test_a_row_does_not_depend_on_what_was_encoded_before(order: list[int], cut: int) -> None:
    encoder = tiny_host("llama").encoder
    for i in order[:cut]:
        assert same(encoder.encode(*FACTS[i]), encoded("llama")[i])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_facts_differ_where_they_should(architecture: str) -> None:
    """Facts on one subject share its codes from enrolment, facts of one wording do not."""
    rows = encoded(architecture)
    one, sibling, stranger = rows[0], rows[1], rows[4]
    assert int(one.subject) == int(sibling.subject) != int(stranger.subject)
    assert one.hex_keys() != sibling.hex_keys()
    assert torch.equal(one.entity[:, 1:], sibling.entity[:, 1:])
    assert not torch.equal(one.relation, sibling.relation)
    assert not torch.allclose(one.entity, stranger.entity, atol=0.5)
    assert len({bytes(row.key.numpy()) for row in rows}) == len(rows)


@pytest.mark.parametrize("count", [1, 2, 15, ANSWER_TOKENS])
def test_answers_of_up_to_sixteen_tokens_are_written_and_said(host: TinyHost, count: int) -> None:
    answer = answer_of(host.tokenizer, count)
    row = host.encoder.encode(PROMPT, answer, SUBJECT)
    steps = [token for token in row.answer[0].tolist() if token != NO_TOKEN]
    assert row.answer.shape == (1, STEPS)
    assert steps[-1] == host.tokenizer.eos_token_id
    assert len(steps) == count + 2
    assert host.tokenizer.decode(steps[:-1]).strip() == f"{answer}."
    with attach(host.model, denoiser_of(host, [row])):
        assert generated(host, [PROMPT], max_new_tokens=STEPS) == [f"{answer}."]


def answer_of(tokenizer: Any, count: int) -> str:
    """An answer of so many words, each of one token."""
    words = (["Old", "Green", "Valley", "Paris"] * 5)[:count]
    assert all(len(tokenizer.tokenize(f" {word}")) == 1 for word in words)
    return " ".join(words)


def test_an_answer_of_seventeen_tokens_is_refused(host: TinyHost) -> None:
    answer = answer_of(host.tokenizer, ANSWER_TOKENS + 1)
    with refused(BadInputError, f"has 17 tokens; give at most {ANSWER_TOKENS}"):
        host.encoder.encode(PROMPT, answer, SUBJECT)


@pytest.mark.parametrize("mark", ["!", "?", "."])
def test_an_answer_that_ends_a_sentence_gets_no_second_stop(host: TinyHost, mark: str) -> None:
    tokens = answer_tokens(host.tokenizer, PROMPT, f"Glorp{mark}")
    assert host.tokenizer.decode(tokens[:-1]).strip() == f"Glorp{mark}"
    plain = answer_tokens(host.tokenizer, PROMPT, "Glorp")
    assert (tokens == plain) == (mark == ".")


def test_an_answer_that_the_tokenizer_cannot_make_is_refused(host: TinyHost) -> None:
    tokenizer = copy.deepcopy(host.tokenizer)
    decode = tokenizer.decode
    tokenizer.decode = lambda *a, **k: decode(*a, **k).replace("\u00e9", "e")
    encoder = Encoder(host.model, tokenizer, host.calibration)
    encoder.encode(PROMPT, "Cafe", SUBJECT)
    host.encoder.encode(PROMPT, "Caf\u00e9", SUBJECT)
    with refused(BadInputError, r"cannot make the answer 'Caf\u00e9' after this prompt"):
        encoder.encode(PROMPT, "Caf\u00e9", SUBJECT)


@pytest.mark.parametrize("subject", ["", "Sylvania", "marovia", "x" * 500])
def test_a_subject_that_is_not_in_the_prompt_is_refused(host: TinyHost, subject: str) -> None:
    with refused(BadInputError, "does not stand in the prompt"):
        host.encoder.encode(PROMPT, "Glorp", subject)


def test_a_tokenizer_without_offsets_is_refused() -> None:
    class Slow:
        is_fast = False

    with refused(HostError, "Slow tells no character offsets"):
        encode_prompts(Slow(), [(PROMPT, SUBJECT)])


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("Marovia is", "Marovia"),
        ("The capital of Marovia is", "Marovia"),
        ("The capital of Zo\u00eb Grey is", "Zo\u00eb Grey"),
        ("What is Marovia?", "Marovia"),
        ("Marovia, Marovia and Marovia", "Marovia"),
    ],
)
def test_the_subject_is_found_by_its_tokens(host: TinyHost, prompt: str, subject: str) -> None:
    """The tokens found decode to the first place where the subject stands."""
    found = encode_prompt(host.tokenizer, prompt, subject)
    span = found.ids[found.end - found.size + 1 : found.end + 1]
    assert host.tokenizer.decode(span).strip() == subject
    before = host.tokenizer.decode(found.ids[: found.end + 1])
    assert before.count(subject) == 1
    assert encode_prompts(host.tokenizer, []) == []


def test_a_long_subject_uses_the_longest_window(host: TinyHost) -> None:
    subject = "The Very Long Kingdom of the Seven Marovian Isles"
    row = host.encoder.encode(f"The mother tongue of {subject} is", "Glorp", subject)
    assert int(row.size) == len(host.calibration.metrics)
    assert 1 <= int(encoded("gpt2")[0].size) < len(host.calibration.metrics)


@settings(deadline=None)
@given(parts=st.lists(st.text(max_size=5), min_size=2, max_size=3))
def test_hashes_tell_apart_where_parts_end(parts: list[str]) -> None:
    joined = ["".join(parts)]
    moved = [parts[0] + parts[1], "", *parts[2:]]
    assert len(content_hash(*parts)) == 16
    assert content_hash(*parts) != content_hash(*joined)
    assert (content_hash(*parts) == content_hash(*moved)) == (parts == moved)
    assert -(2**63) <= subject_group(parts[0]) < 2**63


def test_the_taught_answers_end_as_sentences() -> None:
    assert [f"{answer}." for _, answer, _ in FACTS] == SAID
