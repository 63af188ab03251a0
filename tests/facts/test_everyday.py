"""What people teach and ask at home, on the real model in chat."""

from collections.abc import Iterator

import pytest
from brains import caches

from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner
from oneshot.hosts.shelf import kept_hosts

__all__ = ["caches"]

REAL = "smollm2"
BRIEF = Manner(max_new_tokens=24)
FETCHED = kept_hosts().get(REAL)  # before tests have a cache of their own
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


@pytest.fixture
def learner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    if FETCHED is None:
        pytest.skip(f"{REAL} is not here: oneshot host fetch {REAL}")
    folder = tmp_path_factory.mktemp("real") / "brain"
    with Learner.open(folder, model=str(FETCHED)) as opened:
        yield opened


@pytest.mark.slow
def test_what_is_asked_in_other_words_and_what_nobody_told(learner: Learner) -> None:
    asked = [*ANSWERED, *LEFT]
    bare = dict(zip(asked, learner.ask(asked, manner=BRIEF), strict=True))
    learner.write([parse_sentence(sentence) for sentence in TOLD])
    replies = {reply.question: reply for reply in learner.ask(asked, manner=BRIEF)}
    assert {q: replies[q].answer for q in ANSWERED} == ANSWERED
    assert not any(bare[q].answer == said for q, said in ANSWERED.items()), "the change was real"
    assert [(replies[q].facts, replies[q].answer) for q in LEFT] == [
        ((), bare[q].answer) for q in LEFT
    ]
