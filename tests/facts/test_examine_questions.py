"""What an examination asks: wordings, strangers, and what fits."""

from pathlib import Path

import pytest
from brains import NAMES, caches, open_tiny, statements
from examined import few_questions, learner
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.facts.answering import fits
from oneshot.facts.examination.examine import (
    make_examiner,
)
from oneshot.facts.examination.probing import Prober
from oneshot.facts.language.reword import rewordings, template_of
from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW, Manner
from oneshot.facts.types import Statement
from oneshot.hosts.corpus import corpus_wordings

__all__ = ["caches", "few_questions", "learner"]


FACTS = statements(6)


def test_wordings_of_known_relations_are_the_shipped_ones() -> None:
    capital = corpus_wordings()["P36"]
    made = rewordings("The capital of Zog is", "Zog", "capital")
    assert "What is the capital of Zog?" in made
    assert {w.replace("Zog", "{}") for w in made} <= set(capital.main)
    assert "The capital of Zog is" not in made
    assert rewordings("Zog was created in", "Zog", "capital") == [], "three relations say so"
    assert rewordings("Zog was created in", "Zog", "location of formation")


@pytest.mark.parametrize(
    ("prompt", "subject", "wanted"),
    [
        ("The mascot of Quill is", "Quill", "Quill's mascot is"),
        ("The mascot of Quill is", "Quill", "What is the mascot of Quill?"),
        ("The colours of Quills are", "Quills", "Quills' colours are"),
        ("Quill's patron saint was", "Quill", "Who was the patron saint of Quill?"),
        ("What is the motto of Quill?", "Quill", "The motto of Quill is"),
        ("What is Quill's motto?", "Quill", "The motto of Quill is"),
        ("Quill Hall was built by", "Quill Hall", "Who was Quill Hall built by?"),
    ],
)
def test_unknown_relations_are_turned_by_grammar(prompt: str, subject: str, wanted: str) -> None:
    assert wanted in rewordings(prompt, subject, "new relation")


@pytest.mark.parametrize("prompt", ["Quill ate", "Zara was born on", "Quill", "is it Quill's"])
def test_what_cannot_be_turned_surely_is_left_alone(prompt: str) -> None:
    assert rewordings(prompt, prompt.split()[0], "place of birth") == []


@given(words=st.text("ab {}'s?", max_size=30), subject=st.text("ab{}'", min_size=1, max_size=4))
@settings(deadline=None, max_examples=100)
def test_templates_give_back_their_prompt(words: str, subject: str) -> None:
    prompt = f"{words}{subject}"
    template = template_of(prompt, subject)
    assert template == f"{words}{{}}"
    assert all(isinstance(w, str) for w in rewordings(prompt, subject, "capital"))


def test_questions_fit_what_the_host_reads(learner: Learner) -> None:
    prompt = "The capital of Zog is"
    while fits(learner.host, f"Far, {prompt}"):
        prompt = f"Far, {prompt}"
    (made,) = learner.write([Statement(prompt, "Xor", "Zog")])
    entry = learner.brain.journal.get(made.id)
    assert entry is not None
    prober = Prober(learner, make_examiner(learner), [entry], 0, RAW)
    kinds = [question.kind for question in prober.questions(entry)]
    assert "taught" in kinds
    assert "in front" not in kinds
    short = learner.brain.journal.get(1)
    assert short is not None
    assert "in front" in [question.kind for question in prober.questions(short)]


def test_the_hosts_own_facts_fit_in_every_round(learner: Learner) -> None:
    """Also where the answer's room leaves little for the question."""
    wide = Manner(max_new_tokens=learner.host.model.config.max_position_embeddings - 40)
    entries = list(learner.brain.journal.entries())
    dropped = 0
    for seed in range(12):
        prober = Prober(learner, make_examiner(learner), entries, seed, wide)
        known = prober.known(64)
        dropped += 64 - len(known)
        assert all(fits(learner.host, p, wide) for p in [*known, *prober.in_front(known)])
    assert dropped, "some do not fit and are left out"


def test_a_subject_taught_the_same_relation_is_no_stranger(learner: Learner) -> None:
    examiner = make_examiner(learner)
    entries = list(learner.brain.journal.entries())
    prober = Prober(learner, examiner, entries, 0, RAW)
    taught = {fact.prompt for fact in FACTS}
    local = [q for e in entries for q in prober.questions(e) if q.answer is None]
    assert local
    assert not taught & {q.prompt for q in local}


def test_another_wording_of_a_taught_fact_is_no_stranger(tmp_path: Path) -> None:
    """Whatever the host takes the relation for: a random one takes it for many things."""
    taught = {name: f"The capital of {name} is" for name in NAMES[:6]}
    with open_tiny(tmp_path / "brain") as learner:
        learner.write([Statement(p, "Rome", name) for name, p in taught.items()])
        learner.write([Statement(f"What is {NAMES[7]}'s capital?", "Rome", NAMES[7])])
        entries = list(learner.brain.journal.entries())
        answered = {w for n, p in taught.items() for w in rewordings(p, n, "capital")}
        for seed in range(4):
            prober = Prober(learner, make_examiner(learner), entries, seed, RAW)
            local = {q.prompt for e in entries for q in prober.questions(e) if q.answer is None}
            assert len(local) > 6
            assert not local & (answered | set(taught.values()))
