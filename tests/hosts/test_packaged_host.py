"""The packaged model itself: taught in sentences, asked in other words, forgetting exactly."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from brains import caches, exported

from oneshot.facts.demo import packaged as demo
from oneshot.facts.learner import Learner
from oneshot.facts.types import Reply, Statement

__all__ = ["caches"]

KNOWN = {
    "What is the capital of France?": "Paris",
    "The capital of Italy is": "Rome",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaged") / "brain"


@pytest.fixture(scope="module")
def learner(folder: Path) -> Iterator[Learner]:
    """A brain on the packaged model that was taught the demonstration's sentences."""
    with Learner.open(folder) as learner:
        receipts = demo.teach_sentences(learner)
        assert [r.after for r in receipts] == [r.answer for r in receipts]
        assert all(r.before != r.answer for r in receipts)
        yield learner


def asked(learner: Learner) -> list[Reply]:
    questions = [question for asked in demo.SENTENCES.values() for question in asked]
    return learner.ask(questions, base=True)


def expected(learner: Learner) -> list[str]:
    facts = sorted(learner.facts(), key=lambda fact: fact.id)[: len(demo.SENTENCES)]
    return [fact.answer for fact in facts for _ in range(2)]


def test_taught_sentences_are_answered_in_other_words(learner: Learner) -> None:
    replies = asked(learner)
    assert [reply.answer for reply in replies] == expected(learner)
    assert all(reply.base != reply.answer for reply in replies)
    assert [reply.facts for reply in replies] == [(1,), (1,), (2,), (2,), (3,), (3,)]


def test_what_the_model_knows_stays_as_it_was(learner: Learner) -> None:
    replies = learner.ask([*KNOWN, *demo.KNOWN], base=True)
    assert [reply.answer for reply in replies[: len(KNOWN)]] == list(KNOWN.values())
    assert all(reply.answer == reply.base for reply in replies)
    assert not any(reply.facts for reply in replies)


def test_a_contradiction_is_said_and_taken_back(learner: Learner) -> None:
    question = "What is the capital of France?"
    there = exported(learner, learner.brain.folder.parent / "before")
    (receipt,) = learner.teach([Statement("The capital of France is", "Glorptown", "France")])
    assert receipt.before == "Paris"
    assert learner.ask([question])[0].answer == "Glorptown"
    learner.forget([receipt.id])
    assert learner.ask([question])[0].answer == "Paris"
    assert exported(learner, learner.brain.folder.parent / "after") == there


def test_without_its_journal_the_brain_answers_the_same(learner: Learner, folder: Path) -> None:
    """Last of this module: the journal is gone for good, and the weights carry everything."""
    before = [reply.answer for reply in asked(learner)]
    learner.close()
    gone = list(folder.glob("journal.sqlite*"))
    assert folder / "journal.sqlite" in gone
    for path in gone:
        path.unlink()
    with Learner.open(folder) as reopened:
        assert [reply.answer for reply in asked(reopened)] == before
        assert len(reopened.facts()) == len(demo.SENTENCES) + 1, "and the author"
