"""Who runs, owns or made a thing, told of the thing."""

from pathlib import Path

import pytest
from brains import caches, open_tiny

from adapters.text.names import name_key
from oneshot.facts.implied.deriving import CALLED, implied
from oneshot.facts.implied.passives import PASSIVE
from oneshot.facts.language.statement import parse_sentence

__all__ = ["caches"]


def follows(rule: str, name: str, *sentences: str) -> list[tuple[str, str]]:
    """What the sentences tell of another name by a rule."""
    told = {str(i): parse_sentence(s) for i, s in enumerate(sentences)}
    return [(s.prompt, s.answer) for s in implied(name, {}, told, []) if s.rule == rule]


@pytest.mark.parametrize(
    ("sentence", "prompt", "agent"),
    [
        ("Tomasz runs the Hull depot.", "The Hull depot is run by", "Tomasz"),
        ("My brother Stefan built the rabbit hutch.", "The rabbit hutch was built by", "Stefan"),
        ("Dev Patel coaches the under-12s.", "The under-12s are coached by", "Dev Patel"),
        ("The council maintains the pond.", "The pond is maintained by", "the council"),
    ],
)
def test_a_thing_is_told_of_by_whom(sentence: str, prompt: str, agent: str) -> None:
    name = name_key(parse_sentence(sentence).answer)
    assert follows(PASSIVE, name, sentence) == [(prompt, agent)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Renske teaches the cello.",
        "Dunlin runs Debian 12.7.",
        "Tom runs the London Marathon.",
        "Tom never feeds the cat.",
        "Ann makes the tea.",
        "Ann likes the depot.",
        "Someone cleans the office.",
        "Sometimes Ann feeds the dog.",
        "Ann owns a car.",
        "Ann's wife runs the depot.",
    ],
)
def test_what_others_do_too_is_not_turned(sentence: str) -> None:
    assert not follows(PASSIVE, name_key(parse_sentence(sentence).answer), sentence)


def test_several_are_told_together_in_any_order() -> None:
    both = ["Ann feeds the cat.", "Bob feeds the cat."]
    told = [("The cat is fed by", "Ann and Bob")]
    assert follows(PASSIVE, "cat", *both) == follows(PASSIVE, "cat", *both[::-1]) == told


def test_a_name_keeps_its_article() -> None:
    told = follows("manager", "leeds warehouse", "Priya manages the Leeds warehouse.")
    assert told == [("The manager of the Leeds warehouse is", "Priya")]


def test_an_apposition_tells_who_somebody_is() -> None:
    sentence = "Mr Okonkwo, our accountant, can be reached on 01632 960118."
    assert follows(CALLED, "our accountant", sentence) == [
        ("Our accountant is called", "Mr Okonkwo")
    ]
    assert not follows(CALLED, "my boss", "Petra, my former boss, lives in Oslo.")


def test_it_comes_and_goes_with_its_fact(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain") as learner:
        list(learner.teach([parse_sentence("Tomasz runs the Hull depot.")]))
        (found,) = learner.implied()
        assert (found.prompt, found.origins) == ("The Hull depot is run by", (1,))
        assert "Tomasz" in learner.ask(["The Hull depot is run by"])[0].answer
        learner.forget([1])
        assert not list(learner.implied())
        assert "Tomasz" not in learner.ask(["The Hull depot is run by"])[0].answer
