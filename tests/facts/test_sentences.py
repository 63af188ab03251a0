"""Statements of every ordinary shape, split as a person would."""

import json
from pathlib import Path
from typing import Any

import pytest

from oneshot.errors import BadInputError
from oneshot.facts.language.checking import check_statement, statement
from oneshot.facts.language.splitting.words import without_stop
from oneshot.facts.language.statement import find_subject, parse_sentence, with_subject
from oneshot.facts.types import Statement

TABLE = Path(__file__).parent / "sentences.jsonl"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # one emoji, joined
ROWS = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]
TOLD = [row for row in ROWS if "prompt" in row]
REFUSED = [row for row in ROWS if "refused" in row]


@pytest.mark.parametrize("row", TOLD, ids=[row["sentence"] for row in TOLD])
def test_sentences_are_split_as_a_person_would(row: dict[str, Any]) -> None:
    found = parse_sentence(row["sentence"])
    assert (found.prompt, found.answer, found.subject) == (
        row["prompt"],
        row["answer"],
        row["subject"],
    )
    assert found.clean
    assert check_statement(found) is found


@pytest.mark.parametrize("row", REFUSED, ids=[row["sentence"] for row in REFUSED])
def test_sentences_that_tell_no_single_fact_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match=row["refused"]) as caught:
        parse_sentence(row["sentence"])
    assert "teach PROMPT ANSWER --subject S" in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_table_is_long_and_varied() -> None:
    assert len(TOLD) >= 170
    assert len({row["sentence"] for row in ROWS}) == len(ROWS)
    assert len({row["prompt"].split()[0] for row in TOLD}) > 60


def test_a_given_subject_wins_and_makes_pronouns_usable() -> None:
    assert parse_sentence("Big Zed is red", subject="Zed").subject == "Zed"
    assert parse_sentence("He was born in Oslo.", subject="he").subject == "He"
    with pytest.raises(BadInputError, match="'Bob' does not stand in the prompt"):
        parse_sentence("He was born in Oslo.", subject="Bob")


@pytest.mark.parametrize(
    ("prompt", "subject", "spelled"),
    [
        ("The capital of Freedonia is", "freedonia", "Freedonia"),
        ("The capital of  New  Freedonia is", "new freedonia", "New  Freedonia"),
        ("My doctor is", "my", "My"),
        ("The wifi password at THE OFFICE is", "the office", "THE OFFICE"),
        ("Alice\u2019s car is a", "alice's car", "Alice\u2019s car"),
        ("I was born in", "i", "I"),
    ],
)
def test_a_subject_takes_the_spelling_of_the_prompt(
    prompt: str, subject: str, spelled: str
) -> None:
    assert statement(prompt, "x", subject).subject == spelled


def test_statements_are_cleaned_once() -> None:
    raw = Statement(" The cafe\u0301 is in\u00a0 ", " Graz\ufeff. ", None, " a book ")
    clean = check_statement(raw)
    assert clean == Statement(" The café is in", "Graz", None, "a book")
    assert not raw.clean
    assert check_statement(clean) is clean


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("a\u200bb", "ab"),
        ("\ufeffab", "ab"),
        ("a\u00adb", "ab"),
        ("a\u00a0b\u202fc", "a b c"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        ("e\u0301", "é"),
        ("<|endoftext|> </s>", "<|endoftext|> </s>"),
    ],
)
def test_characters(given: str, cleaned: str) -> None:
    assert statement("Zed is", given).answer == cleaned


def test_unseen_characters_alone_are_nothing() -> None:
    with pytest.raises(BadInputError, match="the answer is empty"):
        statement("Zed is", "\u200b \ufeff")


@pytest.mark.parametrize(
    "text", ["the U.S.A.", "apples, pears, etc.", "Acme Inc.", "9 a.m.", "Main St.", "Lee et al."]
)
def test_stops_that_belong_to_a_word_stay(text: str) -> None:
    assert without_stop(text) == text
    assert without_stop(f"{text[:-1]}x.") == f"{text[:-1]}x"


def test_further_wordings_name_the_subject() -> None:
    asks = ["Where is zed's seat?", " Where is ZED? ", "Where is the old town?", "Zed is in"]
    made = statement(
        "Zed is in", "Graz", "Zed", None, asks, ["the old town", "Zed", "the old town"]
    )
    assert made.asks == ("Where is zed's seat?", "Where is ZED?", "Where is the old town?")
    assert made.aliases == ("the old town",)
    with pytest.raises(BadInputError, match="'Where is it\\?' does not name the subject 'Zed'"):
        statement("Zed is in", "Graz", "Zed", None, ["Where is it?"])
    with pytest.raises(BadInputError, match="the wording is empty"):
        statement("Zed is in", "Graz", "Zed", None, [" "])
    with pytest.raises(BadInputError, match=r"the alias .* control character"):
        statement("Zed is in", "Graz", "Zed", None, [], ["a\x00"])


def test_a_subject_is_found_where_none_is_given() -> None:
    made = with_subject(
        Statement("My brother's name is", "Tom", asks=("What is my brother called?",))
    )
    assert made.subject == "My brother"
    with pytest.raises(BadInputError, match="no subject was found in 'it is'; say whom"):
        with_subject(Statement("it is", "so"))
    with pytest.raises(BadInputError, match="does not name the subject"):
        with_subject(Statement("Zed is in", "Graz", asks=("Where is it?",)))


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("Who is my doctor?", "my"),
        ("Where do I live?", "I"),
        ("What is the wifi password at the office?", "the office"),
        ("When does the bakery open?", "the bakery"),
        ("What is my brother's name?", "my brother"),
        ("How much does a ticket cost?", "a ticket"),
    ],
)
def test_subjects_of_questions_in_ordinary_words(prompt: str, subject: str) -> None:
    assert find_subject(prompt) == subject
