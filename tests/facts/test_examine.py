"""Examinations of taught facts on a tiny random host, and that nothing they keep ever answers."""

import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from brains import answers, caches, open_tiny, refused, statement, statements
from examined import FACTS, few_questions, learner, rounds
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.query.denoise import ASKED
from adapters.query.evidence import CERTAIN
from oneshot.errors import BrainError
from oneshot.facts.examination import examine as module
from oneshot.facts.examination.examine import (
    Sitting,
    examine,
    make_examiner,
    margin_of,
    same_answer,
)
from oneshot.facts.examination.probing import KINDS, OWN, Question
from oneshot.facts.examination.risks import THIN, _quoted, find_risks
from oneshot.facts.learner import Learner
from oneshot.facts.types import Reply, Step
from oneshot.memory.journal.rows import Examination

__all__ = ["caches", "few_questions", "learner"]


NOW = datetime(2100, 1, 1, tzinfo=UTC)


def shares(sitting: Sitting) -> dict[str, tuple[int, int]]:
    return {score.kind: (score.right, score.n) for score in sitting.scores}


def test_taught_prompts_are_asked_and_every_outcome_is_kept(learner: Learner) -> None:
    sitting = examine(learner, NOW, seed=3)
    assert (sitting.round, sitting.examined, sitting.live) == (1, 6, 6)
    assert shares(sitting)["taught"] == (6, 6)
    assert shares(sitting)["in front"][1] == 6
    assert shares(sitting)["neighbour"][1] >= 6
    (noted,) = rounds(learner)
    counted = {kind: sum(e.kind == kind for e in noted) for kind in KINDS}
    assert {k: n for k, n in counted.items() if n} == {
        k: n for k, (_, n) in shares(sitting).items()
    }
    taught = [e for e in noted if e.kind == "taught"]
    assert {e.question: e.answer for e in taught} == {f.prompt: f.answer for f in FACTS}
    assert all(e.margin is not None and e.margin > 0 for e in taught)
    assert sitting.bare_ms is not None
    assert sitting.taught_ms is not None


def test_the_store_examines_and_deleting_it_changes_no_answer(tmp_path: Path) -> None:
    folder, strangers = tmp_path / "brain", statements(6, start=40)
    asked = [fact.prompt for fact in (*FACTS, *strangers)]
    with open_tiny(folder) as learner:
        learner.write(FACTS)
        before = learner.ask(asked)
        evidence = repr(learner.ask(asked, explain=True))  # as text: NaN is unequal to itself
        assert [r.answer for r in before[:6]] == [f.answer for f in FACTS]
        first = examine(learner, NOW, seed=3)
        assert first.round == 1
        assert len(learner.ledger.near) == 6
        chosen = [(t.entry.id, t.reason) for t in make_examiner(learner).turns(NOW)]
        learner.ledger.near.remove(range(1, 7))
        assert len(learner.ledger.near) == 0
        assert repr(learner.ask(asked, explain=True)) == evidence, "the index answers nothing"
        learner.brain.journal.run("DELETE FROM examinations")
        emptied = [(t.entry.id, t.reason) for t in make_examiner(learner).turns(NOW)]
        assert emptied != chosen, "the journal decides what is asked"
        assert repr(learner.ask(asked, explain=True)) == evidence
    store = sorted(folder.glob("journal.sqlite*"))
    assert store
    for path in store:
        path.unlink()
    with open_tiny(folder) as learner:
        after = learner.ask(asked)
        assert [r.answer for r in after] == [r.answer for r in before]
        assert [bool(r.facts) for r in after] == [bool(r.facts) for r in before]
        assert rounds(learner) == [], "what was examined went with the store"
        assert examine(learner, NOW, seed=3).round == 1


def test_only_what_is_due_is_asked_again(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    # A tiny host fails on most rewordings; without them some facts have passed.
    monkeypatch.setattr("oneshot.facts.language.reword.questions", lambda *_: [])
    first = examine(learner, NOW)
    wrong = {e.fact for e in rounds(learner)[0] if e.kind in OWN and not e.correct}
    assert first.waiting == len(wrong) < 6
    again = examine(learner, NOW + timedelta(hours=1), due=True)
    assert again.examined == first.waiting
    everything = examine(learner, NOW + timedelta(hours=2))
    assert everything.examined == 6
    later = examine(learner, NOW + timedelta(days=400), due=True, limit=2)
    assert later.examined == 2
    assert later.waiting >= 4
    (new,) = learner.write([statement(9)])
    turns = make_examiner(learner).due(NOW + timedelta(days=400))
    assert new.id in [turn.entry.id for turn in turns]


def test_rounds_draw_other_questions_and_a_seed_the_same(learner: Learner) -> None:
    for seed in (None, None, 5, 5):
        examine(learner, NOW, seed=seed)
    asked = [sorted(e.question for e in noted) for noted in rounds(learner)]  # first what is due
    assert asked[0] != asked[1]
    assert asked[2] == asked[3] != asked[0]
    assert {e.question for e in rounds(learner)[0] if e.kind == "taught"} == {
        e.question for e in rounds(learner)[1] if e.kind == "taught"
    }


def test_forgotten_facts_are_asked_and_have_to_be_gone(learner: Learner) -> None:
    learner.forget([2, 3])
    learner.write([statement(1, "Nova")])  # again, with another answer: it may speak
    sitting = examine(learner, NOW)
    assert shares(sitting)["forgotten"][1] == 1
    asked = [e.question for e in rounds(learner)[0] if e.kind == "forgotten"]
    assert asked == [FACTS[2].prompt]


def test_an_interrupted_round_keeps_what_was_asked(learner: Learner) -> None:
    asked: list[int] = []

    def stop(_what: str, done: int, _total: int) -> None:
        asked.append(done)
        if done == 4:
            raise KeyboardInterrupt

    with mock.patch.object(module, "CHUNK", 2), pytest.raises(KeyboardInterrupt):
        examine(learner, NOW, progress=stop)
    assert asked == [2, 4]
    assert len({e.fact for e in rounds(learner)[0] if e.kind == "taught"}) == 4
    assert sum(t.reason == "new" for t in make_examiner(learner).due(NOW)) == 2


def test_a_brain_without_facts_opens_no_round(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "empty") as learner:
        sitting = examine(learner, NOW, due=True)
        assert (sitting.round, sitting.examined, sitting.scores, sitting.failed) == (None, 0, (), 0)
        assert rounds(learner) == []


def test_a_damaged_journal_is_told_and_repaired(tmp_path: Path) -> None:
    folder = tmp_path / "brain"
    with open_tiny(folder) as learner:
        learner.write(FACTS)
        learner.brain.journal.run("PRAGMA wal_checkpoint(TRUNCATE)")
    path = folder / "journal.sqlite"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000)
    with refused(BrainError, "oneshot doctor --repair"), open_tiny(folder) as learner:
        examine(learner, NOW)
    assert any(finding.repaired for finding in Learner.doctor(folder, repair=True))
    with open_tiny(folder) as learner:
        assert shares(examine(learner, NOW))["taught"] == (6, 6)


def test_a_fact_that_was_broken_fails_and_says_what_to_do(learner: Learner) -> None:
    learner.brain.journal.run("UPDATE facts SET answer = 'Nowhere' WHERE id = 2")
    sitting = examine(learner, NOW)
    assert sitting.failed
    assert shares(sitting)["taught"] == (5, 6)
    risk = next(r for r in sitting.risks if r.fact == 2)
    assert (risk.why, risk.kind, risk.wanted) == ("failed", "taught", "Nowhere")
    assert (risk.said, risk.question) == (FACTS[1].answer, FACTS[1].prompt)
    assert risk.advice
    assert sitting.risks[0] == risk, "the worst comes first"
    assert 2 in [t.entry.id for t in make_examiner(learner).due(NOW)]


def reply(fact: int, evidence: float, answer: str = "Rome") -> Reply:
    steps = Step("It", None, float("nan")), Step("Rome", fact, evidence)
    return Reply("Where?", answer, (fact,), None, steps)


def test_margins_are_what_the_evidence_passed_its_threshold_by() -> None:
    assert margin_of(reply(1, ASKED + 0.5), 1) == 0.5
    assert margin_of(reply(1, ASKED), 1) == 0
    assert margin_of(reply(1, 3 * CERTAIN), 1) == CERTAIN - ASKED, "its own words are no surer"
    assert margin_of(reply(1, 9.0), 2) is None
    assert margin_of(reply(1, float("nan")), 1) is None, "a rule that gives no evidence"


def test_risks_are_a_facts_worst_outcome(learner: Learner) -> None:
    def made(
        kind: str, fact: int, right: bool, margin: float | None = 9.0
    ) -> tuple[Question, Reply, Examination]:
        wanted = None if kind == "neighbour" else "Rome"
        said = replace(reply(fact, 9.0), base="Paris")
        outcome = Examination(fact, kind, "Where is it?", "Rome", right, margin)
        return Question(kind, fact, "Where is it?", wanted), said, outcome

    rows = [
        made("paraphrase", 1, False),
        made("taught", 1, True, THIN / 2),
        made("neighbour", 2, False),
        made("question", 3, True, THIN / 2),
        made("question", 4, True, THIN * 2),
        made("in front", 5, False),
        made("taught", 6, False),
    ]
    risks = find_risks(learner, *(list(part) for part in zip(*rows, strict=True)))  # type: ignore[arg-type]
    assert [(r.fact, r.why) for r in risks] == [
        (6, "failed"),
        (1, "failed"),
        (2, "spoke elsewhere"),
        (3, "thin margin"),
    ]
    assert risks[2].wanted == "Paris"
    words = shlex.split(risks[1].advice.partition(": ")[2])
    assert words == ["oneshot", "teach", "Where is it?", *words[3:]]
    assert words[3:] == [FACTS[0].answer, "--subject", FACTS[0].subject]


@given(text=st.text("ab '\"$`\\!", min_size=1))
@settings(deadline=None, max_examples=100)
def test_advice_is_safe_to_type(text: str) -> None:
    assert shlex.split(_quoted(text)) == [text]


def test_answers_are_compared_without_their_stop() -> None:
    assert same_answer("Rome.", "Rome")
    assert not same_answer("Rome", "rome")
    assert not same_answer("", "Rome")


def test_answers_are_those_of_before_examining(learner: Learner) -> None:
    before = answers(learner, FACTS)
    examine(learner, NOW)
    assert answers(learner, FACTS) == before
