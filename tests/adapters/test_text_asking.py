"""What a clause asks for, and where clauses end."""

import pytest

from adapters.text.clauses import (
    Asking,
    asking,
    clauses_of,
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
    ("text", "count"),
    [
        ("What is the capital of\nFreedonia?", 1),
        ("Who is the\nking of Zog?", 1),
        ("Hello\nWho is the king of Zog?", 2),
        ("I live in Zog.\nWho is its king?", 2),
    ],
)
def test_a_line_that_breaks_off_goes_on(text: str, count: int) -> None:
    assert len(clauses_of(text)) == count
