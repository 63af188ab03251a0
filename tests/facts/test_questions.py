"""Questions made by grammar from what was taught."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.facts.language.asking.answers import Sort, counted, sort_of
from oneshot.facts.language.asking.questions import MAX_FORMS, questions
from oneshot.facts.language.splitting.verbs import (
    base_of,
    forms,
    gerund,
    is_form,
    participle,
    past,
    third,
)

TABLE = Path(__file__).parent / "questions.jsonl"
ROWS = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['prompt']} | {row['answer']}" for row in ROWS])
def test_questions_of_prompts(row: dict[str, Any]) -> None:
    assert questions(row["prompt"], row["subject"], row["answer"]) == row["questions"]


def test_the_table_is_long() -> None:
    assert len(ROWS) >= 120
    assert sum(len(row["questions"]) for row in ROWS) > 230


def test_further_questions_behind_a_question_and_its_answers_beginning() -> None:
    made = questions("What is the capital of Zed? It is", "Zed", "Rome")
    assert made[:2] == ["What is the capital of Zed?", "What is Zed's capital?"]


def test_a_name_of_a_bearer_is_asked_for_as_the_bearer() -> None:
    made = questions("The name of the mother of Ann is", "Ann", "Eve")
    assert made[:2] == ["The mother of Ann is", "Who is the mother of Ann?"]
    assert questions("The name of Ann's dog is", "Ann", "Rex") == ["What is the name of Ann's dog?"]


def test_without_an_answer_only_what_fits_any_is_asked() -> None:
    assert questions("Zed was built by", "Zed") == ["Who built Zed?", "Who was Zed built by?"]
    assert questions("Zed was born in", "Zed") == []
    assert questions("Zed drives a", "Zed") == []


SUBJECTS = st.sampled_from(
    ["Zed", "Ann Bell", "Acme & Co.", "the office", "My brother", "I", "My", "Quills", "is", "東京"]
)
WORDS = """
The the of in at by on was is has been born works lives for married capital name who that founded
wrote drives a to with and never called On Mondays, 's ? : " My
"""
PARTS = st.lists(st.sampled_from(WORDS.split()) | SUBJECTS | st.text(max_size=5), max_size=12).map(
    " ".join
)
ANSWERS = (
    st.sampled_from(["", "Rome", "Lena Roth", "1921", "3 May 1921", "7 am", "two cats", "$5"])
    | st.sampled_from(["green tea", "Acme Inc.", "French", "3 hours"])
    | st.text(max_size=12)
)


def assert_well_formed(form: str, prompt: str, subject: str) -> None:
    mentions = re.findall(rf"(?<!\w){re.escape(subject)}(?!\w)", form, re.IGNORECASE)
    assert len(mentions) == 1
    assert "  " not in form
    assert form == form.strip()
    assert form.endswith("?") or not form.endswith((".", "!", ",", ";"))
    assert form != prompt


@settings(deadline=None, max_examples=500)
@given(PARTS, SUBJECTS | st.just(""), ANSWERS)
def test_any_prompt_gives_well_formed_questions(prompt: str, subject: str, answer: str) -> None:
    made = questions(prompt, subject, answer)
    assert len(made) <= MAX_FORMS
    assert len(set(made)) == len(made)
    for form in made:
        assert_well_formed(form, prompt, subject)


FRAMES = st.sampled_from(
    [
        "The {r} of {s} is",
        "{s}'s {r} is",
        "{s} {v} a",
        "{s} was {d} by",
        "{s} has been {d} by",
        "{s} {v} in",
    ]
)


@settings(deadline=None, max_examples=300)
@given(
    FRAMES,
    st.sampled_from(["Zed", "Ann Bell", "the office", "my brother", "Quills"]),
    st.sampled_from(["capital", "wifi password", "doctor", "largest city", "birthday"]),
    st.sampled_from(sorted({form.base for found in forms().values() for form in found} - {"be"})),
    ANSWERS,
)
def test_regular_prompts_give_questions_about_the_same_subject(
    frame: str, subject: str, noun: str, base: str, answer: str
) -> None:
    prompt = frame.format(s=subject, r=noun, v=third(base), d=participle(base))
    prompt = prompt[0].upper() + prompt[1:]
    made = questions(prompt, subject, answer)
    for form in made:
        assert_well_formed(form, prompt, subject)
    if "{r}" in frame and noun != "doctor":
        assert made


@pytest.mark.parametrize(
    ("answer", "sort"),
    [
        ("1921", Sort.YEAR),
        ("the 1920s", Sort.YEAR),
        ("3 May 1921", Sort.DATE),
        ("May 3, 1921", Sort.DATE),
        ("the 3rd of May", Sort.DATE),
        ("2026-08-31", Sort.DATE),
        ("7 am", Sort.CLOCK),
        ("10:30", Sort.CLOCK),
        ("noon", Sort.CLOCK),
        ("Mondays", Sort.DAY),
        ("5 pm on Sundays", Sort.DAY),
        ("late spring", Sort.DAY),
        ("$45", Sort.MONEY),
        ("€1,250 a month", Sort.MONEY),
        ("5 euros", Sort.MONEY),
        ("three hours", Sort.DURATION),
        ("0 °C", Sort.TEMPERATURE),
        ("2.4 kg", Sort.MEASURE),
        ("24 students", Sort.COUNT),
        ("3,400,000", Sort.NUMBER),
        ("Dr. Lee", Sort.PERSON),
        ("Lena Roth", Sort.PERSON),
        ("French and German", Sort.LANGUAGE),
        ("Glorptown", Sort.NAME),
        ("Acme Media Inc.", Sort.NAME),
        ("green tea", Sort.OTHER),
        ("", Sort.UNKNOWN),
    ],
)
def test_sorts_of_answers(answer: str, sort: Sort) -> None:
    assert sort_of(answer) is sort


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_answer_has_a_sort(answer: str) -> None:
    assert isinstance(sort_of(answer), Sort)
    assert isinstance(counted(answer), str)


def test_long_answers_end() -> None:
    for piece in ("1 ", "one hundred ", "about ", "a-", "9,", "Lena "):
        assert isinstance(sort_of(piece * 2000), Sort)


VERBS = [
    ("go", "goes", "went", "gone", "going"),
    ("carry", "carries", "carried", "carried", "carrying"),
    ("plan", "plans", "planned", "planned", "planning"),
    ("begin", "begins", "began", "begun", "beginning"),
    ("die", "dies", "died", "died", "dying"),
    ("lie", "lies", "lay", "lain", "lying"),
    ("agree", "agrees", "agreed", "agreed", "agreeing"),
    ("teach", "teaches", "taught", "taught", "teaching"),
    ("fix", "fixes", "fixed", "fixed", "fixing"),
    ("have", "has", "had", "had", "having"),
    ("open", "opens", "opened", "opened", "opening"),
    ("run", "runs", "ran", "run", "running"),
    ("offer", "offers", "offered", "offered", "offering"),
    ("prefer", "prefers", "preferred", "preferred", "preferring"),
]


@pytest.mark.parametrize("verb", VERBS, ids=[verb[0] for verb in VERBS])
def test_forms_of_verbs(verb: tuple[str, str, str, str, str]) -> None:
    base, *others = verb
    assert [third(base), past(base), participle(base), gerund(base)] == others
    for word, kind in zip(others, ("third", "past", "done", "ing"), strict=True):
        assert is_form(word, kind)
        assert base_of(word, kind) == base


def test_bases_of_unlisted_and_ambiguous_verbs() -> None:
    assert base_of("zibbles", "third") == "zibble"
    assert base_of("zorbled", "past") is None, "zorble or zorbl"
    assert base_of("focuses", "third") == "focus"
    assert base_of("found", "past") == "find"
    assert base_of("founded", "past") == "found"
    assert base_of("glass", "third") is None
