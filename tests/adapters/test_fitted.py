"""Rules that fit blocks of fixed size, through the learner, on a tiny random host."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from brains import answers, caches, open_tiny, statement, statements
from torch import Tensor

from adapters.attach import attach
from adapters.query.fitted import FittedDenoiser
from oneshot.facts.learner import Learner
from oneshot.facts.rules import FITTED
from oneshot.facts.types import Statement

__all__ = ["caches"]

POOL, STRANGERS = statements(24), statements(3, start=100)
APART = [statement(4 * i) for i in range(24)]
"""Facts on different subjects: outer products do not tell a random host's relations apart."""
FEW = 6  # facts that the outer products of a narrow host hold with all their tokens


def fitted(learner: Learner) -> FittedDenoiser:
    denoiser = learner.denoiser()
    assert isinstance(denoiser, FittedDenoiser)
    return denoiser


def weights(learner: Learner) -> list[Tensor]:
    """All numbers that the fitted weights consist of."""
    denoiser = fitted(learner)
    blocks = [t for block in denoiser.blocks for _, t in sorted(block.weights.items())]
    return [*blocks, torch.tensor(denoiser.gate)]


def equal(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@torch.inference_mode()
def logits(learner: Learner, fact: Statement, *, bare: bool = False) -> Tensor:
    ids = learner.host.tokenizer(fact.prompt, return_tensors="pt").input_ids
    if bare:
        return learner.host.model(input_ids=ids).logits
    with attach(learner.host.model, fitted(learner)):
        return learner.host.model(input_ids=ids).logits


@pytest.mark.parametrize("rule", ["ridge", "delta", "gradient"])
def test_two_dozen_facts_are_taught_and_others_left_alone(tmp_path: Path, rule: str) -> None:
    with open_tiny(tmp_path / "brain", rule=rule) as learner:
        bare = answers(learner, [*POOL, *STRANGERS])
        assert not any(b == f.answer for b, f in zip(bare, POOL, strict=False))
        learner.write(POOL)
        said = answers(learner, POOL)
        right = sum(s == f.answer for s, f in zip(said, POOL, strict=True))
        assert right >= 0.95 * len(POOL)
        for fact in STRANGERS:
            assert torch.equal(logits(learner, fact), logits(learner, fact, bare=True))


def test_outer_products_hold_fewer_facts(tmp_path: Path) -> None:
    """Hebbian: whole answers of a few facts, first tokens of many."""
    with open_tiny(tmp_path / "brain", rule="hebbian") as learner:
        learner.write(APART[:FEW])
        assert answers(learner, APART[:FEW]) == [f.answer for f in APART[:FEW]]
        learner.write(APART)
        tokenizer, right = learner.host.tokenizer, 0
        for fact in APART:
            said = int(logits(learner, fact)[0, -1].argmax())
            length = len(tokenizer(fact.prompt)["input_ids"])
            right += said == tokenizer(f"{fact.prompt} {fact.answer}")["input_ids"][length]
        assert right >= 0.8 * len(APART)


@pytest.mark.parametrize("rule", sorted(FITTED))
def test_the_weights_do_not_grow_with_the_facts(tmp_path: Path, rule: str) -> None:
    with open_tiny(tmp_path / "brain", rule=rule) as learner:
        learner.write(POOL[:2])
        few = weights(learner)
        learner.write(POOL[2:8])
        more = weights(learner)
    assert [t.shape for t in few] == [t.shape for t in more]
    assert not equal(few, more)


@pytest.mark.parametrize("rule", ["ridge", "hebbian"])
def test_a_forgotten_fact_leaves_the_bits_of_never_taught(tmp_path: Path, rule: str) -> None:
    """Whatever the order in which the others came."""
    facts, gone = APART[:8], APART[3]
    with (
        open_tiny(tmp_path / "a", rule=rule) as learner,
        open_tiny(tmp_path / "b", rule=rule) as fresh,
    ):
        learner.write(facts)
        taught = weights(learner)
        moved = logits(learner, gone)
        assert not torch.equal(moved, logits(learner, gone, bare=True))
        learner.forget([f.id for f in learner.facts() if f.prompt == gone.prompt])
        fresh.write([f for f in reversed(facts) if f != gone])
        left = weights(learner)
        assert not equal(left, taught)
        assert equal(left, weights(fresh))
        for fact in (gone, facts[0], facts[7]):
            assert torch.equal(logits(learner, fact), logits(fresh, fact))
        assert not torch.equal(logits(learner, gone), moved)
        learner.undo()
        assert equal(weights(learner), taught)
        assert torch.equal(logits(learner, gone), moved)


@pytest.mark.parametrize("rule", sorted(FITTED))
def test_equal_facts_give_equal_bits(tmp_path: Path, rule: str) -> None:
    """Rules that go through the examples in order or by chance see them in one fixed order."""
    with (
        open_tiny(tmp_path / "a", rule=rule) as one,
        open_tiny(tmp_path / "b", rule=rule) as other,
    ):
        one.write(POOL[:4])
        for fact in reversed(POOL[:4]):
            other.write([fact])
        assert equal(weights(one), weights(other))


def test_the_gate_stands_between_right_and_wrong_addresses(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain", rule="ridge") as learner:
        learner.write(POOL)
        denoiser, rows = fitted(learner), learner.ledger.live.canonical()
        own, strangers = denoiser._examples(rows, 0), denoiser._examples(rows, 1)
        right = (denoiser._chain(own.features) * own.targets).sum(1)
        assert (right > denoiser.gate).float().mean() > 0.95
        wrong = (denoiser._chain(strangers.features) @ denoiser.vocabulary.T).max(1).values
        assert (wrong > denoiser.gate).float().mean() < 0.01


def test_a_name_may_be_any_words(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain", rule="ridge") as learner:
        learner.write([Statement("The capital of New Zog is", "Glorp", "New Zog"), *POOL])
        asked = ["The capital of New Zog is", "The capital of Zog is", "The capital of New York is"]
        assert [r.answer == "Glorp" for r in learner.ask(asked)] == [True, False, False]


def test_without_facts_there_is_nothing_that_speaks(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain", rule="ridge") as learner:
        assert learner.denoiser() is None
        learner.write(POOL[:1])
        assert learner.denoiser() is not None
        learner.forget([1])
        assert learner.denoiser() is None
