"""The exam's questions and the demonstration's steps, on the packaged host."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaged import host, learner

from oneshot.facts.calibrated import calibration_path
from oneshot.facts.demo import chat
from oneshot.facts.demo import packaged as demo
from oneshot.facts.examination.exam import KEPT, TOLD, Exam, Probe, build_exam
from oneshot.facts.language.readers import read_questions, read_statements
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement
from oneshot.facts.wordings import unambiguous_wordings
from oneshot.hosts.corpus import CorpusFact, corpus_facts, corpus_wordings
from oneshot.hosts.load import load_host

__all__ = ["learner"]

NAMES = [a + b for b in ("ovia", "istan", "wick") for a in ("Mart", "Zanb", "Quel", "Drufen")]
ANSWERS = ("Glorp", "Tarnov", "Belmor", "Old Harbour", "Quist")


def statements(count: int) -> list[Statement]:
    """Made-up facts on different questions."""
    wordings = ("The capital of {} is", "The official language of {} is")
    prompts = [(wording.format(name), name) for name in NAMES for wording in wordings]
    made = ANSWERS * count
    return [Statement(p, a, n) for (p, n), a in zip(prompts[:count], made, strict=False)]


@pytest.fixture(scope="module")
def exam() -> Exam:
    return build_exam(60, 40, untaught=20)


def test_an_exam_teaches_only_facts_that_no_host_was_trained_on(exam: Exam) -> None:
    split = {(f.subject, f.object): f.split for f in corpus_facts()}
    assert len(exam.statements) == 60
    for taught in exam.statements:
        assert split[taught.subject or "", taught.answer] == "test"
        assert (taught.subject or "") in taught.prompt
    known = {f.subject for f in corpus_facts() if f.split == "known"}
    assert len(exam.probes["known"]) == 40
    assert all(p.fact.subject in known and p.fact.subject in p.prompt for p in exam.probes["known"])
    strangers = exam.probes["untaught"]
    assert {split[p.fact.subject, p.fact.object] for p in strangers} == {"tune"}


def test_a_fact_is_asked_for_in_other_words_than_taught(exam: Exam) -> None:
    taught = {s.prompt for s in exam.statements}
    assert {p.prompt for p in exam.probes["taught"]} == taught
    unseen = [w for entry in corpus_wordings().values() for w in entry.held_out]
    seen = {w for entry in corpus_wordings().values() for w in entry.main}
    for kind in TOLD[1:]:
        assert len(exam.probes[kind]) > 20
        for probe in exam.probes[kind]:
            assert probe.prompt not in taught
            assert probe.prompt.endswith("?") or kind != "question"
    for probe in exam.probes["held_out"]:
        wording = probe.prompt.replace(probe.fact.subject, "{}")
        assert wording in unseen
        assert wording not in seen


def test_every_probe_names_its_fact_and_told_ones_a_taught_one(exam: Exam) -> None:
    taught = {probe.fact for probe in exam.probes["taught"]}
    about = {(fact.subject, fact.relation) for fact in corpus_facts()}
    for kind, probes in exam.probes.items():
        for probe in probes:
            assert probe.fact.subject in probe.prompt
            assert probe.answer == probe.fact.object
            assert (probe.fact in taught) is (kind in TOLD or kind == "other")
    assert set(exam.probes) == {*TOLD, *KEPT}
    everything = {w: r for r, used in unambiguous_wordings().items() for w in used}
    for probe in exam.probes["other"]:
        relation = everything[probe.prompt.replace(probe.fact.subject, "{}")]
        assert (probe.fact.subject, relation) not in about


@settings(deadline=None, max_examples=4)
@given(seed=st.integers(0, 50))
def test_an_exam_is_a_function_of_its_seed(seed: int) -> None:
    assert build_exam(5, 5, 5, seed=seed) == build_exam(5, 5, 5, seed=seed)
    assert build_exam(5, 5, 5, seed=seed) != build_exam(5, 5, 5, seed=seed + 1)


def test_wordings_of_two_relations_are_left_out() -> None:
    wordings = unambiguous_wordings()
    everything = [w for used in wordings.values() for w in used]
    assert len(everything) == len(set(everything))
    shared = [w for entry in corpus_wordings().values() for w in entry.main]
    assert len(shared) > len(everything)


def test_the_demonstrations_file_and_sentences_are_read(learner: Learner) -> None:
    facts = list(read_statements(demo.FILE, demo.FILE.name, learner.templates))
    lines = [json.loads(line) for line in demo.FILE.read_text("utf-8").splitlines()]
    assert [(f.prompt, f.answer, f.subject) for f in facts] == [
        (line["prompt"], line["answer"], line["subject"]) for line in lines
    ]
    questions = list(read_questions(demo.FILE, demo.FILE.name))
    assert questions == [line["question"] for line in lines]
    known = {f.subject for f in corpus_facts()}
    for fact, question in zip(facts, questions, strict=True):
        assert (fact.subject or "").lower() in question.lower()
        assert fact.subject not in known
        assert fact.answer not in question
    for sentence, asked in demo.SENTENCES.items():
        parsed = parse_sentence(sentence, learner.templates)
        assert f"{parsed.prompt} {parsed.answer}." == sentence
        assert all((parsed.subject or "") in question for question in asked)
        assert all(sentence[:-1] not in question for question in asked)


def test_one_fact_is_forgotten_exactly(learner: Learner) -> None:
    receipts = demo.teach_sentences(learner)
    assert [r.id for r in receipts] == [1, 2, 3, 4]
    others = statements(4)
    learner.write(others)
    forgotten = demo.forget_one(learner, receipts[0])
    assert forgotten.moved > 0.1
    assert forgotten.left == 0
    assert forgotten.identical is True
    assert forgotten.logits > 8000
    assert forgotten.fact.state == "forgotten"
    assert forgotten.forgotten == forgotten.bare
    said = learner.ask([f.prompt for f in others])
    assert [reply.answer for reply in said] == [f.answer for f in others]


def test_a_forgetting_that_changes_nothing_is_seen(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = demo.teach_sentences(learner)[0]
    monkeypatch.setattr(learner, "forget", lambda ids: [learner.show(ids[0])])
    forgotten = demo.forget_one(learner, receipt)
    assert forgotten.identical is False
    assert forgotten.left == forgotten.moved > 0.1


def test_all_that_was_taught_is_asked_back(learner: Learner) -> None:
    demo.teach_sentences(learner)
    receipts = demo.teach_file(learner)
    assert len(receipts) == len(list(read_questions(demo.FILE, demo.FILE.name)))
    replies = demo.ask_back(learner)
    typed = sum(len(questions) for questions in demo.SENTENCES.values())
    assert len(replies) == typed + len(receipts) + 1
    assert (replies[-1].answer, replies[-1].facts) == ("14 March 1871", (4, 2)), "two facts at once"
    assert all(reply.base is not None for reply in replies)
    asked = [q for questions in demo.SENTENCES.values() for q in questions]
    wanted = dict(zip(asked, [r.answer for r in learner.ask(asked)], strict=True))
    assert all(reply.answer == wanted[reply.question] for reply in replies[:typed])
    assert all(
        r.answer in reply.answer for r, reply in zip(receipts, replies[typed:-1], strict=True)
    )
    known = demo.ask_known(learner)
    assert [reply.question for reply in known] == list(demo.KNOWN)
    assert all(reply.answer == reply.base and not reply.facts for reply in known)


def probes(facts: list[Statement]) -> list[Probe]:
    return [
        Probe(s.prompt, s.answer, CorpusFact(s.subject or "", "P36", s.answer, "test"))
        for s in facts
    ]


def test_scores_count_exact_answers(learner: Learner) -> None:
    facts = statements(19)
    taught, known = probes(facts[:14]), probes(facts[14:])
    wrong = [replace(probe, answer="something else") for probe in taught[:5]]
    exam = Exam(dict.fromkeys(TOLD, wrong) | {"taught": taught, "known": known})
    steps: list[tuple[str, int, int]] = []
    scores = list(demo.examine(learner, exam, lambda *step: steps.append(step)))
    assert [(s.what, s.right, s.bare, s.n) for s in scores] == [
        ("facts written", 14, None, 14),
        ("taught prompt", 14, 0, 14),
        ("in other words", 0, 0, 5),
        ("as a question", 0, 0, 5),
        ("in words that the model never saw", 0, 0, 5),
        ("known facts unchanged", 5, None, 5),
    ]
    assert all(0 < done <= total for _, done, total in steps)
    assert all(score.seconds > 0 for score in scores)


# --- the chat with a real model ---


def test_without_the_model_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    reason = chat.why_not()
    assert reason is not None
    assert "oneshot host fetch smollm2" in reason
    assert "\n" not in reason
    monkeypatch.setattr(chat, "kept_hosts", lambda: {chat.MODEL: tmp_path})
    monkeypatch.setattr(chat, "load_host", lambda _name: replace(host(), hash="0" * 32 + "-1"))
    reason = chat.why_not()
    assert reason is not None
    assert "oneshot --model smollm2 calibrate" in reason
    monkeypatch.setattr(chat, "load_host", lambda _name: host())
    assert chat.why_not() is None


def test_the_chats_questions_name_no_answer_but_where_they_ask_for_yes_or_no() -> None:
    for sentence, questions in chat.SENTENCES.items():
        statement = parse_sentence(sentence)
        for question in questions:
            assert statement.answer not in question or question.startswith("Is ")
            assert statement.prompt not in question


def test_what_the_chat_forgets_the_bare_model_answers(learner: Learner) -> None:
    receipts = chat.teach(learner)
    assert [r.id for r in receipts] == [1, 2, 3, 4]
    fact, (about_it, about_another) = chat.forget(learner, receipts)
    assert (fact.id, fact.state) == (1, "forgotten")
    assert about_it.answer == about_it.base
    assert 1 not in about_it.facts
    assert about_another.question in chat.SENTENCES["My doctor is Dr Lee."]


@pytest.mark.slow
def test_the_real_model_is_told_facts(tmp_path: Path) -> None:
    if chat.MODEL not in chat.kept_hosts():
        pytest.skip("smollm2 is not here: oneshot host fetch smollm2")
    if not calibration_path(load_host(chat.MODEL).hash).exists():
        pytest.skip("smollm2 is not calibrated: oneshot --model smollm2 calibrate")
    with Learner.open(tmp_path / "brain", model=chat.MODEL) as learner:
        receipts = chat.teach(learner)
        assert all(receipt.holds for receipt in receipts)
        replies = chat.ask(learner)
        firsts = [questions[0] for questions in chat.SENTENCES.values()]
        said = {reply.question: reply for reply in replies}
        for question, receipt in zip(firsts, receipts[:3], strict=True):
            assert receipt.answer in said[question].answer
            assert receipt.answer not in (said[question].base or "")
        assert said["Is Dr Lee my doctor?"].answer == "Yes."
        assert said[chat.TWO_FACTS].answer == "The phone number of Dr Lee is 555-0199."
        assert said[chat.TWO_FACTS].facts == (2, 4)
        chamomile = said["Is Zora's favourite tea chamomile?"].answer
        assert chamomile == "No, Zora's favourite tea is gunpowder."
        assert said[chat.KNOWN[0]].answer == said[chat.KNOWN[0]].base
        _, (about_it, about_another) = chat.forget(learner, receipts)
        assert about_it.answer == about_it.base
        assert "Dr Lee" in about_another.answer
