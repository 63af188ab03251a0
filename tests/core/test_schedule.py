import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oneshot.core.chain import run_chain
from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError

SHARES = st.lists(st.floats(1e-3, 0.999), min_size=2, max_size=12, unique=True).map(sorted)


def _schedule(*shares: float) -> Schedule:
    return Schedule(torch.tensor(shares, dtype=torch.float64))


def _assert_identities(schedule: Schedule) -> None:
    shares, snr = schedule.alpha_bar.tolist(), schedule.snr.tolist()
    for t in range(1, schedule.T + 1):
        before, now = shares[t - 1], shares[t]
        a, b, c = schedule.coefficients(t)
        assert abs(a + b * before**0.5 - now**0.5) < 1e-12
        assert abs(b**2 * (1 - before) + c - (1 - now)) < 1e-12
        rise = now * (1 - before / now) / ((1 - now) * (1 - before))
        assert abs(rise - (snr[t] - snr[t - 1])) < 1e-12 * max(1.0, snr[t])


@settings(deadline=None, max_examples=50)
@given(SHARES)
def test_identities_hold_for_any_rising_schedule(shares: list[float]) -> None:
    _assert_identities(_schedule(*shares))


@pytest.mark.parametrize("T", [1, 2, 10, 100])
def test_identities_hold_for_the_cosine(T: int) -> None:
    _assert_identities(Schedule.cosine(T))


def test_coefficients_are_the_papers() -> None:
    a, b, c = _schedule(0.2, 0.5).coefficients(1)
    alpha = 0.2 / 0.5
    assert a == pytest.approx(0.5**0.5 * (1 - alpha) / 0.8, abs=1e-15)
    assert b == pytest.approx(alpha**0.5 * 0.5 / 0.8, abs=1e-15)
    assert c == pytest.approx(0.5 * (1 - alpha) / 0.8, abs=1e-15)


@pytest.mark.parametrize("schedule", [Schedule.cosine(10), Schedule.linear(10)])
def test_constructors_rise_from_noise_to_label(schedule: Schedule) -> None:
    assert schedule.T == 10
    assert schedule.alpha_bar.dtype == torch.float64
    assert bool((schedule.alpha_bar.diff() > 0).all())
    assert float(schedule.alpha_bar[0]) < 1e-5
    assert float(schedule.alpha_bar[-1]) > 0.999


def test_cosine_has_the_known_rise_of_the_signal_to_noise_ratio() -> None:
    rise = Schedule.cosine(10).snr.diff()
    assert float(rise[0]) == pytest.approx(0.025, abs=5e-4)
    assert float(rise[-1]) == pytest.approx(6399, abs=2)
    assert float(Schedule.cosine(10, clamp=1e-3).snr[-1]) == pytest.approx(999)


@pytest.mark.parametrize("T", [1, 4])
def test_linear_is_equally_spaced_and_ends_in_the_estimate_itself(T: int) -> None:
    schedule = Schedule.linear(T)
    gaps = schedule.alpha_bar.diff()
    torch.testing.assert_close(gaps, gaps[:1].expand(T), rtol=0, atol=1e-12)
    assert schedule.coefficients(T) == (1.0, 0.0, 0.0)
    assert float(schedule.snr[-1]) == float("inf")


@pytest.mark.parametrize("T", [0, -3])
def test_no_schedule_without_steps(T: int) -> None:
    with pytest.raises(BadInputError, match="T >= 1"):
        Schedule.cosine(T)
    with pytest.raises(BadInputError, match="T >= 1"):
        Schedule.linear(T)


@pytest.mark.parametrize("shares", [(0.5,), (0.0, 0.5), (0.5, 1.1), (0.5, 0.5), (0.6, 0.5)])
def test_bad_shares_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(BadInputError):
        _schedule(*shares)


def test_single_precision_and_clamped_ties_are_refused() -> None:
    with pytest.raises(BadInputError, match="fp64"):
        Schedule(torch.tensor([0.1, 0.5]))
    with pytest.raises(BadInputError, match="smaller clamp"):
        Schedule.cosine(1000, clamp=0.01)


def test_steps_outside_the_schedule_are_refused() -> None:
    schedule, u = Schedule.linear(3), torch.zeros(1, 2)
    for t in (0, 4):
        with pytest.raises(BadInputError, match=f"t = {t}"):
            schedule.coefficients(t)
    for t in (-1, 4):
        with pytest.raises(BadInputError, match=f"t = {t}"):
            schedule.noised_target(u, t)


def test_noised_targets_have_the_schedules_mean_and_variance() -> None:
    schedule, u = _schedule(0.2, 0.64), torch.tensor([[1.0, -2.0]])
    draws = schedule.noised_target(u.expand(40_000, 2), 1, torch.Generator().manual_seed(0))
    torch.testing.assert_close(draws.mean(0), 0.8 * u[0], rtol=0, atol=0.02)
    torch.testing.assert_close(draws.var(0), torch.full((2,), 0.36), rtol=0, atol=0.02)


def test_noised_target_follows_its_generator_and_ends_clean() -> None:
    schedule, u = Schedule.linear(2), torch.ones(3, 4)
    first, again, other = (
        schedule.noised_target(u, 1, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(schedule.noised_target(u, 2), u)


def test_chain_is_the_recursion_with_its_steps_in_order() -> None:
    schedule, seen = _schedule(0.1, 0.4, 0.9), []

    def denoise(z: Tensor, t: int) -> Tensor:
        seen.append(t)
        return z.square() + t

    z = z0 = torch.tensor([[0.3, -1.0]])
    for t in (1, 2):
        a, b, _ = schedule.coefficients(t)
        z = a * (z.square() + t) + b * z
    torch.testing.assert_close(run_chain([denoise, denoise], schedule, z0), z)
    assert seen == [1, 2]


def test_chain_that_ends_at_one_returns_the_last_estimate() -> None:
    u = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    z0 = torch.ones(2, 5)
    assert torch.equal(run_chain([lambda z, t: u] * 3, Schedule.linear(3), z0), u)


def test_sampling_with_the_true_target_keeps_the_noising_marginals() -> None:
    schedule, generator = _schedule(0.1, 0.3, 0.64), torch.Generator().manual_seed(0)
    u = torch.tensor([[1.0, -2.0]]).expand(40_000, 2)
    z0 = schedule.noised_target(u, 0, generator)
    z = run_chain([lambda z, t: u] * 2, schedule, z0, generator)
    torch.testing.assert_close(z.mean(0), 0.8 * u[0], rtol=0, atol=0.02)
    torch.testing.assert_close(z.var(0), torch.full((2,), 0.36), rtol=0, atol=0.02)
    quiet = run_chain([lambda z, t: u] * 2, schedule, z0)
    assert float(quiet.var(0).max()) < 0.2


def test_chain_needs_a_denoiser_a_step() -> None:
    with pytest.raises(BadInputError, match="2 denoisers"):
        run_chain([lambda z, t: z] * 2, Schedule.linear(3), torch.zeros(1, 2))
