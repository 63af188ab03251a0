"""Where clauses end, what they leave open, and what they deny."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.clauses import (
    Asking,
    asking,
    asks_for_answer,
    before_next,
    clauses_of,
    denies,
    is_bare_request,
    second_verb,
)

VALUE, YES_NO, DENIED, NOTHING = Asking.VALUE, Asking.YES_NO, Asking.DENIED, Asking.NOTHING


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Ann is old. Where does she live?", ["Ann is old.", "Where does she live?"]),
        ("Dr. Lee met Mr. Ito in St. Gall. Why?", ["Dr. Lee met Mr. Ito in St. Gall.", "Why?"]),
        ("The U.S. law of J. R. Zog is", ["The U.S. law of J. R. Zog is"]),
        ("It is 3.5 m, e.g. in Zog", ["It is 3.5 m, e.g. in Zog"]),
        ("Answer in one word: who is Ann?", ["Answer in one word:", "who is Ann?"]),
        ("One\nTwo; three", ["One", "Two;", "three"]),
        ('He said "Go." Then?', ['He said "Go."', "Then?"]),
        ("Zog\u3002Ann\uff1f", ["Zog\u3002", "Ann\uff1f"]),
        ("At 10:30 Ann left\u2026 Where to", ["At 10:30 Ann left\u2026", "Where to"]),
        (" ... !? ", []),
        ("", []),
    ],
)
def test_clauses_end_at_their_marks(text: str, wanted: list[str]) -> None:
    assert [text[c.start : c.end] for c in clauses_of(text)] == wanted


def test_a_clause_tells_whether_it_is_ended() -> None:
    assert [c.ended for c in clauses_of("Ann left. Where to? The town of")] == [True, True, False]
    assert [c.ended for c in clauses_of("Ann left")] == [False]


def test_tokens_that_are_no_text_separate_clauses() -> None:
    text = "Ann left<|end|>Where to"
    marks = [(8, 15)]
    assert [text[c.start : c.end] for c in clauses_of(text, marks)] == ["Ann left", "Where to"]


@given(text=st.text("ab .?!\n:;Dr", max_size=40))
def test_clauses_stand_in_order_and_hold_every_letter(text: str) -> None:
    found = clauses_of(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    inside = {i for c in found for i in range(c.start, c.end)}
    assert {i for i, c in enumerate(text) if c.isalnum()} <= inside
    assert all(not text[c.start].isspace() for c in found)
    assert all(c.ended for c in found[:-1])


@pytest.mark.parametrize(
    "rest",
    [
        "",
        " ",
        " Answer:",
        "\nA:",
        " Answer in one word.",
        " Answer in one word:",
        " Please answer briefly.",
        " Reply with the name only.",
        " In one word, please.",
        " Just the name.",
        " Only the name, please!",
        " Be brief.",
        " Keep it short. No explanation.",
        " Give only the name.",
        " Thanks!",
        "\n\nThe answer is:",
    ],
)
def test_what_only_asks_how_to_answer_leaves_a_question_open(rest: str) -> None:
    assert asks_for_answer(rest)


@pytest.mark.parametrize("rest", [" It is Paris.", " Paris.", " Paris", " I think it is Rome. Or?"])
def test_an_answer_closes_a_question(rest: str) -> None:
    assert not asks_for_answer(rest)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The capital of Freedonia is not", True),
        ("The capital of Freedonia isn't", True),
        ("The capital of Freedonia isn\u2019t", True),
        ("Ann never lived in", True),
        ("Ann no longer lives in", True),
        ("The capital of Freedonia is", False),
        ("I can't remember where Ann lives, but it is", False),
        ("I can\u2019t recall the capital of Freedonia, it is", False),
        ("I do not know where Ann lives", False),
        ("The knot of Ann is", False),
    ],
)
def test_denial_is_told_from_forgetting(text: str, wanted: bool) -> None:
    assert denies(text) is wanted


@pytest.mark.parametrize(
    "text",
    [
        "The password at Zog, not the one at Ann's, is",
        "Tell me where Ann, and not Zog, was born.",
        "In Zog, not in Freedonia, the capital is",
        "Neither Ann nor Bob likes the capital of Zog, which is",
    ],
)
def test_a_contrast_denies_nothing(text: str) -> None:
    assert not denies(text)
    assert denies(f"{text} never")


@pytest.mark.parametrize(
    ("text", "goes_on"),
    [
        ("Ann is older than Bob and was born in", "was born in"),
        ("Ann lies north of Bob, and its capital is", "its capital is"),
        ("Ann left a year after Bob but later was seen in", "was seen in"),
        ("Ann said that Bob and was born in", None),
        ("Ann and Bob and is", None),
        ("Unlike Ann, Bob and was born in", None),
        ("Ann is older than Bob, who was born in", None),
    ],
)
def test_a_second_verb_belongs_to_the_subject(text: str, goes_on: str | None) -> None:
    ann, bob = text.index("Ann"), text.index("Bob")
    found = second_verb(text, (ann, ann + 3), (bob, bob + 3), len(text))
    assert (text[found[1] :] if found else None) == goes_on


def test_requests_without_content_ask_for_what_stands_before_them() -> None:
    bare = "Could you tell me?|Do you know?|Do you know it?|Please remind me.|Any idea?"
    bare += "|Please remind me who it is.|can you help me out please?|Hey, do you happen to know?"
    full = "Could you tell me the time?|Do you know Ann?|Tell me about it.|Who is Ann?|Thanks."
    assert all(map(is_bare_request, bare.split("|")))
    assert not any(map(is_bare_request, full.split("|")))


def test_what_is_said_of_the_next_name_is_not_said_of_this_one() -> None:
    text = "My flight from Zog lands in the new capital of Ann"
    assert text[: before_next(text, 18, len(text) - 3)] == "My flight from Zog lands in "
    assert before_next("Zog and Ann", 3, 8) == 8


def test_a_search_for_somebody_who_knows_asks_for_the_value() -> None:
    assert asking("Is there anyone at Zog who knows the code of the door?") is VALUE
    assert asking("Does anyone at Zog know the code of the door?") is VALUE
    assert asking("Is there anyone at Zog?") is YES_NO


def test_no_clause_ends_within_a_name() -> None:
    text, name = "Who wrote Sub: Zero? A Life? It rained.", "Sub: Zero? A Life"
    at = text.index(name)
    found = clauses_of(text, names=[(at, at + len(name))])
    assert [text[c.start : c.end] for c in found] == [f"Who wrote {name}?", "It rained."]
    assert len(clauses_of(text)) == 4


def test_a_mark_right_behind_a_name_may_be_its_own() -> None:
    text, name = "Where did Sell Out! originate?", "Sell Out"
    start = text.index(name)
    assert len(clauses_of(text)) == 2
    assert len(clauses_of(text, names=[(start, start + len(name))])) == 1
    shouted = "We love Sell Out! Where is it from?"
    start = shouted.index(name)
    assert len(clauses_of(shouted, names=[(start, start + len(name))])) == 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Who directed Never Let Me Go?", False),
        ("Never Let Me Go was directed by", False),
        ("Who never directed Zog?", True),
        ("Who did NOT direct Zog?", True),
        ("Never mind Zog", True),
    ],
)
def test_words_of_a_title_deny_nothing(text: str, wanted: bool) -> None:
    assert denies(text) is wanted
