"""Facts become rows that depend on host and fact alone."""

from dataclasses import replace

import pytest
import torch
from conftest import packaged_tokenizer, tiny_host
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import FACTS, every_architecture

from adapters.text.names import key_number
from adapters.write.answers import answer_tokens, sentence_tokens
from adapters.write.encode import Told
from adapters.write.rows import NO_TOKEN, FactRows, join
from oneshot.errors import BadInputError


@every_architecture
def test_facts_taught_together_are_those_taught_alone_to_the_bit(architecture: str) -> None:
    encoder = tiny_host(architecture).encoder
    together = encoder.encode_all(FACTS)
    for fact, row in zip(FACTS, together, strict=True):
        alone = encoder.encode(fact).tensors()
        assert all(torch.equal(t, alone[name]) for name, t in row.tensors().items())


def test_each_part_of_a_fact_makes_another_key() -> None:
    fact = FACTS[0]
    others = [
        replace(fact, answer="Elsewhere"),
        replace(fact, subject="Somebody Else"),
        replace(fact, asks=(f"Where is {fact.subject}?",)),
        replace(fact, aliases=("Somebody",)),
    ]
    assert len({fact.key, *(o.key for o in others)}) == 5
    assert replace(fact, made=(f"Where is {fact.subject}?",)).key == fact.key


def test_wordings_are_read_and_those_without_the_name_left_out() -> None:
    encoder, fact = tiny_host("gpt2").encoder, FACTS[0]
    asked = replace(fact, asks=(f"Where does {fact.subject} sit?", "Where does nobody sit?"))
    assert int(encoder.encode(fact).count) == 1
    row = encoder.encode(asked)
    assert int(row.count) == 2
    assert not torch.equal(row.codes(0)[0], row.codes(0)[1])


def test_names_and_aliases_are_keys() -> None:
    row = tiny_host("gpt2").encoder.encode(Told("The rent of the office is", "9", "the office"))
    assert key_number("office") in row.names[0].tolist()
    assert key_number("offices") in row.names[0].tolist()
    aliased = replace(FACTS[0], aliases=("The Boss",))
    assert key_number("boss") in tiny_host("gpt2").encoder.encode(aliased).names[0].tolist()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (Told("The capital of New Freedonia is", "X", "Freedonia"), "longer name"),
        (Told("The capital of Freedonia is", "X", "Ruritania"), "does not stand by itself"),
        (Told("The capital of ... is", "X", "..."), "no names"),
        (Told("The capital of Freedonia is", "word " * 60, "Freedonia"), "tokens"),
    ],
)
def test_what_cannot_be_written_is_refused(told: Told, reason: str) -> None:
    with pytest.raises(BadInputError, match=reason):
        tiny_host("gpt2").encoder.encode(told)


def test_the_sentence_stands_by_itself_and_a_question_is_only_answered() -> None:
    tokenizer = packaged_tokenizer()
    said = tokenizer.decode(sentence_tokens(tokenizer, "The capital of Zog is", "Xor"))
    assert said.strip() == "The capital of Zog is Xor."
    assert tokenizer.decode(sentence_tokens(tokenizer, "Who is Zog?", "Xor")).strip() == "Xor."


def test_a_stop_is_added_once() -> None:
    tokenizer = packaged_tokenizer()
    for answer, wanted in (("Paris", "Paris."), ("U.S.A.", "U.S.A."), ("Why?", "Why?")):
        tokens = answer_tokens(tokenizer, "He said", answer)
        assert tokenizer.decode(tokens, skip_special_tokens=True).strip() == wanted


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(len(FACTS))))
def test_canonical_rows_do_not_know_the_order(order: list[int]) -> None:
    encoder = tiny_host("gpt2").encoder
    rows = [encoder.encode(fact) for fact in FACTS[:4]]
    some = [rows[i] for i in order if i < 4]
    one, other = join(rows).canonical(), join(some).canonical()
    assert all(torch.equal(t, other.tensors()[n]) for n, t in one.tensors().items())
    assert isinstance(one, FactRows)
    assert bool((one.answer != NO_TOKEN).any())
