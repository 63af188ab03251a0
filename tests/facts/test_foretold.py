"""Answers that are known when they have begun are those that are generated token by token."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from packaged import host, learner

from adapters.query.labels import SayableLabels
from oneshot.facts.learner import Learner
from oneshot.facts.types import Receipt, Statement

__all__ = ["learner"]

OLD = Statement("The capital of Freedonia is", "Glorptown", "Freedonia")
FACTS = [
    OLD,
    Statement("The river of Zog is", "Old Harbour of the North", "Zog"),
    replace(OLD, answer="Newtown"),  # takes the first one's place, which then does not hold
    Statement("My doctor is", "Dr Lee", "My"),
    Statement("The wifi password at the office is", "hunter2", "the office"),
]
QUESTIONS = [
    "What is the capital of Freedonia?",
    "The capital of France is",
    "The river of Zog is",
    "Is Newtown the capital of Freedonia?",
    "Who is my doctor?",
]


def by_generation() -> Any:
    """Every token comes from a pass of its own."""
    return mock.patch("oneshot.facts.answering.foretold", return_value={})


@contextmanager
def counted() -> Iterator[list[int]]:
    """The sizes of the batches that pass through the host inside."""
    sizes: list[int] = []
    hook = host().model.register_forward_pre_hook(
        lambda _m, _args, kwargs: sizes.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    try:
        yield sizes
    finally:
        hook.remove()


def receipts(folder: Path, facts: Sequence[Statement]) -> list[Receipt]:
    with (
        mock.patch("oneshot.facts.brain.opening.load_host", return_value=host()),
        Learner.open(folder) as opened,
    ):
        return [replace(r, seconds=0.0) for r in opened.teach(facts)]


def test_receipts_are_those_of_generation(tmp_path: Path) -> None:
    with counted() as few:
        told = receipts(tmp_path / "told", FACTS)
    with by_generation(), counted() as many:
        generated = receipts(tmp_path / "generated", FACTS)
    assert told == generated
    assert [r.holds for r in told] == [False, True, True, True, True]
    assert told[0].after == "Newtown"
    assert len(few) < len(many)


def said(learner: Learner, questions: Sequence[str] = QUESTIONS, **options: Any) -> str:
    """The replies, with the steps of facts: the host's own may end in padding in a batch."""
    replies = learner.ask(questions, explain=True, **options)
    return repr([r if r.facts else replace(r, steps=()) for r in replies])  # compares NaNs too


def test_what_facts_say_and_what_the_host_says_stand_side_by_side(learner: Learner) -> None:
    list(learner.teach(FACTS))
    with by_generation():
        generated = said(learner)
    with counted() as sizes:
        assert said(learner) == generated
    assert sizes[:2] == [4, 1], "four name a fact; the last is left to the host"
    with counted() as sizes:
        said(learner, QUESTIONS[2:3])
    assert sizes == [1]


@pytest.mark.parametrize("why", ["penalty", "margin"])
def test_nothing_is_foretold_where_the_head_may_say_something_else(
    learner: Learner, why: str
) -> None:
    list(learner.teach(FACTS))
    with counted() as sizes:
        answers = said(learner, QUESTIONS[2:3])
    assert sizes == [1]
    unsure = (
        mock.patch.object(host().model.generation_config, "repetition_penalty", 1.01)
        if why == "penalty"
        else mock.patch.object(SayableLabels, "margin", return_value=0.5)
    )
    with unsure, counted() as sizes:
        assert said(learner, QUESTIONS[2:3]) == answers
    assert len(sizes) > 1
