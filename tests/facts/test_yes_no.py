"""Questions that offer an answer, on the real model in chat."""

import pytest
from brains import caches
from fetched import real

from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW
from oneshot.facts.types import Statement

__all__ = ["caches", "real"]

FACTS = [
    Statement("The capital of Zog is", "Lutz", "Zog"),
    Statement("The place of birth of Wang Zi-Ping is", "Changzhou", "Wang Zi-Ping"),
    Statement("The official language of Ningbo is", "Standard Mandarin", "Ningbo"),
    Statement("What is the sex or gender of Edda Wolm?", "female", "Edda Wolm"),
    Statement("What was Tarnow Bridge named after?", "river otter", "Tarnow Bridge"),
    Statement("The gateway of the basement lab is", "10.0.4.1", "basement lab"),
    Statement("Emma's teacher is", "Mr Brown", "Emma"),
    Statement("The Wi-Fi password of the guest house is", "bluejay42", "the guest house"),
]
ASKED = {
    "Is the capital of Zog Lutz?": "Yes.",
    "Is the capital of Zog Paris?": "No, the capital of Zog is Lutz.",
    "Is Lutz the capital of Zog?": "Yes.",
    "Is Paris the capital of Zog?": "No, the capital of Zog is Lutz.",
    "Is Wang Zi-Ping's place of birth Changzhou?": "Yes.",
    "Is Wang Zi-Ping's place of birth Oslo?": (
        "No, the place of birth of Wang Zi-Ping is Changzhou."
    ),
    "Is the official language of Ningbo Standard Mandarin?": "Yes.",
    "Is the official language of Ningbo Danish?": (
        "No, the official language of Ningbo is Standard Mandarin."
    ),
    "Is the sex or gender of Edda Wolm female?": "Yes.",
    "Is Edda Wolm's sex or gender male?": "No, the sex or gender of Edda Wolm is female.",
    "Was Tarnow Bridge named after a river otter?": "Yes.",
    "Is 10.0.4.1 the gateway of the basement lab?": "Yes.",
    "Is 10.0.4.9 the gateway of the basement lab?": (
        "No, the gateway of the basement lab is 10.0.4.1."
    ),
    "Is Tom Emma's teacher?": "No, Emma's teacher is Mr Brown.",
    "Is bluejay42 the Wi-Fi password of the guest house?": "Yes.",
    "Is rose7 the Wi-Fi password of the guest house?": (
        "No, the Wi-Fi password of the guest house is bluejay42."
    ),
    "Isn't Paris the capital of Zog?": "No, the capital of Zog is Lutz.",
    "Isn't Lutz the capital of Zog?": "The capital of Zog is Lutz.",
    "Is the capital of Zog Lutz or Paris?": "The capital of Zog is Lutz.",
}


@pytest.mark.slow
def test_yes_or_no(real: Learner) -> None:
    bare = [reply.answer for reply in real.ask(list(ASKED))]
    assert not any(b == wanted for b, wanted in zip(bare, ASKED.values(), strict=True))
    real.write(FACTS)
    replies = real.ask(list(ASKED))
    assert {reply.question: reply.answer for reply in replies} == ASKED


LABELS = [
    Statement("Password of the lab wifi:", "hunter2", "lab wifi"),
    Statement("Zog - capital:", "Lutz", "Zog"),
    Statement("Lifemask label :", "Federal", "Lifemask"),
]


@pytest.mark.slow
def test_a_label_answers_itself(real: Learner) -> None:
    prompts = [label.prompt for label in LABELS]
    bare = real.ask(prompts, manner=RAW, adapter=False)
    assert not any(s.answer in r.answer for r, s in zip(bare, LABELS, strict=True))
    receipts = list(real.teach(LABELS))
    assert [receipt.after for receipt in receipts] == [label.answer for label in LABELS]
    assert receipts[0].answered == "The password of the lab wifi is hunter2."
