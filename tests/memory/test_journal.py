"""None"""

import sqlite3
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import draft, journal

from oneshot.errors import BadInputError
from oneshot.memory.journal import facts as module
from oneshot.memory.journal.examinations import Examinations
from oneshot.memory.journal.facts import STATES, Journal
from oneshot.memory.journal.rows import Draft, Examination, Fact

__all__ = ["journal"]

AT = "2030-01-02T03:04:05+00:00"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(words=st.lists(texts, min_size=6, max_size=6), source=st.none() | texts)
@settings(deadline=None, max_examples=60)
def test_any_text_round_trips(words: list[str], source: str | None) -> None:
    prompt, answer, subject, relation, probe, kind = words
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        with Journal(path) as journal:
            given_draft = Draft("ab" * 16, prompt, answer, subject, relation, source, AT)
            [fact] = journal.add([given_draft])
            exams = Examinations(journal)
            round = exams.open_round(AT, 1)
            exams.note(round, [Examination(fact, kind, probe, answer, True, 0.5)], AT)
            journal.log(kind, {prompt: [answer, None, 1]})
        with Journal(path) as journal:
            expected = Fact(
                fact, "ab" * 16, prompt, answer, subject, relation, source, AT, "live", None
            )
            assert journal.get(fact) == journal.by_key("ab" * 16) == expected
            assert list(journal.entries()) == journal.by_subject(subject) == [expected]
            expected_exam = Examination(fact, kind, probe, answer, True, 0.5)
            assert Examinations(journal).of_fact(fact) == [expected_exam]
            operation = journal.last_operation()
            assert operation is not None
            assert (operation.kind, operation.payload) == (kind, {prompt: [answer, None, 1]})


@pytest.mark.parametrize(
    "text", ["\0", "a\0b", "\x1b[31m\r\n\t\x7f", "👩‍🚀🏳️‍🌈", "\ufeffx", "ß" * 50_000, ""]
)
def test_strange_text_round_trips_and_is_found(journal: Journal, text: str) -> None:
    [fact, _] = journal.add([draft(1, prompt=text), draft(2, prompt="other")])
    entry = journal.get(fact)
    assert entry is not None
    assert entry.prompt == text
    assert [e.id for e in journal.search(text, 1)] == [fact]


def test_half_a_surrogate_pair_is_bad_input(journal: Journal) -> None:
    with pytest.raises(BadInputError, match="plain text"):
        journal.add([draft(1), draft(2, prompt="\ud800")])
    assert list(journal.entries()) == []


def test_an_unknown_or_absurd_id(journal: Journal) -> None:
    assert journal.get(1) is None
    assert journal.by_key("ff") is None
    assert journal.history(1) == []
    with pytest.raises(BadInputError, match="too large"):
        journal.get(10**30)
    exams, unknown = Examinations(journal), [Examination(7, "taught", "p", "a", True)]
    with pytest.raises(BadInputError, match="no fact 7"):
        exams.note(exams.open_round(AT, 1), unknown, AT)


def test_add_returns_ids_in_order_and_one_per_draft(journal: Journal) -> None:
    first = journal.add([draft(3), draft(1), draft(3)])
    assert first == [first[0], first[0] + 1, first[0]]
    assert journal.add([draft(1), draft(9)])[0] == first[1]
    assert set(journal.by_keys([draft(3).key, draft(9).key, "absent"])) == {
        draft(3).key,
        draft(9).key,
    }


def test_by_keys_takes_many(journal: Journal) -> None:
    ids = journal.add(draft(number) for number in range(2000))
    found = journal.by_keys([draft(number).key for number in range(2000)])
    assert [entry.id for entry in found.values()] == ids


def test_a_forgotten_key_comes_back_with_its_id(journal: Journal) -> None:
    [fact] = journal.add([draft(1, answer="Rome")])
    journal.set_state([fact], "forgotten")
    assert list(journal.entries()) == []
    assert [e.state for e in journal.entries("forgotten")] == ["forgotten"]
    assert journal.add([draft(1, answer="Roma")]) == [fact]
    [entry] = journal.entries()
    assert (entry.id, entry.answer, entry.state) == (fact, "Roma", "live")
    journal.add([draft(1, answer="nothing")])  # a live one stays as it is
    assert list(journal.entries()) == [entry]


def test_ids_are_never_reused(journal: Journal, tmp_path: Path) -> None:
    [fact] = journal.add([draft(1)])
    other = sqlite3.connect(tmp_path / "journal.sqlite")
    other.create_function("fold", 1, str.casefold, deterministic=True)
    with other:
        other.execute("DELETE FROM facts")
    other.close()
    assert journal.add([draft(2)]) == [fact + 1]


def test_entries_are_paged_in_id_order_and_may_be_changed_meanwhile(journal: Journal) -> None:
    ids = journal.add(draft(number) for number in range(7))
    journal.set_state([ids[0]], "superseded")
    seen = []
    with mock.patch.object(module, "_PAGE", 2):
        for entry in journal.entries():
            seen.append(entry.id)
            journal.set_state([entry.id], "forgotten")
    assert seen == ids[1:]
    assert [entry.id for entry in journal.entries(None)] == ids
    assert journal.counts() == {"live": 0, "superseded": 1, "forgotten": 6}


def test_search_ignores_case_and_knows_no_wildcards(journal: Journal) -> None:
    ids = journal.add(
        [
            draft(1, prompt="100% of"),
            draft(2, answer="snake_case"),
            draft(3, subject="ÄRGER Straße"),
            draft(4, prompt="100 of"),
            draft(5, answer="back\\slash*"),
        ]
    )

    def found(text: str, limit: int = 10) -> list[int]:
        return [ids.index(entry.id) + 1 for entry in journal.search(text, limit)]

    assert found("100%") == [1]
    assert found("E_C") == [2]
    assert found("ärger STRASSE") == [3]
    assert found("\\S") == [5]
    assert found("*") == [5]
    assert found("") == [1, 2, 3, 4, 5]
    assert found("", limit=2) == [1, 2]
    journal.set_state(ids[:1], "forgotten")
    assert found("100%") == []
    assert [e.id for e in journal.search("100%", 9, state=None)] == ids[:1]


@given(
    st.lists(st.text('aBß%"é\0 ', max_size=6), min_size=1, max_size=6),
    st.text('AbSs%"É\0 ', min_size=1, max_size=5),
)
def test_search_finds_what_reading_every_fact_finds(subjects: list[str], text: str) -> None:
    """Also after texts were changed."""
    with Journal(Path(":memory:")) as journal:
        journal.add([draft(n, subject=subject) for n, subject in enumerate(subjects)])
        journal.run("UPDATE facts SET prompt = subject, subject = answer WHERE id % 2 = 0")
        journal.run("DELETE FROM facts WHERE id % 3 = 0")
        found = [fact.id for fact in journal.search(text, 10)]
        wanted = [
            fact.id
            for fact in journal.entries()
            if any(
                text.casefold() in t.casefold() for t in (fact.prompt, fact.answer, fact.subject)
            )
        ]
    assert found == wanted


def test_by_subject_is_exact(journal: Journal) -> None:
    ids = journal.add([draft(1), draft(2, subject="italy"), draft(3)])
    assert [e.id for e in journal.by_subject("Italy")] == [ids[0], ids[2]]
    journal.set_state([ids[0]], "superseded")
    assert [e.id for e in journal.by_subject("Italy")] == [ids[2]]
    assert [e.id for e in journal.by_subject("Italy", state=None)] == [ids[0], ids[2]]


def test_history_is_the_same_from_every_version(journal: Journal) -> None:
    a, b, c, other = journal.add(draft(number) for number in (1, 2, 3, 4))
    journal.supersede(a, c)
    journal.supersede(c, b)
    for fact in (a, b, c):
        assert [entry.id for entry in journal.history(fact)] == [a, c, b]
    assert [e.state for e in journal.history(a)] == ["superseded", "superseded", "live"]
    assert [entry.id for entry in journal.history(other)] == [other]


def test_an_old_version_taught_again_ends_its_chain(journal: Journal) -> None:
    a, b, c = journal.add(draft(number) for number in (1, 2, 3))
    journal.supersede(a, b)
    journal.supersede(b, c)
    journal.add([draft(1)])
    journal.supersede(c, a)
    for fact in (a, b, c):
        assert [entry.id for entry in journal.history(fact)] == [b, c, a]
    assert [entry.id for entry in journal.entries()] == [a]


@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=15))
@settings(deadline=None, max_examples=40)
def test_every_fact_stays_in_its_own_history(pairs: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j") as journal:
        ids = journal.add(draft(number) for number in range(5))
        for old, new in pairs:
            if old != new:
                journal.supersede(ids[old], ids[new])
                chain = [entry.id for entry in journal.history(ids[old])]
                assert chain.index(ids[old]) < chain.index(ids[new])
        for fact in ids:
            chain = [entry.id for entry in journal.history(fact)]
            assert fact in chain
            assert len(chain) == len(set(chain))


@pytest.mark.parametrize(("old", "new"), [(1, 1), (1, 99), (99, 1)])
def test_supersede_wants_two_known_facts(journal: Journal, old: int, new: int) -> None:
    journal.add([draft(1)])
    with pytest.raises(BadInputError, match="cannot replace"):
        journal.supersede(old, new)
    assert journal.counts()["live"] == 1


def test_an_unknown_state_is_refused(journal: Journal) -> None:
    with pytest.raises(BadInputError, match="dead"):
        journal.set_state([1], "dead")
    assert set(journal.counts()) == set(STATES)


def test_operations_are_a_stack(journal: Journal) -> None:
    assert journal.last_operation() is None
    first = journal.log("teach", {"ids": [1]})
    second = journal.log("forget", {"ids": [2]})
    for expected in (second, first):
        operation = journal.last_operation()
        assert operation is not None
        assert operation.id == expected
        journal.drop_operation(operation.id)
    assert journal.last_operation() is None
    assert journal.log("teach", {}) > second


def test_a_transaction_is_all_or_nothing(journal: Journal) -> None:
    def fail() -> None:
        with journal.transaction():
            journal.add([draft(1)])
            journal.log("teach", {})
            assert journal.counts()["live"] == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert journal.counts()["live"] == 0
    assert journal.last_operation() is None
    with journal.transaction():
        journal.add([draft(1)])
    assert journal.counts()["live"] == 1
