"""What a clause asks for, and where clauses end."""

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
    turned_round,
)

VALUE, YES_NO, DENIED, NOTHING = Asking.VALUE, Asking.YES_NO, Asking.DENIED, Asking.NOTHING
ASKED = {
    VALUE: """
        What is the capital of Freedonia?
        what's the capital of Freedonia?
        The capital of Freedonia is what?
        In which city does Ann live?
        Who founded Zog
        Where was Ann born?
        When did Ann leave Zog?
        Whose idea was Zog?
        How tall is Ann?
        How many people live in Freedonia?
        To whom does Zog belong?
        Ann lives where?
        Hi! What is the capital of Freedonia?
        Hello, who founded Zog?
        Hey, where does Ann live?
        Please, what is the capital of Freedonia?
        Excuse me, who is the mayor of Zog?
        Sorry, where does Ann work?
        So what is my name?
        And what is my name?
        Ok, now what is the capital of Freedonia?
        Quick question: what is the capital of Freedonia?
        By the way, who founded Zog?
        Thanks! And who founded Zog?
        Good morning, what is the capital of Freedonia?
        Tell me the capital of Freedonia.
        Please tell me the capital of Freedonia.
        Can you tell me the capital of Freedonia?
        Could you please tell me who founded Zog?
        Would you kindly name the capital of Freedonia?
        Could you tell me whether you know the capital of Freedonia?
        Give me the capital of Freedonia.
        Name the capital of Freedonia.
        Remind me where Ann lives.
        Show me the address of Ann.
        State the capital of Freedonia.
        Let me know who founded Zog.
        Complete the sentence
        Do you know the capital of Freedonia?
        Do you happen to know who founded Zog?
        Do you remember my name?
        Does anyone know where Ann lives?
        Any idea who founded Zog?
        I need the capital of Freedonia.
        I need to know the capital of Freedonia.
        I want to know who founded Zog.
        I would like to know where Ann lives.
        I'd like to know where Ann lives.
        I wonder who founded Zog.
        I was wondering where Ann lives.
        I'm wondering who founded Zog.
        I'm curious who founded Zog.
        I forgot the capital of Freedonia.
        I have forgotten the capital of Freedonia.
        I can't remember the capital of Freedonia.
        I can\u2019t remember where Ann lives.
        I cannot remember the capital of Freedonia.
        I don't remember where Ann lives.
        I don't know who founded Zog.
        I do not know the capital of Freedonia.
        I can't remember, what is the capital of Freedonia?
        What is the name that I can't recall?
        Help me remember where Ann lives.
        "What is the capital of Freedonia?"
        - What is the capital of Freedonia?
        **What is the capital of Freedonia?**
        WHAT IS THE CAPITAL OF FREEDONIA?
        the capital of Freedonia?
        And the capital of Freedonia?
    """,
    YES_NO: """
        Is Glorptown the capital of Freedonia?
        is glorptown the capital of freedonia?
        Was Ann born in Zog?
        Does Ann live in Zog?
        Did Bob found Zog?
        Are the Zogs from Freedonia?
        Has Ann left Zog?
        Can Ann speak Zoggish?
        Will Ann come to Zog?
        Isn't Glorptown the capital of Freedonia?
        Doesn't Ann live in Zog?
        Hi, is Glorptown the capital of Freedonia?
        So is Glorptown the capital of Freedonia?
        Is it true that Glorptown is the capital of Freedonia?
        Is it right that Ann lives in Zog?
        The capital of Freedonia is Glorptown, right?
        Ann lives in Zog, correct?
        Ann lives in Zog, isn't it?
        Is the capital of Freedonia not Glorptown?
        Am I right that Ann lives in Zog?
        Isn\u2019t Glorptown the capital of Freedonia?
    """,
    DENIED: """
        What is not the capital of Freedonia?
        Which city isn't the capital of Freedonia?
        Who never lived in Zog?
        Who no longer lives in Zog?
        Name a city that is not the capital of Freedonia.
        Tell me who did not found Zog.
        Where doesn\u2019t Ann live?
        I want to know who never founded Zog.
    """,
    NOTHING: """
        The capital of Freedonia is Glorptown.
        Ann lives in Zog.
        I visited the capital of Freedonia.
        Ann asked me about Freedonia.
        My name is Ann.
        It rained in Freedonia!
        Freedonia is large, and its capital is old.
        We met Ann where the river bends.
        Ann, who founded Zog, is old.
        Thank you.
        The capital of Freedonia is not Glorptown.
        Hello Ann.
    """,
}
TABLE = [
    (line.strip(), kind) for kind, block in ASKED.items() for line in block.strip().splitlines()
]


def test_the_table_is_large() -> None:
    assert len(TABLE) == len(dict(TABLE)) >= 100


@pytest.mark.parametrize(("text", "wanted"), TABLE)
def test_what_a_clause_asks(text: str, wanted: Asking) -> None:
    assert asking(text) is wanted


@pytest.mark.parametrize("text", ["The capital of Freedonia is", "Ann lives in", "Freedonia's"])
def test_an_unfinished_clause_asks_where_a_turn_ends_with_it(text: str) -> None:
    assert asking(text) is NOTHING
    assert asking(text, last_of_turn=True) is VALUE
    assert asking(f"{text} Zog.", last_of_turn=True) is NOTHING


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


def test_a_noun_is_no_question_for_itself() -> None:
    sentence = "The capital of Zog is Oslo."
    assert turned_round("Zog is the capital of", sentence)
    assert not turned_round("The capital of Zog is the city of", sentence)
    assert not turned_round("Zog is the capital of", "Zog is the capital of Ruritania.")
    assert not turned_round("Ann is an employee of", "Ann works for Acme.")
    assert turned_round("Zog is the capital of the", sentence)


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
