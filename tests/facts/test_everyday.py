"""What people teach and ask at home, on the real model in chat."""

import pytest
from brains import caches
from fetched import real

from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner

__all__ = ["caches", "real"]

BRIEF = Manner(max_new_tokens=24)
TOLD = [
    "The fax number of Halden Clinic is 555-0192.",
    "Cafe Noor opens at 7:30.",
    "Office address: 5 Elm St",
    "Our boiler was serviced on 3 March.",
    "My dentist is Dr Lee.",
    "My brother Felix lives in Tromso.",
]
ANSWERED = {
    "What is the fax number of Halden Clinic?": "The fax number of Halden Clinic is 555-0192.",
    "What is the address of the office?": "The office address is 5 Elm St.",
    "When was the boiler serviced?": "Your boiler was serviced on 3 March.",
    "What's my dentist's name?": "Your dentist is Dr Lee.",
    "Where does Felix live?": "Your brother Felix lives in Tromso.",
}
LEFT = [
    "What is the phone number of Halden Clinic?",
    "When does Cafe Noor close?",
    "What's my dentist's phone number?",
    "Where does my wife live?",
]


@pytest.mark.slow
def test_what_is_asked_in_other_words_and_what_nobody_told(real: Learner) -> None:
    asked = [*ANSWERED, *LEFT]
    bare = dict(zip(asked, real.ask(asked, manner=BRIEF), strict=True))
    real.write([parse_sentence(sentence) for sentence in TOLD])
    replies = {reply.question: reply for reply in real.ask(asked, manner=BRIEF)}
    assert {q: replies[q].answer for q in ANSWERED} == ANSWERED
    assert not any(bare[q].answer == said for q, said in ANSWERED.items()), "the change was real"
    assert [(replies[q].facts, replies[q].answer) for q in LEFT] == [
        ((), bare[q].answer) for q in LEFT
    ]
