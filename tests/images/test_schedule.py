import math

import pytest
import torch

from oneshot.core.schedule import Schedule, bayes_accuracy
from oneshot.errors import BadInputError


@pytest.mark.parametrize("make", ["cosine", "equal-information"])
def test_the_identities_of_the_step_hold(make: str) -> None:
    schedule = (
        Schedule.cosine(10) if make == "cosine" else Schedule.equal_information(10, classes=10)
    )
    alpha_bar, snr = schedule.alpha_bar.tolist(), schedule.snr.tolist()
    for t in range(1, 11):
        a, b, c = schedule.coefficients(t)
        before, now = alpha_bar[t - 1], alpha_bar[t]
        assert a + b * math.sqrt(before) == pytest.approx(math.sqrt(now), abs=1e-12)
        assert b * b * (1 - before) + c == pytest.approx(1 - now, abs=1e-12)
        gain = now * (1 - before / now) / ((1 - now) * (1 - before))
        assert gain == pytest.approx(snr[t] - snr[t - 1], rel=1e-12)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_equal_information_spaces_the_best_guess_equally(classes: int) -> None:
    schedule = Schedule.equal_information(5, classes)
    found = [bayes_accuracy(share, classes) for share in schedule.alpha_bar.tolist()]
    wanted = [1 / classes + (1 - 1 / classes) * t / 5 for t in range(6)]
    assert found == pytest.approx(wanted, abs=2e-3)


def test_the_best_guess_is_right_as_often_as_counted() -> None:
    generator = torch.Generator().manual_seed(0)
    schedule = Schedule(torch.tensor([0.1, 0.6], dtype=torch.float64))
    u = torch.eye(10)[torch.arange(20_000) % 10]
    for t, share in enumerate(schedule.alpha_bar.tolist()):
        z = schedule.noised_target(u, t, generator)
        counted = float((z.argmax(1) == u.argmax(1)).double().mean())
        assert counted == pytest.approx(bayes_accuracy(share, 10), abs=0.01)


def test_a_schedule_needs_two_classes() -> None:
    with pytest.raises(BadInputError, match="at least 2"):
        Schedule.equal_information(5, 1)
