"""What a clause's words aim at: which way round, whether beyond a fact, at things of what sort."""

import pytest

from adapters.text.aimed import (
    beyond,
    done_to_it,
    turned_round,
    unnamed,
    whether_only,
)
from adapters.text.contrasts import contrasted


def test_a_noun_is_no_question_for_itself() -> None:
    sentence = "The capital of Zog is Oslo."
    assert turned_round("Zog is the capital of", sentence)
    assert not turned_round("The capital of Zog is the city of", sentence)
    assert not turned_round("Zog is the capital of", "Zog is the capital of Ruritania.")
    assert not turned_round("Ann is an employee of", "Ann works for Acme.")
    assert turned_round("Zog is the capital of the", sentence)


@pytest.mark.parametrize(
    ("clause", "prompt"),
    [
        ("Who replaced Ann?", "Ann replaced"),
        ("Ann was replaced by", "Ann replaced"),
        ("Who was Ann later replaced by?", "Ann replaced"),
        ("What follows Ann?", "Ann follows"),
        ("Ann follows", "Ann is followed by"),
        ("Ann acquired a", "Ann was acquired by"),
        ("Which company did Ann acquire?", "Ann was acquired by"),
    ],
)
def test_who_does_it_is_not_to_whom_it_is_done(clause: str, prompt: str) -> None:
    assert done_to_it(clause, "Ann", prompt)


@pytest.mark.parametrize(
    ("clause", "prompt"),
    [
        ("Who did Ann replace?", "Ann replaced"),
        ("Who replaced Ann?", "Ann was replaced by"),
        ("Who acquired Ann?", "Ann was acquired by"),
        ("Who wrote Ann?", "The author of Ann is"),
        ("Who married Ann?", "Ann married"),
        ("Which company is Ann from?", "Ann is from"),
        ("Where does Ann live?", "Ann lives in"),
    ],
)
def test_deeds_told_the_same_way_round_are_asked(clause: str, prompt: str) -> None:
    assert not done_to_it(clause, "Ann", prompt)


@pytest.mark.parametrize(
    ("clause", "prompt", "phrase"),
    [
        (
            "The gender of the mother of Ann is",
            "The name of the mother of Ann is",
            "the mother of Ann",
        ),
        ("Who is Ann's mother's boss?", "The mother of Ann is", "Ann's mother"),
        ("Where was the author of Misery born?", "Misery's author is", "the author of Misery"),
        (
            "the capital of the country Zog is in",
            "The country which Zog is in is",
            "the country Zog is in",
        ),
        ("Who is the mother of Ann?", "The mother of Ann is", None),
        ("Nobody speaks of the mother of Ann, who is", "The mother of Ann is", None),
        ("Have you heard of the mother of Ann?", "The mother of Ann is", None),
        ("What is the full name of the mother of Ann?", "The mother of Ann is", None),
        ("Who is the mother of Ann married to?", "Ann lives in", None),
    ],
)
def test_more_is_asked_of_a_facts_answer(clause: str, prompt: str, phrase: str | None) -> None:
    found = beyond(clause, prompt)
    assert (clause[slice(*found)] if found else None) == phrase


def test_a_name_of_a_thing_is_the_thing_where_its_bearer_is_asked_for() -> None:
    assert unnamed("The name of the mother of Ann is") == "The mother of Ann is"
    assert unnamed("The names of the siblings of Ann are") == "The siblings of Ann are"
    for other in ("The name of the dog is", "The name of Ann's dog is", "The mother of Ann is"):
        assert unnamed(other) == other


@pytest.mark.parametrize(
    ("clause", "prompt", "apart"),
    [
        ("Who is  's father?", "The mother of Ann is", True),
        ("Who is  's mum?", "The mother of Ann is", False),
        ("Who is  's parent?", "The mother of Ann is", False),
        ("Who are the siblings of  ?", "The children of Ann are", True),
        ("Who are the siblings of  ?", "Ann's brother is", False),
        ("Which continent is   on?", "Zog is a country in", False),
        ("Which continent is   on?", "The country of Zog is", True),
        ("Who is the father of  ?", "Ann is the mother of", False),
        ("Who is the mother-in-law of  ?", "Ann's father is", False),
        ("What is for lunch on Tuesday at  ?", "The Monday lunch at Acme is", True),
        ("What is for lunch at  ?", "The Monday lunch at Acme is", False),
        ("Who is the father of  's mother?", "The mother of Ann is", False),
    ],
)
def test_contrasts(clause: str, prompt: str, apart: bool) -> None:
    assert contrasted(clause, prompt) is apart


def test_what_became_of_a_name_answers_whether_alone() -> None:
    assert whether_only("Ann is by now")
    assert not whether_only("Ann is now")
