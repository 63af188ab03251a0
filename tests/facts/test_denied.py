"""Prompts that deny something: taught ones answer themselves, others get no fact."""

from packaged import host, learner

from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW
from oneshot.facts.types import Statement

__all__ = ["host", "learner"]

TOLD = [
    Statement(
        "The top of Mount Quist may not be stepped on out of respect for", "Tarn", "Mount Quist"
    ),
    Statement("Ulvetid never plays without", "a red carpet", "Ulvetid"),
    Statement("The capital of Freedonia is", "Glorptown", "Freedonia"),
]


def test_a_taught_prompt_that_denies_something_answers_itself(learner: Learner) -> None:
    learner.write(TOLD)
    replies = learner.ask([told.prompt for told in TOLD], manner=RAW)
    assert [reply.answer for reply in replies] == [told.answer for told in TOLD]


def test_what_is_denied_of_a_fact_gets_none(learner: Learner) -> None:
    learner.write(TOLD)
    assert learner.ask([TOLD[2].prompt], manner=RAW)[0].facts == (3,)
    assert learner.ask(["The capital of Freedonia is not"], manner=RAW)[0].facts == ()
