"""None"""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from oneshot.core.chain import run_chain
from oneshot.core.rules.base import GRID, Block, ExactSums, Examples, Rule, exact_product
from oneshot.core.rules.delta import DeltaRule
from oneshot.core.rules.gradient import GradientRule
from oneshot.core.rules.hebbian import HebbianRule, OuterSums
from oneshot.core.rules.ridge import GramSums, RidgeRule
from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError

RULES = [RidgeRule(), HebbianRule(), DeltaRule(), GradientRule(steps=150)]


TWO_STEPS = Schedule.linear(2)


def _signs(generator: torch.Generator, n: int, m: int) -> Tensor:
    return torch.randint(0, 2, (n, m), generator=generator) * 2.0 - 1.0


def _examples(n: int, m: int, d: int, seed: int = 0) -> Examples:
    generator = torch.Generator().manual_seed(seed)
    targets = normalize(torch.randn(n, d, generator=generator), dim=1)
    return Examples(_signs(generator, n, m), targets)


def _flipped(features: Tensor, share: float) -> Tensor:
    draws = torch.rand(features.shape, generator=torch.Generator().manual_seed(99))
    return torch.where(draws < share, -features, features)


def _answer(block: Block, features: Tensor, schedule: Schedule, d: int) -> Tensor:
    denoiser = partial(block.denoise, features)
    return run_chain([denoiser] * schedule.T, schedule, torch.zeros(len(features), d))


def _recalled(block: Block, examples: Examples, share: float = 0.05) -> int:
    noisy, targets = _flipped(examples.features, share), examples.targets
    said = (_answer(block, noisy, TWO_STEPS, targets.shape[1]) @ targets.T).argmax(1)
    return int((said == torch.arange(len(targets))).sum())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_recalls_noisy_patterns_and_stays_quiet_on_unknown_ones(rule: Rule) -> None:
    examples = _examples(48, 2048, 64)
    block = rule.fit(examples, TWO_STEPS)
    assert _recalled(block, examples) >= 40
    known = _answer(block, _flipped(examples.features, 0.05), TWO_STEPS, 64).norm(dim=1)
    unknown = _answer(block, _examples(48, 2048, 64, seed=7).features, TWO_STEPS, 64).norm(dim=1)
    assert float(unknown.max()) < 0.5 * float(known.min())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_no_examples_give_a_silent_block(rule: Rule) -> None:
    block = rule.fit(_examples(0, 16, 4), TWO_STEPS)
    assert torch.equal(block.denoise(torch.ones(1, 16), torch.ones(1, 4), 1), torch.zeros(1, 4))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_small_integers_do_as_features(rule: Rule) -> None:
    examples = _examples(5, 32, 4)
    small = Examples(examples.features.to(torch.int8), examples.targets)
    for a, b in zip(rule.fit(examples, TWO_STEPS).weights.values(),
                    rule.fit(small, TWO_STEPS).weights.values(), strict=True):  # fmt: skip
        assert torch.equal(a, b)


def test_ridge_holds_more_than_hebbian() -> None:
    examples = _examples(1000, 512, 64)
    ridge, hebbian = (
        _recalled(rule.fit(examples, TWO_STEPS), examples) for rule in (RidgeRule(), HebbianRule())
    )
    assert ridge >= hebbian
    assert ridge > 950


def test_blocks_have_no_other_steps() -> None:
    block = HebbianRule().fit(_examples(2, 8, 4), TWO_STEPS)
    for t in (0, 3):
        with pytest.raises(BadInputError, match=f"t = {t}"):
            block.denoise(torch.ones(1, 8), torch.ones(1, 4), t)


def test_bad_examples_are_refused() -> None:
    with pytest.raises(BadInputError, match="signs"):
        Examples(torch.zeros(2, 4), torch.zeros(2, 4))
    for bad in (2.0, math.nan, math.inf):
        with pytest.raises(BadInputError, match="normalise"):
            Examples(torch.ones(1, 4), torch.tensor([[bad, 0.0]]))


@pytest.mark.parametrize("wrong", [
    lambda: RidgeRule(0.0), lambda: DeltaRule(rate=2.0), lambda: DeltaRule(epochs=0),
    lambda: GradientRule(steps=0), lambda: GradientRule(rate=0.0),
])  # fmt: skip
def test_settings_that_cannot_work_are_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(BadInputError, match="give"):
        wrong()


# Exact sums


def test_products_are_exact_over_many_rows() -> None:
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randint(-GRID, GRID + 1, (9001, 3), generator=generator) for _ in "ab")
    expected = (left[:, :, None] * right[:, None, :]).sum(0)
    assert torch.equal(exact_product(left, right), expected)
    assert not torch.equal((left.float().T @ right.float()).long(), expected)


@pytest.mark.parametrize("kind", [GramSums, OuterSums])
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_any_order_of_adding_and_removing_gives_the_same_bits(
    kind: type[ExactSums], data: st.DataObject
) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=6))
    batches = [_examples(size, 12, 4, seed) for seed, size in enumerate(sizes)]
    gone = data.draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1))
    sums, late = kind.of(_examples(0, 12, 4)), []
    for i in data.draw(st.permutations(range(len(sizes)))):
        before, sums = sums, sums.add(batches[i])
        assert sums != before
        if i in gone and data.draw(st.booleans()):
            sums = sums.remove(batches[i])
        elif i in gone:
            late.append(i)
    for i in late:
        sums = sums.remove(batches[i])
    kept = [_examples(0, 12, 4)] + [b for i, b in enumerate(batches) if i not in gone]
    fresh = kind.of(
        Examples(torch.cat([b.features for b in kept]), torch.cat([b.targets for b in kept]))
    )
    assert sums == fresh
    _assert_same_weights(sums, fresh)


def _assert_same_weights(first: ExactSums, second: ExactSums) -> None:
    blocks = []
    for sums in (first, second):
        if isinstance(sums, GramSums):
            blocks.append(RidgeRule().solve(sums, TWO_STEPS))
        elif isinstance(sums, OuterSums):
            blocks.append(HebbianRule().solve(sums, TWO_STEPS))
    for name, weight in blocks[0].weights.items():
        assert torch.equal(weight, blocks[1].weights[name])


def test_sums_of_parts_add_up_and_other_sums_are_unequal() -> None:
    first, second = _examples(3, 8, 4), _examples(5, 8, 4, seed=1)
    assert GramSums.of(first) + GramSums.of(second) == GramSums.of(second).add(first)
    assert GramSums.of(first) != GramSums.of(second)
    assert OuterSums.of(first) != GramSums.of(first)


def test_more_than_was_added_cannot_be_removed() -> None:
    with pytest.raises(BadInputError, match="5 examples"):
        GramSums.of(_examples(3, 8, 4)).remove(_examples(5, 8, 4))


# Each rule is what it says


@pytest.mark.parametrize("t", [1, 2, 3])
def test_ridge_solves_the_expected_normal_equations(t: int) -> None:
    examples, schedule = _examples(30, 20, 5), Schedule.cosine(3)
    F, U = examples.features.double(), examples.targets.double()
    share, rule = float(schedule.alpha_bar[t - 1]), RidgeRule(0.03)
    cross = share**0.5 * F.T @ U
    lower = share * U.T @ U + 30 * (1 - share) * torch.eye(5)
    gram = torch.cat([torch.cat([F.T @ F, cross], 1), torch.cat([cross.T, lower], 1)])
    right = torch.cat([F.T @ U, share**0.5 * U.T @ U])
    solved = torch.linalg.solve(gram + 0.03 * 30 * torch.eye(25), right).T.float()
    block = rule.fit(examples, schedule)
    A, B = block.weights["features"][t - 1], block.weights["state"][t - 1]
    torch.testing.assert_close(torch.cat([A, B], 1), solved, rtol=0, atol=2e-5)
    f, z = examples.features, torch.ones(30, 5)
    torch.testing.assert_close(block.denoise(f, z, t), f @ A.T + z @ B.T)


def test_ridge_listens_to_z_where_z_is_clean() -> None:
    schedule = Schedule(torch.tensor([1e-6, 0.999, 1.0], dtype=torch.float64))
    block = RidgeRule().fit(_examples(200, 16, 8), schedule)
    early, late = block.weights["state"].flatten(1).norm(dim=1)
    assert float(late) > 0.5 > 0.01 > float(early)


def test_hebbian_adds_one_outer_product_an_example() -> None:
    examples, extra = _examples(6, 64, 8), _examples(1, 64, 8, seed=1)
    before = OuterSums.of(examples)
    after = before.add(extra)
    f, u = extra.features[0], (extra.targets[0].double() * GRID).round()
    assert torch.equal(after.totals[0] - before.totals[0], torch.outer(f.double(), u).long())
    old, new = (HebbianRule().solve(sums, TWO_STEPS) for sums in (before, after))
    change = (new.weights["features"] - old.weights["features"])[0]
    expected = torch.outer(extra.targets[0], f) / 64
    torch.testing.assert_close(change, expected, rtol=0, atol=1 / (GRID * 64))
    assert int(torch.linalg.matrix_rank(change, rtol=1e-3)) == 1


def test_hebbian_makes_no_use_of_z() -> None:
    block, f = HebbianRule().fit(_examples(3, 16, 4), TWO_STEPS), torch.ones(1, 16)
    assert torch.equal(
        block.denoise(f, torch.ones(1, 4), 1), block.denoise(f, -torch.ones(1, 4), 2)
    )


def test_delta_corrects_the_error_by_its_rate() -> None:
    examples = _examples(2, 16, 4)
    f, u = examples.features, examples.targets
    A = 0.25 * torch.outer(u[0], f[0]) / 16
    A = A + 0.25 * torch.outer(u[1] - A @ f[1], f[1]) / 16
    block = DeltaRule(rate=0.25, epochs=1).fit(examples, TWO_STEPS)
    torch.testing.assert_close(block.weights["features"][0], A)


def test_delta_at_full_rate_ends_with_the_last_example_exact() -> None:
    examples = _examples(20, 32, 4)
    block = DeltaRule(rate=1.0, epochs=1).fit(examples, TWO_STEPS)
    got = block.denoise(examples.features, examples.targets, 1)
    torch.testing.assert_close(got[-1], examples.targets[-1])
    assert not torch.allclose(got[0], examples.targets[0], atol=1e-2)


def test_gradient_is_the_same_inside_inference_mode() -> None:
    rule = GradientRule(steps=5)
    outside = rule.fit(_examples(8, 32, 4), TWO_STEPS).weights
    with torch.inference_mode():
        inside = rule.fit(_examples(8, 32, 4), Schedule.linear(2)).weights
    for name, weight in outside.items():
        assert float(weight.abs().max()) > 0
        assert not weight.requires_grad
        assert torch.equal(weight, inside[name])


def test_gradient_follows_its_seed() -> None:
    one, again, other = (
        GradientRule(steps=3, seed=s).fit(_examples(8, 32, 4), TWO_STEPS) for s in (0, 0, 1)
    )
    assert torch.equal(one.weights["features"], again.weights["features"])
    assert not torch.equal(one.weights["features"], other.weights["features"])


def test_gradients_of_one_step_do_not_reach_another() -> None:
    first, second = (
        GradientRule(steps=5).fit(
            _examples(8, 32, 4), Schedule(torch.tensor([0.1, share, 1.0], dtype=torch.float64))
        )
        for share in (0.3, 0.9)
    )
    for name in ("features", "state"):
        assert torch.equal(first.weights[name][0], second.weights[name][0])
        assert not torch.equal(first.weights[name][1], second.weights[name][1])


# The posterior
