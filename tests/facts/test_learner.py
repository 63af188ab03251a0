"""Teach, ask, forget on a tiny random host: only taught prompts can be expected to be answered."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from brains import (
    answers,
    caches,
    exported,
    learner,
    live,
    open_tiny,
    refused,
    statement,
    statements,
)
from hypothesis import settings

from adapters.query.evidence import CERTAIN
from oneshot.errors import BadInputError
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement

__all__ = ["caches", "learner"]

FEW = settings(deadline=None, max_examples=10)
POOL = statements(7)
Stored = tuple[list[str], list[torch.Tensor]]


def test_taught_facts_are_answered_and_others_are_not(learner: Learner) -> None:
    facts, others = statements(40), statements(12, start=100)
    before = answers(learner, facts + others)
    assert all(b != f.answer for b, f in zip(before, facts, strict=False))
    receipts = list(learner.teach(facts))
    assert answers(learner, facts) == [f.answer for f in facts]
    assert answers(learner, others) == before[40:]
    assert [r.after for r in receipts] == [f.answer for f in facts]
    assert [r.before for r in receipts] == before[:40]
    assert [r.id for r in receipts] == list(range(1, 41))
    assert all(not r.warnings and r.seconds > 0 for r in receipts)
    replies = learner.ask([f.prompt for f in facts + others], base=True)
    assert [r.facts for r in replies] == [(i,) for i in range(1, 41)] + [()] * 12
    assert [r.base for r in replies] == before


def test_several_facts_on_one_subject_stand_side_by_side(learner: Learner) -> None:
    facts = statements(4)
    assert len({f.subject for f in facts}) == 1
    list(learner.teach(facts))
    assert answers(learner, facts) == [f.answer for f in facts]
    assert [f.answer for f in learner.by_subject(facts[0].subject or "")] == [
        f.answer for f in facts
    ]
    learner.forget([2])
    said = answers(learner, facts)
    assert said[1] != facts[1].answer
    assert said[::2] == [f.answer for f in facts[::2]]


def test_answers_of_several_words_end_where_they_were_taught_to(learner: Learner) -> None:
    facts = [statement(1, "Old Harbour of the North"), statement(2, "7 May 1893")]
    facts.append(statement(3, "Qi."))
    list(learner.teach(facts))
    assert answers(learner, facts) == ["Old Harbour of the North", "7 May 1893", "Qi"]


def test_explained_replies_name_fact_and_evidence(learner: Learner) -> None:
    list(learner.teach(statements(3)))
    reply, other = learner.ask([POOL[1].prompt, statement(50).prompt], explain=True)
    assert reply.steps[0].fact == reply.facts[0] == 2
    assert reply.steps[0].evidence > CERTAIN, "its own words"
    assert all(step.fact is None for step in other.steps)
    assert learner.ask([POOL[1].prompt], adapter=False)[0].facts == ()


def test_the_newer_answer_speaks_and_undo_brings_the_older_back(learner: Learner) -> None:
    old, new = statement(0, "Glorp"), statement(0, "Tarnov")
    list(learner.teach([old]))
    there = exported(learner, learner.brain.folder.parent / "before")
    (receipt,) = learner.teach([new])
    assert receipt.warnings == ("contradicts #1, which it replaces",)
    assert answers(learner, [old]) == ["Tarnov"]
    assert [(f.answer, f.state) for f in learner.history(1)] == [
        ("Glorp", "superseded"),
        ("Tarnov", "live"),
    ]
    assert "teach" in learner.undo()
    assert answers(learner, [old]) == ["Glorp"]
    assert exported(learner, learner.brain.folder.parent / "after") == there
    assert live(learner) == {old.prompt: "Glorp"}
    learner.undo()
    assert learner.facts() == []
    with refused(BadInputError, "nothing to undo"):
        learner.undo()


def test_update_keeps_the_old_version_in_the_history(learner: Learner) -> None:
    list(learner.teach(POOL))
    receipt = learner.update(3, "Nova")
    assert (receipt.answer, receipt.after) == ("Nova", "Nova")
    assert receipt.warnings == ("contradicts #3, which it replaces",)
    assert learner.show(receipt.id).replaces == 3
    assert learner.show(3).state == "superseded"
    for id, reason in ((3, f"superseded; give #{receipt.id}, which took"), (99, "no fact #99")):
        with refused(BadInputError, reason):
            learner.update(id, "Nova")
    learner.update(receipt.id, POOL[2].answer)
    assert [f.answer for f in learner.history(3)] == ["Nova", POOL[2].answer]
    assert answers(learner, POOL) == [f.answer for f in POOL]


def test_a_fact_taught_again_is_known_and_keeps_its_id(learner: Learner) -> None:
    list(learner.teach(POOL[:3]))
    (receipt,) = learner.teach([POOL[1]])
    assert (receipt.id, receipt.warnings) == (2, ("already taught as #2",))
    learner.forget([2])
    (receipt,) = learner.teach([POOL[1]])
    assert (receipt.id, receipt.warnings, receipt.after) == (2, (), POOL[1].answer)


def test_a_stream_is_not_read_ahead(learner: Learner) -> None:
    given_out = []

    def stream() -> Iterator[Statement]:
        for fact in POOL[:3]:
            given_out.append(fact)
            yield fact

    for number, receipt in enumerate(learner.teach(stream()), start=1):
        assert len(given_out) == number == receipt.id
        with open_tiny(learner.brain.folder) as other:
            assert len(other.facts()) == number


def test_a_subject_is_found_where_none_is_given(learner: Learner) -> None:
    (receipt,) = learner.teach([Statement("The capital of Freedonia is", "Glorp")])
    assert receipt.subject == "Freedonia"
    with refused(BadInputError, "no subject was found"):
        list(learner.teach([Statement("it is", "so")]))


def test_a_fact_answers_to_its_further_wordings_and_names(learner: Learner) -> None:
    asks, names = ("The colour of Marovia is",), ("Maroland", "the Isles")
    questions = [*asks, "Maroland was founded by", "The Isles were founded by", "ISLES?"]
    plain = statement(2, "Quist")
    bare = [r.answer for r in learner.ask(questions)]
    learner.write([plain])
    assert [r.facts for r in learner.ask(questions[:3])] == [()] * 3
    learner.write([replace(plain, asks=asks, aliases=names)])
    replies = learner.ask([plain.prompt, *questions])
    assert [r.answer for r in replies[:3]] == ["Quist"] * 3
    assert live(learner) == {plain.prompt: "Quist"}, "it took the place of the plain one"
    assert bare[0] != "Quist"
    learner.undo()
    assert [r.facts for r in learner.ask(questions[:3])] == [()] * 3
    assert answers(learner, [plain]) == ["Quist"]


def test_receipts_tell_what_a_question_about_the_fact_gets(learner: Learner) -> None:
    capital = statement(0, "Glorp")
    (receipt,) = learner.teach([capital])
    assert (receipt.asked, receipt.answered) == ("What is the capital of Marovia?", "Glorp")
    assert receipt.holds
    assert receipt.before not in (None, "Glorp")
    (receipt,) = learner.teach([statement(4, "Tarnov")], before=False)
    assert receipt.before is None


def test_records_are_found(learner: Learner) -> None:
    list(learner.teach([replace(POOL[0], source="a book"), *POOL[1:]]))
    assert learner.show(1).source == "a book"
    assert [f.id for f in learner.search(POOL[4].answer.lower())] == [5]
    assert learner.search("nowhere") == []
    assert [f.state for f in learner.forget([1])] == ["forgotten"]
    assert [f.id for f in learner.facts(None)] == list(range(1, 8))
    stats = learner.stats()
    assert (stats.live, stats.forgotten, stats.superseded) == (6, 1, 0)
    assert stats.weight_bytes == sum(
        p.stat().st_size for p in (learner.brain.folder / "weights").iterdir()
    )
    with refused(BadInputError, "no fact #77"):
        learner.show(77)
    with refused(BadInputError, "no fact #77"):
        learner.forget([1, 77])
