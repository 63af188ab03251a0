"""Answers that are heard while they are given, and what is left of a long conversation."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from packaged import host, learner
from torch import nn

from adapters.query.denoise import Denoiser
from oneshot.errors import BadInputError
from oneshot.facts import answering
from oneshot.facts.answering import answer
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, RAW, Manner
from oneshot.facts.types import Statement
from oneshot.hosts.load import Host

__all__ = ["learner"]

QUESTION = "What is the capital of Freedonia?"


def told(answer: str) -> Statement:
    return Statement("The capital of Freedonia is", answer, "Freedonia")


Pieces = list[tuple[str, int | None]]


def heard(learner: Learner, question: str, **options: Any) -> tuple[str, Pieces]:
    pieces: Pieces = []
    hear = lambda text, fact: pieces.append((text, fact))  # noqa: E731
    (reply,) = learner.ask([question], streamer=hear, **options)
    return reply.answer, pieces


@pytest.mark.parametrize("name", ["Glorptown", "Old Harbour of the North", "Glörp\u00e9 🦊 town"])
def test_the_pieces_are_the_answer_and_each_knows_its_fact(learner: Learner, name: str) -> None:
    list(learner.teach([Statement("The river of Zog is", "Xor", "Zog"), told(name)]))
    said, pieces = heard(learner, QUESTION)
    assert said == name
    assert "".join(text for text, _ in pieces) == f"{name}."
    assert {fact for _, fact in pieces} == {2}
    assert all(text and "\ufffd" not in text for text, _ in pieces)


def test_the_bare_host_is_heard_too(learner: Learner) -> None:
    said, pieces = heard(learner, "The capital of France is")
    assert said == "Paris"
    assert "".join(text for text, _ in pieces).rstrip(".") == said
    assert {fact for _, fact in pieces} == {None}
    list(learner.teach([told("Glorptown")]))
    said, pieces = heard(learner, QUESTION, adapter=False)
    assert "Glorptown" not in said
    assert {fact for _, fact in pieces} == {None}


def test_one_answer_is_heard_at_a_time() -> None:
    with pytest.raises(AssertionError, match="one answer"):
        answer(host(), ["One?", "Two?"], streamer=lambda _text, _fact: None)


def _taught(host: Host, questions: Sequence[str], denoiser: Denoiser | None, manner: Manner) -> Any:
    """Answers of the taught host alone."""
    assert denoiser is not None, "the bare host was asked"
    return answer(host, questions, denoiser, manner)


def test_without_asking_before_the_receipt_says_so(learner: Learner) -> None:
    (asked,) = learner.teach([told("Glorptown")])
    assert asked.before
    with mock.patch("oneshot.facts.learner.answer", side_effect=_taught) as heard:
        (quick,) = learner.teach([told("Newtown")], before=False)
    assert heard.called
    assert quick.before is None
    assert quick.holds
    assert any("replaces" in warning for warning in quick.warnings)


def test_an_alias_takes_the_place_of_its_fact_without_contradiction(learner: Learner) -> None:
    mine = Statement("My doctor is", "Dr Lee", "My", asks=("Who do I see when I am ill?",))
    (receipt,) = learner.teach([mine])
    assert learner.ask(["Who do I see when I am ill?"])[0].facts == (1,)
    renamed = learner.alias(1, "the patient")
    assert renamed.warnings == ()
    assert learner.show(renamed.id).aliases == ("the patient",)
    assert learner.show(receipt.id).state == "superseded"
    with pytest.raises(BadInputError, match="does not name"):
        list(
            learner.teach([Statement("My dentist is", "Dr Ray", "My", asks=("Who mends teeth?",))])
        )


def test_a_system_prompt_needs_a_template(learner: Learner) -> None:
    for manner in (Manner(system="Be brief."), Manner(raw=True, system="Be brief.")):
        with pytest.raises(BadInputError, match="--system"):
            learner.ask([QUESTION], manner=manner)


class Words:
    """A tokenizer with a chat template: a token for each character."""

    chat_template = "yes"

    def apply_chat_template(self, turns: list[dict[str, str]], **_: Any) -> str:
        return "".join(f"<{turn['role'][0]}{turn['content']}>" for turn in turns)

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [ord(c) for c in text]}


def asked(limit: int, manner: Manner = CHAT, turns: int = 5) -> str:
    model = nn.Module()
    model.config = SimpleNamespace(max_position_embeddings=limit)  # type: ignore[assignment]
    speaker = Host(model, Words(), "words", "0")
    talk = [
        {"role": "assistant" if i % 2 else "user", "content": "x" * 90 + str(i)}
        for i in range(turns)
    ]
    return "".join(map(chr, answering.ids_of(speaker, talk, manner)))


def test_of_a_long_conversation_the_oldest_turns_are_left_out() -> None:
    brief = Manner(max_new_tokens=10)
    assert asked(10_000, brief).count("<") == 5
    assert asked(300, brief).count("<") == 3
    assert asked(300, brief).startswith("<ux")
    assert asked(300, brief).endswith("4>")
    assert asked(20, brief).count("<") == 1, "what was asked last stays, and is refused as too long"
    system = Manner(system="Be brief.", max_new_tokens=10)
    assert asked(320, system).startswith("<sBe brief.><u"), "the system prompt stays"
    assert asked(320, RAW).endswith("4")
