"""Chains in a brain: what is said, shown, forgotten and restored; on the packaged host."""

from pathlib import Path

import pytest
import torch
from packaged import learner

from adapters.attach import attach
from oneshot.cli.facts.display import led_by, reply_record
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner
from oneshot.facts.types import Statement, Step
from oneshot.hosts.shelf import kept_hosts

__all__ = ["learner"]

AUTHOR = Statement("The author of Misery is", "Ann Bell", "Misery")
BORN = Statement("Ann Bell was born in", "Oslo", "Ann Bell")
CAPITAL = Statement("The capital of Freedonia is", "Glorptown", "Freedonia")
QUESTION = "Where was the author of Misery born?"
OTHERS = ("What is the capital of Freedonia?", "Who is the author of Misery?", "Who wrote Hamlet?")
REAL = kept_hosts().get("smollm2")  # before tests have a cache of their own


@torch.inference_mode()
def logits(learner: Learner, text: str) -> torch.Tensor:
    """The logits behind a text as the brain is now."""
    ids = learner.host.tokenizer(text, return_tensors="pt").input_ids
    denoiser = learner.denoiser()
    assert denoiser is not None
    with attach(learner.host.model, denoiser):
        return learner.host.model(input_ids=ids).logits


@pytest.mark.parametrize("last", [AUTHOR, BORN])
def test_forgetting_one_fact_of_a_chain_restores_what_was_before_it(
    learner: Learner, last: Statement
) -> None:
    learner.write([CAPITAL, BORN if last is AUTHOR else AUTHOR])
    before = [logits(learner, text) for text in (QUESTION, *OTHERS[::2])]
    (entered,) = learner.write([last])
    during = [logits(learner, text) for text in (QUESTION, *OTHERS[::2])]
    assert not torch.equal(during[0], before[0]), "the chain was real"
    assert learner.ask([QUESTION])[0].answer == "Oslo"
    assert all(torch.equal(a, b) for a, b in zip(during[1:], before[1:], strict=True))
    learner.forget([entered.id])
    after = [logits(learner, text) for text in (QUESTION, *OTHERS[::2])]
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))
    assert "Oslo" not in learner.ask([QUESTION])[0].answer


def test_a_reply_lists_all_facts_of_a_chain_and_its_steps_show_their_order(
    learner: Learner,
) -> None:
    learner.write([BORN, CAPITAL, AUTHOR])
    (reply,) = learner.ask([QUESTION], explain=True)
    assert (reply.answer, reply.facts) == ("Oslo", (3, 1))
    assert led_by(reply.steps[0]) == "#3 -> #1"
    assert reply.chain == ("the author of Misery = Ann Bell", "Ann Bell was born in = Oslo")
    assert reply_record(reply, explain=True)["chain"] == reply.chain
    assert "chain" not in reply_record(reply)
    assert reply.steps[0].evidence > 0
    assert led_by(Step("x", 4, 1.0)) == "#4"
    assert led_by(Step("x", None, 1.0)) == ""
    for single in learner.ask(list(OTHERS), explain=True):
        assert len(single.facts) < 2
        assert all(step.via == () for step in single.steps)
        assert single.chain == ()


def test_a_new_answer_of_the_first_fact_leads_elsewhere(learner: Learner) -> None:
    elsewhere = Statement("Kit Moor was born in", "Brack", "Kit Moor")
    author, *_ = learner.write([AUTHOR, BORN, elsewhere])
    assert learner.ask([QUESTION])[0].answer == "Oslo"
    learner.update(author.id, "Kit Moor")
    assert learner.ask([QUESTION])[0].answer == "Brack"
    learner.undo()
    assert learner.ask([QUESTION])[0].answer == "Oslo"


@pytest.mark.slow
def test_the_real_model_says_a_sentence_in_chat_and_follows_a_conversation(tmp_path: Path) -> None:
    if REAL is None:
        pytest.skip("smollm2 is not here: oneshot host fetch smollm2")
    manner = Manner(max_new_tokens=16)
    with Learner.open(tmp_path / "brain", model=str(REAL)) as learner:
        learner.write([AUTHOR, BORN, Statement("Ann Bell is married to", "Kit Moor", "Ann Bell")])
        said = [reply.answer for reply in learner.ask([QUESTION], manner=manner)]
        assert said[0] == "Ann Bell was born in Oslo."
        turns = [
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": said[0]},
            {"role": "user", "content": "And who is she married to?"},
        ]
        assert learner.ask([turns], manner=manner)[0].answer == "Ann Bell is married to Kit Moor."
        asked = ["Was the author of Misery born in Rome?", "Was the author of Misery born in Oslo?"]
        no, yes = learner.ask(asked, manner=manner)
        assert (no.answer, yes.answer) == ("No, Ann Bell was born in Oslo.", "Yes.")


@pytest.mark.slow
def test_what_is_asked_of_a_bearer_is_asked_of_the_name_and_back(tmp_path: Path) -> None:
    if REAL is None:
        pytest.skip("smollm2 is not here: oneshot host fetch smollm2")
    told = [
        "Our dog is called Biscuit.",
        "Biscuit sleeps in the laundry room.",
        "Our dog eats at 6 pm.",
        "My sister Petra works at Halden Labs.",
        "Petra was born in Oslo.",
    ]
    asked = {
        "What is our dog called?": "Your dog is called Biscuit.",
        "Where does our dog sleep?": "Biscuit sleeps in the laundry room.",
        "When does Biscuit eat?": "Your dog eats at 6 pm.",
        "Where was my sister born?": "Petra was born in Oslo.",
        "Who is my sister?": "Your sister is called Petra.",
    }
    with Learner.open(tmp_path / "brain", model=str(REAL)) as learner:
        entered = learner.write([parse_sentence(sentence) for sentence in told])
        replies = learner.ask(list(asked), manner=Manner(max_new_tokens=16))
        assert [reply.answer for reply in replies] == list(asked.values())
        assert replies[1].facts == (entered[0].id, entered[1].id)
        others = ["Where does my sister Anna work?", "Where does our cat sleep?"]
        for reply in learner.ask(others, manner=Manner(max_new_tokens=4)):
            assert reply.facts == ()
        learner.forget([entered[0].id])
        (gone,) = learner.ask(["Where does our dog sleep?"], manner=Manner(max_new_tokens=4))
        assert gone.facts == ()


@pytest.mark.slow
def test_countries_several_answers_and_what_was_before(tmp_path: Path) -> None:
    if REAL is None:
        pytest.skip("smollm2 is not here: oneshot host fetch smollm2")
    told = [
        "The author of Misery is Ann Bell.",
        "Ann Bell was born in Vellport.",
        "Vellport is located in Ostravia.",
        "The capital of Ostravia is Drennick.",
        "The members of the hiring committee are Deepa, Oskar and Lin.",
        "The mayor of Drennick is Pavel Strand.",
        "The sequel to Misery is Frost Garden.",
        "My boss is Farid Azizi.",
    ]
    asked = {
        "In which country was the author of Misery born?": "Vellport is located in Ostravia.",
        "What is the capital of the country where Ann Bell was born?": (
            "The capital of Ostravia is Drennick."
        ),
        "Is Oskar a member of the hiring committee?": "Yes.",
        "Is Petra a member of the hiring committee?": (
            "No, the members of the hiring committee are Deepa, Oskar and Lin."
        ),
        "Was Pavel Strand ever the mayor of Drennick?": "Yes.",
        "Is Frost Garden the sequel to Misery?": "Yes.",
    }
    others = [
        "Was Ines Kolb ever the mayor of Drennick?",
        "Is Misery the sequel to Frost Garden?",
        "Where does my boss sit?",
    ]
    with Learner.open(tmp_path / "brain", model=str(REAL)) as learner:
        learner.write([parse_sentence(sentence) for sentence in told])
        replies = learner.ask(list(asked), manner=Manner(max_new_tokens=24))
        assert [reply.answer for reply in replies] == list(asked.values())
        for reply in learner.ask(others, manner=Manner(max_new_tokens=2)):
            assert reply.facts == ()
