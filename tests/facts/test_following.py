"""Questions with a step that no fact takes: asked again with a phrase replaced; packaged host."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from packaged import learner

from adapters.query.chained.hops import Hop
from oneshot.cli.facts.display import reply_record
from oneshot.facts.following import followed
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, Manner
from oneshot.facts.types import Statement
from oneshot.hosts.shelf import kept_hosts

__all__ = ["learner"]

CEO = Statement("The CEO of Brenkor is", "Ann Bell", "Brenkor")
OTHER = Statement("The capital of Freedonia is", "Glorptown", "Freedonia")
QUESTION = "What is the eye colour of the CEO of Brenkor?"
AGAIN = "What is the eye colour of Ann Bell?"
REAL = kept_hosts().get("smollm2")  # before tests have a cache of their own


def waiting(learner: Learner, fact: int) -> Any:
    """Questions wait for the fact's answer, once each."""
    assert learner.denoiser() is not None
    row = list(learner.spoken_by).index((fact,))
    hop = Hop("the CEO of Brenkor", "Ann Bell", (row,))
    heard = [SimpleNamespace(found=found, answered=False) for found in (hop, None)]
    return mock.patch("oneshot.facts.following._heard", side_effect=heard)


def test_the_host_is_asked_about_a_facts_answer_and_the_reply_says_so(learner: Learner) -> None:
    bare, again = learner.ask([QUESTION, AGAIN])
    ceo, _ = learner.write([CEO, OTHER])
    with waiting(learner, ceo.id):
        (reply,) = learner.ask([QUESTION], explain=True)
    assert (reply.answer, reply.asked, reply.facts) == (again.answer, AGAIN, (ceo.id,))
    assert reply.answer != bare.answer, "the step was real"
    assert reply_record(reply, explain=True)["asked"] == AGAIN
    assert reply.chain == ("the CEO of Brenkor = Ann Bell",)
    assert "asked" not in reply_record(reply)
    learner.forget([ceo.id])
    (after,) = learner.ask([QUESTION])
    assert (after.answer, after.asked, after.facts) == (bare.answer, None, ())


def test_what_a_fact_answers_is_asked_as_it_stands(learner: Learner) -> None:
    learner.write([CEO, OTHER])
    for question in ("Who is the CEO of Brenkor?", "What is the capital of Freedonia?", AGAIN):
        assert learner.ask([question])[0].asked is None


def test_in_a_conversation_the_last_turn_alone_is_worded_anew(learner: Learner) -> None:
    (ceo,) = learner.write([CEO])
    turns = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "I cannot say."},
        {"role": "user", "content": QUESTION},
    ]
    with waiting(learner, ceo.id):
        (reply,) = learner.ask([turns])
    assert (reply.question, reply.asked) == (QUESTION, AGAIN)


@pytest.mark.slow
def test_the_real_model_knows_what_a_place_has_from_its_country(tmp_path: Path) -> None:
    if REAL is None:
        pytest.skip("smollm2 is not here: oneshot host fetch smollm2")
    manner = Manner(max_new_tokens=16)
    town = Statement("Velmark is a town in", "Canada", "Velmark")
    with Learner.open(tmp_path / "brain", model=str(REAL)) as learner:
        (bare,) = learner.ask(["What is the official language of Velmark?"], manner=manner)
        learner.write([town])
        (reply,) = learner.ask(["What is the official language of Velmark?"], manner=manner)
        assert (reply.asked, reply.facts) == ("What is the official language of Canada?", (1,))
        assert "English" in reply.answer
        learner.forget([1])
        (after,) = learner.ask(["What is the official language of Velmark?"], manner=manner)
        assert (after.answer, after.asked) == (bare.answer, None)
        assert after.answer != reply.answer


@pytest.mark.slow
def test_the_real_model_takes_steps_that_nobody_taught(tmp_path: Path) -> None:
    if REAL is None:
        pytest.skip("smollm2 is not here: oneshot host fetch smollm2")
    told = [
        Statement("Zora lives in the country of", "Ethiopia", "Zora"),
        Statement("The mayor of Paris is", "Lena Voss", "Paris"),
    ]
    questions = [
        "What is the capital of the country where Zora lives?",
        "What is the capital of Spain?",
    ]
    with Learner.open(tmp_path / "brain", model=str(REAL)) as learner:
        bare = learner.ask(questions, manner=Manner(max_new_tokens=16))
        learner.write(told)
        outer, plain = learner.ask(questions, manner=Manner(max_new_tokens=16))
        assert "Addis Ababa" in outer.answer
        assert outer.asked == "What is the capital of Ethiopia?"
        assert (plain.answer, plain.asked) == (bare[1].answer, None)


@pytest.mark.slow
def test_the_real_model_knows_whom_a_later_turn_means(tmp_path: Path) -> None:
    if REAL is None:
        pytest.skip("smollm2 is not here: oneshot host fetch smollm2")
    told = [
        Statement("Ann Bell was born in", "Oslo", "Ann Bell"),
        Statement("Ann Bell is married to", "Kit Moor", "Ann Bell"),
        Statement("The CEO of Brenkor is", "Ann Bell", "Brenkor"),
        Statement("The headquarters of Brenkor are in", "Tarn", "Brenkor"),
    ]
    talks = [
        ("Where was Ann Bell born?", "And who is she married to?", "Kit Moor"),
        ("Who is the CEO of Brenkor?", "Where are the headquarters of the company?", "Tarn"),
        ("Where are the headquarters of Brenkor?", "Who is its CEO?", "Ann Bell"),
        ("Hello!", "Where was Bell born?", "Oslo"),
    ]
    manner = Manner(max_new_tokens=16)
    with Learner.open(tmp_path / "brain", model=str(REAL)) as learner:
        learner.write(told)
        for first, then, answer in talks:
            said = learner.ask([first], manner=manner)[0].answer
            turns = [
                {"role": "user", "content": first},
                {"role": "assistant", "content": said},
                {"role": "user", "content": then},
            ]
            assert answer in learner.ask([turns], manner=manner)[0].answer, then


def test_a_question_without_a_taught_name_costs_no_pass(learner: Learner) -> None:
    learner.write([CEO])
    host = learner.host.model
    with mock.patch.object(type(host), "forward", side_effect=AssertionError("a pass")):
        questions = ["What is the eye colour of the CEO of Tarn?", "Who is the CEO of Tarn?"]
        assert [
            f.question for f in followed(learner.host, questions, learner.denoiser(), CHAT)
        ] == (questions)
        with pytest.raises(AssertionError, match="a pass"):
            followed(learner.host, [QUESTION], learner.denoiser(), CHAT)
