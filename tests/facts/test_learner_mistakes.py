"""What cannot be taught, asked or opened is refused in a line, and nothing is lost."""

from pathlib import Path

import pytest
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

from oneshot.errors import BadInputError, BrainError
from oneshot.facts.learner import CHUNK, Learner
from oneshot.facts.types import Statement

__all__ = ["caches", "learner"]

FEW = settings(deadline=None, max_examples=10)
POOL = statements(7)
Stored = tuple[list[str], list[torch.Tensor]]


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
