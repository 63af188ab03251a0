"""What a sentence about something past tells on the way: by whom as well as when."""

from pathlib import Path

import pytest
from brains import caches, open_tiny

from adapters.text.names import name_key
from oneshot.facts.implied.deriving import implied
from oneshot.facts.implied.inside import INSIDE
from oneshot.facts.language.statement import parse_sentence

__all__ = ["caches"]


def follows(*sentences: str) -> dict[str, str]:
    """What is told inside the sentences, all about one name."""
    told = {str(i): parse_sentence(s) for i, s in enumerate(sentences)}
    name = name_key(told["0"].subject or "")
    return {s.prompt: s.answer for s in implied(name, told, {}, []) if s.rule == INSIDE}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Acme Ltd was founded by Maeve Roche in 1998.",
            {"Acme Ltd was founded by": "Maeve Roche", "Acme Ltd was founded in": "1998"},
        ),
        (
            "Acme Ltd was founded in 1998 by Maeve Roche.",
            {"Acme Ltd was founded by": "Maeve Roche", "Acme Ltd was founded in": "1998"},
        ),
        (
            "Nadia was born in Oslo in 1990.",
            {"Nadia was born in": "Oslo", "Nadia was born in the year": "1990"},
        ),
        (
            "Nadia was born in 1990 in Oslo.",
            {"Nadia was born in": "Oslo", "Nadia was born in the year": "1990"},
        ),
        (
            "The treaty was signed in Vienna on 4 July 1871.",
            {"The treaty was signed in": "Vienna", "The treaty was signed on": "4 July 1871"},
        ),
        ("Tom moved to Berlin in 2019.", {"Tom moved to": "Berlin"}),
        ("Tom married Eve in 2010.", {"Tom married": "Eve"}),
        ("Zelda broke her left wrist in Morzine.", {"Zelda broke": "her left wrist"}),
        (
            "Aunt Beatrix left the silver teapot to Imogen.",
            {"Aunt Beatrix left the": "silver teapot"},
        ),
        ("Jasper swims for Otter Valley on Saturdays.", {"Jasper swims for": "Otter Valley"}),
        ("The chess club meets on Tuesdays at the Arms.", {"The chess club meets on": "Tuesdays"}),
        ("The bus leaves from gate B14 at 06:55.", {"The bus leaves from": "gate B14"}),
        (
            "My sister Renske, who lives in Utrecht, teaches the cello.",
            {"My sister Renske lives in": "Utrecht"},
        ),
    ],
)
def test_both_are_told(sentence: str, expected: dict[str, str]) -> None:
    assert follows(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "The car costs 5 euros in Ghent.",
        "The clinic is closed by Dr Roche on Mondays.",
        "Acme was called Zed in 1990.",
        "Oslo was the capital in 1990.",
        "Tom was not born in Oslo in 1990.",
        "The population of Zed was 5,000 in 1990.",
        "Acme was bought by Zenco for 3 million euros.",
        "Tom works as a nurse at Skåne Hospital.",
        "The gym opens at 9 on Sundays.",
        "The bus leaves from stand C on Sundays.",
        "The club only meets on Tuesdays at the Arms.",
        "Tom never plays football in London.",
        "Tom plays football better than Ann in London.",
        "The band plays at noon in the park.",
        "The owner of Larch Cottage, who lives in Utrecht, teaches the cello.",
        "Ann, who never lived in Oslo, works in Bergen.",
        "Rex is called Bob in Wales.",
    ],
)
def test_what_is_so_at_a_time_or_at_a_place_is_not_told_of_all(sentence: str) -> None:
    assert follows(sentence) == {}


def test_several_at_several_times_are_told_together() -> None:
    won = follows("Ann won the Booker Prize in 2003.", "Ann won the Nobel Prize in 2010.")
    assert won == {"Ann won the": "Booker Prize and Nobel Prize"}


def test_what_is_told_outright_is_not_told_again() -> None:
    told = follows("Nadia was born in Oslo in 1990.", "Nadia was born in Bergen.")
    assert told == {"Nadia was born in the year": "1990"}


def test_it_comes_and_goes_with_its_sentence(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain") as learner:
        list(learner.teach([parse_sentence("Acme Ltd was founded by Maeve Roche in 1998.")]))
        found = {i.prompt: i.answer for i in learner.implied()}
        assert found["Acme Ltd was founded by"] == "Maeve Roche"
        assert "Maeve Roche" in learner.ask(["Acme Ltd was founded by"])[0].answer
        learner.forget([1])
        assert not list(learner.implied())
        assert "Maeve Roche" not in learner.ask(["Acme Ltd was founded by"])[0].answer
