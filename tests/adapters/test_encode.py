"""From a fact to its row: a function of host and fact alone, or a one-line error."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from architectures import ARCHITECTURES, CONFIGS
from brains import refused
from conftest import TinyHost, packaged_host, tiny_host
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import FACTS, SAID, denoiser_of, encoded, generated

from adapters.attach import attach
from adapters.text.names import key_number
from adapters.write.answers import answer_tokens, sentence_tokens
from adapters.write.encode import TOGETHER, Encoder, Told
from adapters.write.rows import (
    ABOUT_SPEAKER,
    ANSWER_TOKENS,
    NAMES,
    NO_TOKEN,
    READINGS,
    SENTENCE,
    STEPS,
    FactRows,
    content_hash,
    empty_rows,
    join,
)
from oneshot.errors import BadInputError

PROMPT, SUBJECT = "The mother tongue of Marovia is", "Marovia"
FACT = Told(PROMPT, "Glorp", SUBJECT)


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
        assert same(encoder.encode(FACTS[i]), encoded("llama")[i])


MANY = [
    replace(
        fact, asks=(f"And {fact.prompt} perhaps", f"{fact.subject}?"), made=(f"So {fact.prompt}",)
    )
    for fact in FACTS
]


@pytest.mark.parametrize("architecture", CONFIGS)
def test_a_batch_is_its_single_facts_bit_for_bit(architecture: str) -> None:
    """Facts of one reading and of several, of many lengths, in any company."""
    encoder = tiny_host(architecture).encoder
    facts = [*FACTS[:5], *MANY[5:9], replace(FACTS[0], prompt=f"Long ago, as told, {PROMPT}")]
    together = encoder.encode_all(facts)
    assert len(together) == len(facts)
    for fact, row in zip(facts, together, strict=True):
        assert same(row, encoder.encode(fact))
    assert encoder.encode_all([]) == []


def test_more_facts_than_are_held_together_are_encoded_in_their_order() -> None:
    encoder = packaged_host().encoder
    facts = [replace(FACT, answer=f"Glorp {i}") for i in range(TOGETHER + 3)]
    rows = encoder.encode_all(facts)
    assert [row.hex_keys()[0] for row in rows] == [fact.key.hex() for fact in facts]
    assert same(rows[-1], encoder.encode(facts[-1]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_facts_differ_where_they_should(architecture: str) -> None:
    """Facts on one subject share its name, facts of one wording are read apart."""
    rows = encoded(architecture)
    one, sibling, stranger = rows[0], rows[1], rows[4]
    assert int(one.subject) == int(sibling.subject) != int(stranger.subject)
    assert one.hex_keys() != sibling.hex_keys()
    assert torch.equal(one.names, sibling.names)
    assert not torch.equal(one.names, stranger.names)
    assert not torch.equal(one.readings, sibling.readings)
    assert len({bytes(row.key.numpy()) for row in rows}) == len(rows)


def test_a_row_holds_its_names_and_readings(host: TinyHost) -> None:
    told = replace(FACT, asks=("Marovia?", "What is spoken in Maroland?"), aliases=("Maroland",))
    row = host.encoder.encode(told)
    assert row.names[0, :3].tolist() == [key_number("marovia"), key_number("maroland"), 0]
    assert int(row.subject) == key_number("marovia")
    assert int(row.longest) == 1
    assert int(row.count) == 3
    assert row.readings.shape == (1, READINGS, 2 * 24)  # in place and in the frame
    assert not row.readings[0, 3:].any()
    assert row.readings.dtype == torch.half
    assert bool(row.codes(0).isfinite().all())
    assert host.encoder.encode(replace(FACT, made=("It rains",))).count == 1, "no name in it"
    assert int(host.encoder.encode(Told("My tea is", "mint", "my")).subject) == ABOUT_SPEAKER


def test_the_first_wordings_are_read_where_there_are_too_many(host: TinyHost) -> None:
    asks = tuple(
        f"Marovia speaks {word}" for word in ["one", "two", "three", "four", "five", "six", "seven"]
    )
    row = host.encoder.encode(replace(FACT, asks=asks, made=("Marovia says", PROMPT)))
    assert int(row.count) == READINGS


def test_a_key_tells_facts_apart_by_all_that_was_given() -> None:
    others = [
        replace(FACT, prompt=f"{PROMPT} the"),
        replace(FACT, answer="Tarnov"),
        replace(FACT, subject="mother"),
        replace(FACT, asks=("Marovia?",)),
        replace(FACT, aliases=("Marovia?",)),
    ]
    assert len({FACT.key, *(o.key for o in others)}) == 6
    assert replace(FACT, made=("Marovia?",)).key == FACT.key, "grammar may change"


@pytest.mark.parametrize("count", [1, 2, 15, ANSWER_TOKENS])
def test_answers_of_up_to_the_limit_are_written_and_said(host: TinyHost, count: int) -> None:
    answer = answer_of(host.tokenizer, count)
    row = host.encoder.encode(replace(FACT, answer=answer))
    steps = [token for token in row.answer[0].tolist() if token != NO_TOKEN]
    assert row.answer.shape == (1, STEPS)
    assert row.sentence.shape == (1, SENTENCE)
    assert steps[-1] == host.tokenizer.eos_token_id
    assert len(steps) == count + 2
    assert host.tokenizer.decode(steps[:-1]).strip() == f"{answer}."
    with attach(host.model, denoiser_of(host, [row])):
        assert generated(host, [PROMPT], max_new_tokens=STEPS) == [f"{answer}."]


def answer_of(tokenizer: Any, count: int) -> str:
    """An answer of so many words, each of one token."""
    words = (["Old", "Green", "Valley", "Paris"] * 9)[:count]
    assert all(len(tokenizer.tokenize(f" {word}")) == 1 for word in words)
    return " ".join(words)


def test_an_answer_that_is_too_long_is_refused(host: TinyHost) -> None:
    answer = answer_of(host.tokenizer, ANSWER_TOKENS + 1)
    with refused(BadInputError, f"has {ANSWER_TOKENS + 1} tokens; give at most {ANSWER_TOKENS}"):
        host.encoder.encode(replace(FACT, answer=answer))


@pytest.mark.parametrize("mark", ["!", "?", "."])
def test_an_answer_that_ends_a_sentence_gets_no_second_stop(host: TinyHost, mark: str) -> None:
    tokens = answer_tokens(host.tokenizer, PROMPT, f"Glorp{mark}")
    assert host.tokenizer.decode(tokens[:-1]).strip() == f"Glorp{mark}"
    plain = answer_tokens(host.tokenizer, PROMPT, "Glorp")
    assert (tokens == plain) == (mark == ".")


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        (PROMPT, f"{PROMPT} Glorp."),
        ("What do they speak in Marovia?", "Glorp."),
        ("Marovia's mother tongue:", "Glorp."),
        (f"{PROMPT} {'very ' * SENTENCE}much", "Glorp."),
    ],
)
def test_a_sentence_stands_by_itself(host: TinyHost, prompt: str, wanted: str) -> None:
    tokens = sentence_tokens(host.tokenizer, prompt, "Glorp")
    assert host.tokenizer.decode(tokens).strip() == wanted
    assert len(tokens) <= SENTENCE


def test_an_answer_that_the_tokenizer_cannot_make_is_refused(host: TinyHost) -> None:
    tokenizer = copy.deepcopy(host.tokenizer)
    decode = tokenizer.decode
    tokenizer.decode = lambda *a, **k: decode(*a, **k).replace("\u00e9", "e")
    encoder = Encoder(host.model, tokenizer, host.calibration)
    encoder.encode(replace(FACT, answer="Cafe"))
    host.encoder.encode(replace(FACT, answer="Caf\u00e9"))
    with refused(BadInputError, r"cannot make the answer 'Caf\u00e9' after this prompt"):
        encoder.encode(replace(FACT, answer="Caf\u00e9"))


def test_the_name_of_a_special_token_is_text(host: TinyHost) -> None:
    special = host.tokenizer.eos_token
    row = host.encoder.encode(replace(FACT, answer=f"Glorp {special}"))
    steps = [token for token in row.answer[0].tolist() if token != NO_TOKEN]
    assert steps.count(host.tokenizer.eos_token_id) == 1, "the end alone"


@pytest.mark.parametrize("subject", ["", " ", "..."])
def test_a_subject_without_a_name_is_refused(host: TinyHost, subject: str) -> None:
    with refused(BadInputError, "has no names|does not stand by itself"):
        host.encoder.encode(replace(FACT, subject=subject))


@pytest.mark.parametrize("subject", ["Sylvania", "Maro", "x" * 500])
def test_a_subject_that_is_not_in_the_prompt_is_refused(host: TinyHost, subject: str) -> None:
    with refused(BadInputError, "does not stand by itself"):
        host.encoder.encode(replace(FACT, subject=subject))
    host.encoder.encode(replace(FACT, subject="marovia"))


def test_part_of_a_longer_name_is_refused(host: TinyHost) -> None:
    told = Told("The capital of New Marovia is", "Glorp", "Marovia")
    with refused(BadInputError, "perhaps as part of a longer name"):
        host.encoder.encode(told)
    host.encoder.encode(replace(told, subject="New Marovia"))


def test_too_many_names_are_refused(host: TinyHost) -> None:
    aliases = tuple(f"Maro{i}" for i in range(NAMES))
    host.encoder.encode(replace(FACT, aliases=aliases[:-1]))
    with refused(BadInputError, f"has {NAMES + 1} names; .* at most {NAMES - 1} aliases"):
        host.encoder.encode(replace(FACT, aliases=aliases))


@pytest.mark.parametrize("bad", [0, 2, 4])
def test_nothing_is_encoded_where_one_cannot_be(host: TinyHost, bad: int) -> None:
    facts = [*FACTS[:5]]
    facts[bad] = replace(FACT, subject="Sylvania")
    with refused(BadInputError, "Sylvania"):
        host.encoder.encode_all(facts)


def test_rows_are_joined_chosen_and_put_in_order() -> None:
    rows = join(list(encoded("gpt2")))
    canonical = rows.canonical()
    assert sorted(rows.hex_keys()) == canonical.hex_keys()
    back = torch.tensor([canonical.hex_keys().index(key) for key in rows.hex_keys()])
    assert same(canonical.take(back), rows)
    assert same(join(list(encoded("gpt2"))[::-1]).canonical(), canonical)
    nothing = empty_rows(rows.readings.shape[2])
    assert len(nothing) == 0
    assert same(join([nothing, rows]), rows)
    assert {n: t.dtype for n, t in nothing.tensors().items()} == {
        n: t.dtype for n, t in rows.tensors().items()
    }


@settings(deadline=None)
@given(parts=st.lists(st.text(max_size=5), min_size=2, max_size=3))
def test_hashes_tell_apart_where_parts_end(parts: list[str]) -> None:
    joined = ["".join(parts)]
    moved = [parts[0] + parts[1], "", *parts[2:]]
    assert len(content_hash(*parts)) == 16
    assert content_hash(*parts) != content_hash(*joined)
    assert (content_hash(*parts) == content_hash(*moved)) == (parts == moved)
    assert -(2**63) <= key_number(parts[0]) < 2**63


def test_the_taught_answers_end_as_sentences() -> None:
    assert [f"{fact.answer}." for fact in FACTS] == SAID
