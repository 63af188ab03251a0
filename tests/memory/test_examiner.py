"""What is due, who is near, what contradicts: what the journal and the index choose to ask."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.errors import BrainError
from oneshot.memory.examiner.nearest import NearestFacts
from oneshot.memory.examiner.spacing import FIRST, LONGEST, standing
from oneshot.memory.examiner.turns import Examiner
from oneshot.memory.journal import facts
from oneshot.memory.journal.examinations import Examinations
from oneshot.memory.journal.facts import Journal
from oneshot.memory.journal.rows import NEW_RELATION, Draft, Examination

START = datetime(2030, 1, 1, tzinfo=UTC)
KINDS = ("taught", "paraphrase")


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def draft(
    number: int,
    at: float = 0,
    *,
    subject: str | None = None,
    answer: str | None = None,
    relation: str = "capital",
) -> Draft:
    subject = subject or f"Land {number}"
    words = f"The capital of {subject} is", answer or f"Town {number}", subject, relation
    return Draft(f"{number:032x}", *words, None, day(at).isoformat())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite") as opened:
        yield opened


@pytest.fixture
def examiner(journal: Journal) -> Examiner:
    return Examiner(journal, NearestFacts(8), KINDS)


def enter(examiner: Examiner, draft: Draft, *code: float) -> int:
    """Journal a fact with a code; the same leading numbers are the same place."""
    (fact,) = examiner.journal.add([draft])
    vector = torch.zeros(1, 8)
    vector[0, : len(code)] = torch.tensor(code)
    examiner.near.add([fact], vector if code else torch.eye(8)[fact % 8][None])
    return fact


def sit(examiner: Examiner, at: float, **right: bool) -> None:
    """One round at which facts, as f1=True, answered rightly or not."""
    exams = examiner.examinations
    round = exams.open_round(day(at).isoformat(), 0)
    noted = [Examination(int(f[1:]), "taught", "p", "a", ok) for f, ok in right.items()]
    exams.note(round, noted, day(at).isoformat())


def reasons(examiner: Examiner, at: float) -> dict[int, str]:
    return {turn.entry.id: turn.reason for turn in examiner.turns(day(at))}


outcomes = st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=12).map(
    lambda found: [(day(at), right) for at, right in sorted(found)]
)


@given(past=outcomes, after=st.floats(0, 400))
@settings(deadline=None, max_examples=80)
def test_intervals_grow_with_success_and_shrink_with_failure(
    past: list[tuple[datetime, bool]], after: float
) -> None:
    before = standing(START, past)
    last = past[-1][0] if past else START
    at = last + timedelta(days=after)
    passed, failed = standing(START, [*past, (at, True)]), standing(START, [*past, (at, False)])
    assert max(before.interval, FIRST) <= passed.interval <= LONGEST
    assert failed.interval <= before.interval / 2 or before.interval == 0
    assert passed.due == at + timedelta(days=passed.interval)
    assert (passed.failed, failed.failed) == (False, True)
    if after >= before.interval and before.interval >= FIRST and passed.interval < LONGEST:
        assert passed.interval >= 2 * before.interval * 0.999


def test_asking_again_at_once_gains_nothing() -> None:
    often = [(day(10), True)] * 20
    assert standing(day(9), often).interval == standing(day(9), often[:1]).interval == 2.0
    assert standing(day(9), [(day(10), True), (day(12), True)]).interval == 4.0
    assert standing(day(9), []).due == day(9)


def test_turns_come_in_the_order_of_need(examiner: Examiner) -> None:
    for number in (1, 2, 3, 4):
        enter(examiner, draft(number))
    sit(examiner, 1, f1=True, f2=False, f3=True)
    assert reasons(examiner, 1.5) == {2: "failed", 4: "new", 1: "not due", 3: "not due"}
    assert [turn.entry.id for turn in examiner.due(day(1.5))] == [2, 4]
    assert reasons(examiner, 4) == {2: "failed", 4: "new", 1: "time", 3: "time"}
    sit(examiner, 5, f1=True, f2=True, f3=False, f4=True)
    assert examiner.due(day(5)) == []
    assert reasons(examiner, 5.6) == {3: "failed", 2: "not due", 1: "not due", 4: "not due"}
    examiner.journal.set_state([1], "forgotten")
    assert 1 not in reasons(examiner, 90)


def test_a_fact_is_due_again_when_another_comes_near(examiner: Examiner) -> None:
    enter(examiner, draft(1), 1, 0.1)
    enter(examiner, draft(2), 0, 0, 1)
    sit(examiner, 1, f1=True, f2=True)
    assert examiner.due(day(1.1)) == []
    with mock.patch("oneshot.memory.examiner.turns.NEIGHBOURS", 1):
        enter(examiner, draft(3, at=1.2), 1, 0.2)
        assert reasons(examiner, 1.3) == {3: "new", 1: "neighbour", 2: "not due"}
        sit(examiner, 1.4, f1=True, f3=True)
        assert examiner.due(day(1.5)) == []


def test_only_kinds_that_count_decide(examiner: Examiner) -> None:
    fact = enter(examiner, draft(1))
    exams = examiner.examinations
    noted = [Examination(fact, k, "p", "a", k == "taught") for k in ("taught", "in front")]
    exams.note(exams.open_round(day(1).isoformat(), 0), noted, day(1).isoformat())
    assert reasons(examiner, 1.1) == {fact: "not due"}
    assert exams.outcomes(["in front"]) == {fact: [(day(1).isoformat(), False)]}


def test_neighbours_are_the_nearest_other_subjects(examiner: Examiner) -> None:
    own = enter(examiner, draft(1), 1, 0)
    same = enter(examiner, draft(2, subject="Land 1", relation="river"), 1, 0.01)
    far, near = enter(examiner, draft(3), 0, 1), enter(examiner, draft(4), 1, 0.3)
    assert [e.id for e, _ in examiner.neighbours(own, 3)] == [near, far]
    cosines = [c for _, c in examiner.neighbours(own, 3)]
    assert cosines == sorted(cosines, reverse=True)
    examiner.near.remove([near])
    assert [e.id for e, _ in examiner.neighbours(own, 3)] == [far]
    assert same not in [e.id for e, _ in examiner.neighbours(own, 3)]
    assert examiner.neighbours(999, 3) == []


def test_contradictions_and_duplicates_are_found(examiner: Examiner) -> None:
    enter(examiner, draft(1, subject="Zog", answer="Xor"), 1, 0)
    enter(examiner, draft(2, 1, subject="zog", answer="Nix"), 0.6, 0.8)  # its relation is the same
    enter(examiner, draft(3, 2, subject="Zog", answer="XOR", relation="town"), 1, 0.05)
    enter(examiner, draft(4, 3, subject="Zog", answer="Flat", relation="form"), 0, 0, 1)
    enter(examiner, draft(5, 3, subject="Zig", answer="Xor"), 1, 0)
    found = {(c.kind, c.older.id, c.newer.id) for c in examiner.collisions()}
    assert found == {("contradiction", 1, 2), ("duplicate", 1, 3)}
    examiner.journal.set_state([2], "superseded")
    examiner.near.remove([2])
    assert [c.kind for c in examiner.collisions()] == ["duplicate"]


def test_relations_that_no_bank_knows_contradict_only_where_they_are_alike(
    examiner: Examiner,
) -> None:
    new = {"subject": "Zog", "relation": NEW_RELATION}
    enter(examiner, draft(1, answer="a heron", **new), 1, 0)
    enter(examiner, draft(2, answer="upwards", **new), 0.6, 0.8)
    assert examiner.collisions() == []
    enter(examiner, draft(3, answer="an owl", **new), 1, 0.01)
    assert [(c.kind, c.older.id, c.newer.id) for c in examiner.collisions()] == [
        ("contradiction", 1, 3)
    ]


def test_an_empty_store_has_nothing_to_ask(examiner: Examiner) -> None:
    assert examiner.turns(START) == examiner.collisions() == examiner.neighbours(1, 3) == []


def test_a_time_that_is_none_is_told(examiner: Examiner) -> None:
    enter(examiner, draft(1))
    examiner.journal.run("UPDATE facts SET taught_at = 'yesterday'")
    with pytest.raises(BrainError, match="'yesterday' for a time"):
        examiner.turns(START)


def test_rounds_keep_their_questions_and_times(examiner: Examiner) -> None:
    one, two = enter(examiner, draft(1)), enter(examiner, draft(2))
    exams = examiner.examinations
    first, empty = exams.open_round("2030-01-01", 7), exams.open_round("2030-01-02", 8)
    noted = [
        Examination(two, "question", "q?", "said", False, 0.5),
        Examination(one, "taught", "p", "said", True),
    ]
    exams.note(first, noted, "2030-01-01")
    exams.time_round(first, 2.0, 2.5)
    assert exams.of_round(first) == noted
    assert exams.of_round(empty) == []
    assert exams.of_fact(two) == noted[:1]
    (round,) = exams.rounds()
    assert (round.id, round.seed, round.bare_ms, round.taught_ms) == (first, 7, 2.0, 2.5)


def test_old_examinations_get_rounds(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with (
        mock.patch.object(facts, "SCHEMA", facts.SCHEMA[:1]),
        Journal(path) as old,
    ):
        d, fact = draft(1), 1
        old.run(
            """INSERT INTO facts (key, prompt, answer, subject, relation, source, taught_at)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            *(d.key, d.prompt, d.answer, d.subject, d.relation, d.source, d.taught_at),
        )
        for at in ("2029-05-01", "2029-04-01", "2029-05-01"):
            columns = "INSERT INTO examinations (fact, probe, answer, correct, at)"
            old.run(f"{columns} VALUES (?, 'p', 'a', 1, ?)", fact, at)
        with pytest.raises(BrainError, match="no such table: rounds"):
            Examinations(old).rounds()
    with Journal(path) as journal:
        exams = Examinations(journal)
        assert [r.at for r in exams.rounds()] == ["2029-04-01", "2029-05-01"]
        assert [len(exams.of_round(r.id)) for r in exams.rounds()] == [1, 2]
        assert journal.get(fact).aliases == ()
        assert exams.of_fact(fact) == [Examination(fact, "taught", "p", "a", True)] * 3
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (6,)


@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_the_index_finds_what_was_not_removed(data: st.DataObject) -> None:
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 100)))
    near, vectors = NearestFacts(4), torch.randn(12, 4, generator=generator)
    near.add(range(100, 112), vectors)
    gone = data.draw(st.sets(st.integers(100, 111), max_size=10))
    near.remove(sorted(gone))
    left = [i for i in range(100, 112) if i not in gone]
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    found = near.nearest(left, 3)
    for i, others in zip(left, found, strict=True):
        cosines = {j: float(unit[i - 100] @ unit[j - 100]) for j in left if j != i}
        wanted = sorted(cosines.values(), reverse=True)[:3]
        assert [c for _, c in others] == pytest.approx(wanted, abs=1e-5)
        assert i not in dict(others)
        torch.testing.assert_close(near.vector(i), unit[i - 100])
