"""Examinations of taught facts on a tiny random host, and that nothing they keep ever answers."""

import json
import shlex
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from brains import NAMES, answers, caches, open_tiny, refused, statement, statements
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.query.denoise import ASKED
from adapters.query.evidence import CERTAIN
from oneshot.cli.facts import evaluate
from oneshot.cli.main import main
from oneshot.errors import BrainError
from oneshot.facts.answering import fits
from oneshot.facts.examination import examine as module
from oneshot.facts.examination.examine import (
    Sitting,
    examine,
    make_examiner,
    margin_of,
    same_answer,
)
from oneshot.facts.examination.probing import KINDS, OWN, Prober, Question
from oneshot.facts.examination.risks import THIN, _quoted, find_risks
from oneshot.facts.examination.titles import TITLES
from oneshot.facts.language.reword import rewordings, template_of
from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW, Manner
from oneshot.facts.types import Reply, Statement, Step
from oneshot.hosts.corpus import corpus_wordings
from oneshot.memory.journal.rows import Examination

__all__ = ["caches"]

NOW = datetime(2100, 1, 1, tzinfo=UTC)
FACTS = statements(6)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few questions that are not about taught facts and short answers: both are slow."""
    monkeypatch.setattr(module, "KNOWN", 4)
    monkeypatch.setattr(module, "TIMED", 8)
    monkeypatch.setattr("oneshot.facts.manner.PLAIN_TOKENS", 6)
    monkeypatch.setattr("oneshot.facts.examination.probing.STRANGERS", 6)


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    with open_tiny(tmp_path / "brain") as learner:
        learner.write(FACTS)
        yield learner


def rounds(learner: Learner) -> list[list[Examination]]:
    exams = make_examiner(learner).examinations
    return [exams.of_round(round.id) for round in exams.rounds()]


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
    asked = [[e.question for e in noted] for noted in rounds(learner)]
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


def test_titles_name_every_kind() -> None:
    assert set(TITLES) == set(KINDS)


# --- the command ---


def run(learner: Learner, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    opened = mock.patch.object(evaluate, "open_learner", return_value=nullcontext(learner))
    with opened, pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0), capsys.readouterr().out


def test_the_command_tells_failures_by_its_status(
    learner: Learner, capsys: pytest.CaptureFixture[str]
) -> None:
    learner.forget([1, 2, 3, 4, 5])
    code, out = run(learner, capsys, "--json", "eval", "--seed", "1")
    sections = {record["section"]: record for record in map(json.loads, out.splitlines())}
    assert code == (5 if sections["summary"]["failed"] else 0)
    assert [s for s in sections["scores"]["scores"] if s["kind"] == "taught"] == [
        {"kind": "taught", "right": 1, "n": 1, "own": None}
    ]
    learner.brain.journal.run("UPDATE facts SET answer = 'Nowhere' WHERE id = 6")
    code, out = run(learner, capsys, "eval")
    assert code == 5
    assert "Nowhere" in out
    assert "taught prompt" in out


def test_the_command_says_when_nothing_is_due(
    learner: Learner, capsys: pytest.CaptureFixture[str]
) -> None:
    for fact in learner.facts():
        exams = make_examiner(learner).examinations
        at = datetime.now(UTC).isoformat()
        exams.note(exams.open_round(at, 0), [Examination(fact.id, "taught", "p", "a", True)], at)
    code, out = run(learner, capsys, "eval", "--due")
    assert code == 0
    assert "nothing is due; the next fact is due " in out
    learner.forget(range(1, 7))
    assert "no facts to examine" in run(learner, capsys, "eval")[1]


def test_few_questions_are_not_timed(learner: Learner) -> None:
    sitting = examine(learner, NOW, limit=1)
    assert (sitting.bare_ms, sitting.taught_ms) == (None, None)
    (round,) = make_examiner(learner).examinations.rounds()
    assert (round.bare_ms, round.taught_ms) == (None, None)


def test_the_command_writes_the_page(
    learner: Learner, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    run(learner, capsys, "eval", "--limit", "1", "--report", str(page))
    assert "What is wrong" in page.read_text("utf-8")
    code, out = run(learner, capsys, "eval", "--report", str(tmp_path / "no" / "page.html"))
    assert (code, out) == (2, ""), "it is told before anything is asked"
    assert len(rounds(learner)) == 1


def test_answers_are_those_of_before_examining(learner: Learner) -> None:
    before = answers(learner, FACTS)
    examine(learner, NOW)
    assert answers(learner, FACTS) == before
