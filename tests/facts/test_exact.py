"""What teaching and forgetting leave behind is the same to the bit, whatever the way there."""

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from brains import (
    answers,
    caches,
    exported,
    host_folder,
    learner,
    live,
    open_tiny,
    refused,
    statement,
    statements,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.attach import attach
from oneshot.errors import BadInputError
from oneshot.facts.learner import Learner
from oneshot.facts.types import Fact, Statement

__all__ = ["caches", "learner"]

FEW = settings(deadline=None, max_examples=10)
POOL = statements(7)
Stored = tuple[list[str], list[torch.Tensor]]


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
