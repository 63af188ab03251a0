"""Teach, ask, forget on a tiny random host: only taught prompts can be expected to be answered."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from brains import (
    answers,
    caches,
    exported,
    host_folder,
    live,
    open_tiny,
    refused,
    statement,
    statements,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.attach import attach
from adapters.query.evidence import CERTAIN
from oneshot.errors import BadInputError, BrainError
from oneshot.facts.learner import CHUNK, Learner
from oneshot.facts.types import Fact, Statement

__all__ = ["caches"]

FEW = settings(deadline=None, max_examples=10)
POOL = statements(7)
Stored = tuple[list[str], list[torch.Tensor]]


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    with open_tiny(tmp_path / "brain") as learner:
        yield learner


def state(learner: Learner) -> list[tuple[str, str, str, str | None]]:
    """The journal without ids and times: texts, states and what each fact replaced."""
    facts = {fact.id: fact for fact in learner.facts(None)}
    return sorted(
        (f.prompt, f.answer, f.state, facts[f.replaces].answer if f.replaces else None)
        for f in facts.values()
    )


def stored(learner: Learner) -> Stored:
    """What the weight files hold: keys and tensors."""
    segments = learner.brain.store.load()
    return [r["key"] for r in segments.records], [t for _, t in sorted(segments.rows.items())]


def equal(one: Stored, other: Stored) -> bool:
    return one[0] == other[0] and all(map(torch.equal, one[1], other[1]))


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
    for id, reason in ((3, "superseded"), (99, "no fact #99")):
        with refused(BadInputError, reason):
            learner.update(id, "Nova")
    learner.update(receipt.id, POOL[2].answer)
    assert [f.answer for f in learner.history(3)] == ["Nova", POOL[2].answer]
    assert answers(learner, POOL) == [f.answer for f in POOL]


def test_forgetting_is_undone_to_the_bit(learner: Learner, tmp_path: Path) -> None:
    list(learner.teach(POOL))
    there = exported(learner, tmp_path / "before")
    gone = learner.forget([2, 5, 2])
    assert [(f.id, f.state) for f in gone] == [(2, "forgotten"), (5, "forgotten")]
    assert exported(learner, tmp_path / "between") != there
    assert learner.forget([2]) == []
    learner.undo()
    assert exported(learner, tmp_path / "after") == there
    assert answers(learner, POOL) == [f.answer for f in POOL]


def test_a_fact_taught_again_is_known_and_keeps_its_id(learner: Learner) -> None:
    list(learner.teach(POOL[:3]))
    (receipt,) = learner.teach([POOL[1]])
    assert (receipt.id, receipt.warnings) == (2, ("already taught as #2",))
    learner.forget([2])
    (receipt,) = learner.teach([POOL[1]])
    assert (receipt.id, receipt.warnings, receipt.after) == (2, (), POOL[1].answer)


@FEW
@given(st.data())
def test_only_the_set_of_live_facts_matters(data: st.DataObject) -> None:
    """Whatever was taught or forgotten before, after or in between, in whatever grouping."""
    steps = data.draw(
        st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(POOL), min_size=1)), max_size=6)
    )
    with tempfile.TemporaryDirectory() as place, open_tiny(Path(place) / "a") as learner:
        expected: dict[str, Statement] = {}
        for forgets, facts in steps:
            if forgets:
                learner.forget(
                    [f.id for f in learner.facts() if f.prompt in {s.prompt for s in facts}]
                )
                expected = {p: s for p, s in expected.items() if s not in facts}
            else:
                learner.write(facts)
                expected |= {s.prompt: s for s in facts}
        assert live(learner) == {p: s.answer for p, s in expected.items()}
        with open_tiny(Path(place) / "b") as fresh:
            fresh.write(sorted(expected.values(), key=lambda s: s.prompt))
            assert exported(learner, Path(place) / "ea") == exported(fresh, Path(place) / "eb")
            assert not expected or equal(stored(learner), stored(fresh))
            assert len(learner.ledger) == len(expected)
            assert len(stored(learner)[0]) == len(expected) + len(learner.implied())


@FEW
@given(st.data())
def test_a_batch_is_the_same_as_one_call_a_fact(data: st.DataObject) -> None:
    """With repetitions and contradictions, and cut into batches anywhere."""
    choices = st.tuples(st.integers(0, 2), st.sampled_from(["Glorp", "Tarnov"]))
    facts = [statement(*made) for made in data.draw(st.lists(choices, min_size=1, max_size=8))]
    cut = data.draw(st.integers(0, len(facts)))
    with (
        tempfile.TemporaryDirectory() as place,
        open_tiny(Path(place) / "batch") as batch,
        open_tiny(Path(place) / "single") as single,
    ):
        batch.write(facts[:cut])
        between = exported(batch, Path(place) / "e0")
        batch.write(facts[cut:])
        for fact in facts:
            single.write([fact])
        assert state(batch) == state(single)
        assert live(batch) == {f.prompt: f.answer for f in facts}
        assert equal(stored(batch), stored(single))
        assert exported(batch, Path(place) / "e1") == exported(single, Path(place) / "e2")
        if exported(batch, Path(place) / "e3") != between:
            batch.undo()
            assert exported(batch, Path(place) / "e4") == between


@torch.inference_mode()
def logits_of(learner: Learner, fact: Statement) -> torch.Tensor:
    """The attached host's logits of a fact's prompt."""
    denoiser = learner.denoiser()
    assert denoiser is not None
    ids = learner.host.tokenizer(fact.prompt, return_tensors="pt").input_ids
    with attach(learner.host.model, denoiser):
        logits: torch.Tensor = learner.host.model(input_ids=ids).logits
    return logits


def test_a_forgotten_fact_leaves_logits_as_if_never_taught(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "a") as learner, open_tiny(tmp_path / "b") as fresh:
        learner.write(POOL)
        taught = [logits_of(learner, fact) for fact in POOL]
        learner.forget([f.id for f in learner.facts() if f.prompt == POOL[3].prompt])
        fresh.write([*POOL[:3], *POOL[4:]])
        for fact, before in zip(POOL, taught, strict=True):
            after = logits_of(learner, fact)
            assert torch.equal(after, logits_of(fresh, fact))
            assert fact != POOL[3] or not torch.equal(after, before)  # the change was real


TEACH_ELSEWHERE = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement
with Learner.open(Path(sys.argv[1]), model=sys.argv[2]) as learner:
    for line in sys.stdin.read().splitlines():
        learner.write([Statement(*line.split("|"))])
    learner.export(Path(sys.argv[3]))
"""


def test_another_process_exports_the_same_bytes(learner: Learner, tmp_path: Path) -> None:
    lines = "\n".join(f"{f.prompt}|{f.answer}|{f.subject}" for f in reversed(POOL))
    places = [str(tmp_path / "other"), str(host_folder()), str(tmp_path / "export")]
    subprocess.run(
        [sys.executable, "-c", TEACH_ELSEWHERE, *places],
        input=lines,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    learner.write([*POOL, statement(60)])
    learner.forget([f.id for f in learner.facts() if f.prompt == statement(60).prompt])
    there = {p.name: p.read_bytes() for p in (tmp_path / "export").iterdir()}
    assert exported(learner, tmp_path / "own") == there
    with open_tiny(tmp_path / "other") as other:
        assert answers(other, POOL) == [f.answer for f in POOL]


def test_without_its_journal_a_brain_answers_as_before(learner: Learner, tmp_path: Path) -> None:
    list(learner.teach(POOL))
    facts, there = learner.facts(), exported(learner, tmp_path / "before")
    learner.close()
    for path in learner.brain.folder.glob("journal*"):
        path.unlink()
    with open_tiny(learner.brain.folder) as reopened:
        assert answers(reopened, POOL) == [f.answer for f in POOL]
        assert exported(reopened, tmp_path / "after") == there

        def text(fact: Fact) -> Fact:
            return replace(fact, id=0)

        assert sorted(map(text, reopened.facts()), key=str) == sorted(map(text, facts), key=str)


def test_two_learners_on_one_brain_see_each_others_facts(learner: Learner) -> None:
    with open_tiny(learner.brain.folder) as other:
        list(learner.teach(POOL[:3]))
        assert answers(other, POOL[:3]) == [f.answer for f in POOL[:3]]
        other.forget([2])
        list(other.teach(POOL[3:]))
        expected = [f.answer for f in POOL]
        said = answers(learner, POOL)
        assert said[:1] + said[2:] == expected[:1] + expected[2:]
        assert said[1] != expected[1]
        assert learner.ask([POOL[3].prompt])[0].facts == (4,)


def test_an_export_between_two_questions_hides_no_news(learner: Learner, tmp_path: Path) -> None:
    list(learner.teach(POOL[:1]))
    with open_tiny(learner.brain.folder) as other:
        other.write(POOL[1:2])
    learner.export(tmp_path / "export")
    assert answers(learner, POOL[:2]) == [f.answer for f in POOL[:2]]


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


@pytest.mark.parametrize("position", [0, 3, CHUNK + 2])
def test_facts_before_a_bad_one_stay_taught(learner: Learner, position: int) -> None:
    facts = statements(CHUNK + 6)
    facts[position] = Statement("Nobody is here", "Glorp", "Elsewhere")
    receipts = []
    with refused(BadInputError, "Elsewhere"):
        for receipt in learner.teach(facts):
            receipts.append(receipt)
    assert [r.prompt for r in receipts] == [f.prompt for f in facts[:position]]
    assert live(learner) == {f.prompt: f.answer for f in facts[:position]}


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


def test_a_name_is_added_and_taken_back_to_the_bit(learner: Learner, tmp_path: Path) -> None:
    learner.write(POOL)
    there = exported(learner, tmp_path / "before")
    question = POOL[0].prompt.replace(POOL[0].subject or "", "Maroland")
    assert learner.ask([question])[0].facts == ()
    receipt = learner.alias(1, "Maroland")
    assert learner.show(receipt.id).aliases == ("Maroland",)
    assert learner.show(1).state == "superseded"
    reply = learner.ask([question])[0]
    assert (reply.answer, reply.facts) == (POOL[0].answer, (receipt.id,))
    assert answers(learner, POOL) == [f.answer for f in POOL]
    assert learner.alias(receipt.id, "Maroland").warnings
    learner.undo()
    assert exported(learner, tmp_path / "after") == there
    for id, name in ((1, ""), (1, "Maro\x07"), (99, "Maro"), (receipt.id, "Maro")):
        with refused(BadInputError):
            learner.alias(id, name)


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


LONG = "x " * 50_000


@pytest.mark.parametrize(
    ("prompt", "answer", "subject"),
    [
        ("", "Glorp", "Marovia"),
        ("The capital of Marovia is", "", "Marovia"),
        ("The capital of Marovia is", " . ", "Marovia"),
        ("The capital of Marovia is", "one two three " * 12, "Marovia"),
        ("The capital of Marovia is", "Glorp", "Sylvania"),
        ("The capital of Marovia is", "Glorp\x1b[2J", "Marovia"),
        ("The capital of Marovia\x00 is", "Glorp", "Marovia"),
        ("The capital of Marovia is", "Glorp\nTarnov", "Marovia"),
        ("The capital of Marovia is", "Glorp\udc80", "Marovia"),
        ("The capital of Marovia is\ud800", "Glorp", "Marovia"),
        ("The capital of Marovia is", LONG, "Marovia"),
        (f"{LONG} of Marovia is", "Glorp", "Marovia"),
        ("The capital of Marovia is", "Glorp", LONG),
        ("Marovia, " + "the land of lands, " * 90 + "has the capital", "Glorp", "Marovia"),
    ],
)
def test_unusable_statements_are_refused_and_nothing_is_lost(
    learner: Learner, tmp_path: Path, prompt: str, answer: str, subject: str
) -> None:
    learner.write(POOL)
    there = exported(learner, tmp_path / "before")
    with refused(BadInputError):
        list(learner.teach([Statement(prompt, answer, subject)]))
    assert exported(learner, tmp_path / "after") == there
    assert answers(learner, POOL) == [f.answer for f in POOL]


@pytest.mark.parametrize("question", ["", "  ", "Who\ud800?", LONG])
def test_unusable_questions_are_refused(learner: Learner, question: str) -> None:
    with refused(BadInputError):
        learner.ask(["Who?", question])


def test_an_answer_that_the_tokenizer_cannot_make_is_refused(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = learner.host.tokenizer.decode

    def lossy(*arguments: object, **options: object) -> object:
        text = decode(*arguments, **options)
        return text.replace("Q", "?") if isinstance(text, str) else text

    monkeypatch.setattr(learner.host.tokenizer, "decode", lossy)
    list(learner.teach([statement(1, "Glorp")]))
    with refused(BadInputError, "the tokenizer cannot make"):
        list(learner.teach([statement(2, "Quist")]))
    assert len(learner.facts()) == 1


def test_a_brain_of_another_host_is_refused(learner: Learner, tmp_path: Path) -> None:
    list(learner.teach(POOL))
    there = exported(learner, tmp_path / "adapter")
    with refused(BrainError, "belongs to the model .* give --model"):
        open_tiny(learner.brain.folder, seed=1)
    with open_tiny(tmp_path / "other", seed=1) as other:
        for folder in (tmp_path / "adapter", learner.brain.folder):
            with refused(BrainError, "belongs to the model"):
                other.import_(folder)
        assert other.facts() == []
    assert exported(learner, tmp_path / "again") == there


def test_a_brain_from_before_hashes_had_two_parts_is_opened(
    learner: Learner, tmp_path: Path
) -> None:
    """The hash in its configuration, and in that of its export, is of the weights alone."""
    list(learner.teach(POOL))
    learner.export(tmp_path / "adapter")
    there = tmp_path / "adapter", learner.brain.folder
    for path in (folder / "adapter_config.json" for folder in there):
        text = path.read_text()
        weights = learner.host.hash.split("-")[0]
        path.write_text(text.replace(learner.host.hash, weights))
        assert path.read_text() != text
    with open_tiny(learner.brain.folder) as old, open_tiny(tmp_path / "new") as new:
        assert old.config.host_hash == weights
        assert answers(old, POOL) == [fact.answer for fact in POOL]
        assert new.import_(tmp_path / "adapter") == len(POOL)
        assert answers(new, POOL) == [fact.answer for fact in POOL]
        (learner.brain.folder / "calibration.safetensors").write_bytes(b"")
    assert any(f.repaired for f in Learner.doctor(learner.brain.folder, repair=True))
    with refused(BrainError, "belongs to the model"):
        open_tiny(learner.brain.folder, seed=1)


def test_other_settings_than_the_brains_are_refused(learner: Learner) -> None:
    with refused(BrainError, "has rule posterior, not ridge"):
        open_tiny(learner.brain.folder, rule="ridge")
    with open_tiny(learner.brain.folder, rule="posterior"):
        pass


def test_an_unknown_rule_makes_no_brain(tmp_path: Path) -> None:
    with refused(BadInputError, "magic"):
        open_tiny(tmp_path / "brain", rule="magic")
    assert not (tmp_path / "brain").exists()
