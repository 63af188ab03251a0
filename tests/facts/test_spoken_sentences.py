"""Ordinary sentences: two facts in one, openings that are no names, asides, missing subjects."""

import pytest

from oneshot.errors import BadInputError
from oneshot.facts.implied.deriving import implied
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.told import question_of


@pytest.mark.parametrize(
    ("sentence", "first", "second"),
    [
        (
            "The choir is conducted by Anselm Wray and rehearses in St Olave's.",
            "The choir is conducted by Anselm Wray.",
            "The choir rehearses in St Olave's.",
        ),
        ("Ann is a vet and loves tennis.", "Ann is a vet.", "Ann loves tennis."),
        ("I work at Acme and live in Leeds.", "I work at Acme.", "I live in Leeds."),
        (
            "The hut was built in 1990 and renovated in 2015.",
            "1990.",
            "The hut was renovated in 20",
        ),
        ("Ada is in Graz, but works in Vienna.", "'Ada is in Graz.'", "'Ada works in Vienna.'"),
        ("Bob lives in Oslo and Ivo lives in Graz.", "Bob lives in Oslo.", "Ivo lives in Graz."),
    ],
)
def test_two_facts_are_said_apart(sentence: str, first: str, second: str) -> None:
    with pytest.raises(BadInputError, match="two sentences") as caught:
        parse_sentence(sentence)
    assert first in str(caught.value)
    assert second in str(caught.value)


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("The firm is owned by Procter and Gamble.", "Procter and Gamble"),
        ("Ann likes bread and butter.", "bread and butter"),
        ("The shop belongs to Tom and Ann.", "Tom and Ann"),
        ("The shop sells books and prints in Graz.", "books and prints in Graz"),
        ("The club is run by Ann Bell and volunteers from Leeds.", None),
        ("The zoo keeps lions and bears in pens.", "lions and bears in pens"),
    ],
)
def test_lists_and_names_stay_whole(sentence: str, answer: str | None) -> None:
    told = parse_sentence(sentence)
    assert told.answer == (answer or "Ann Bell and volunteers from Leeds")


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("Customers in Norway are served by Ingrid Solbakken.", "Norway"),
        ("Guests at Mill House are met by Ruth Hale.", "Mill House"),
        ("Deliveries to Leeds are made by Acme.", "Leeds"),
        ("Members of the Otter Club meet on Fridays.", "Otter Club"),
        ("Siemens in Norway is led by Ann Bell.", "Siemens"),
        ("Boots in Leeds opens at nine.", "Boots"),
        ("Friends of the Earth was founded in 1969.", "Friends of the Earth"),
    ],
)
def test_what_opens_a_sentence_may_be_no_name(sentence: str, subject: str) -> None:
    assert parse_sentence(sentence).subject == subject


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Zelda broke her left wrist in Morzine.", "Where did Zelda break her left wrist?"),
        ("Ruth lost her faith in Acme.", None),
        ("Aunt Bea left the teapot to Imogen.", "Who did Aunt Bea leave the teapot to?"),
        ("The town gave its name to Smithfield.", None),
        (
            "Mr Okonkwo, our accountant, can be reached on 01632 960118.",
            "What can Mr Okonkwo be reached on?",
        ),
        (
            "My sister-in-law Renske, who lives in Utrecht, teaches the cello.",
            "What does my sister-in-law Renske teach?",
        ),
        ("Paris, Texas, is in Lamar County.", None),
        ("A dozen eggs costs £3.40 at the farm shop.", "Where does a dozen eggs cost £3.40?"),
        ("The hutch was built by my brother Stefan.", "Who built the hutch?"),
        ("The roof was damaged by the storm.", "What damaged the roof?"),
    ],
)
def test_questions_of_ordinary_sentences(sentence: str, question: str | None) -> None:
    assert question_of(parse_sentence(sentence)) == question


def test_names_with_what_they_are() -> None:
    assert parse_sentence("Barnaby the tortoise was born in 1961.").aliases == ("Barnaby",)
    assert parse_sentence("Alexander the Great died in Babylon.").aliases == ()
    told = parse_sentence("Mr Okonkwo, our accountant, can be reached on 01632.")
    (called,) = implied("our accountant", {}, {"1": told}, [])
    assert (called.prompt, called.answer) == ("Our accountant is called", "Mr Okonkwo")


@pytest.mark.parametrize(
    "sentence", ["Last reviewed by Margit in October.", "Originally built by Acme in 1990."]
)
def test_a_sentence_without_a_subject_is_refused(sentence: str) -> None:
    with pytest.raises(BadInputError, match="no prompt and answer found"):
        parse_sentence(sentence)
    assert parse_sentence("Next was founded in 1864.").subject == "Next"
