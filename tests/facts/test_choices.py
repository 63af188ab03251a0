"""Questions that list what to choose from, in plain text; packaged host."""

import pytest
from packaged import learner

from adapters.text.clauses import asks_for_answer, offers_choices
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement

__all__ = ["learner"]

CAPITAL = Statement("The capital of Freedonia is", "Glorptown", "Freedonia")
CEO = Statement("The CEO of Brenkor is", "Ann Bell", "Brenkor")


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of Freedonia? Lutz, Glorptown or Mard?",
        "What is the capital of Freedonia? Glorptown or Lutz?",
        "What is the capital of Freedonia?\nA) Lutz\nB) Glorptown\nC) Mard\nAnswer:",
        "What is the capital of Freedonia? (A) Lutz (B) Glorptown. Answer with one word.",
    ],
)
def test_the_taught_answer_is_chosen(learner: Learner, question: str) -> None:
    (bare,) = learner.ask([question])
    learner.write([CAPITAL, CEO])
    (reply,) = learner.ask([question])
    assert (reply.answer, reply.facts) == ("Glorptown", (1,))
    assert bare.answer != reply.answer, "the change was real"


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France? Paris or Glorptown?",
        "Who wrote the anthem of Freedonia? Lutz, Glorptown or Mard?",
        "What is the capital of Freedonia? Lutz, Glorptown or Mard? It is Lutz. The sky is",
    ],
)
def test_nothing_is_chosen_that_nobody_told(learner: Learner, question: str) -> None:
    (bare,) = learner.ask([question])
    learner.write([CAPITAL, CEO])
    (reply,) = learner.ask([question])
    assert (reply.answer, reply.facts) == (bare.answer, ())


def test_choices_are_told_from_questions() -> None:
    assert offers_choices("Red, green or blue?")
    assert not offers_choices("Is it red or blue?")
    assert not offers_choices("Who is older, Ann or Bob?")
    assert not offers_choices("Red or blue.")
    assert asks_for_answer(" A) Lutz\nB) Mard\nAnswer:")
    assert not asks_for_answer(" Ann told Bob. He went home.")
