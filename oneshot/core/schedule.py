"""The noise schedule of a block chain and the coefficients of its inference step."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.errors import BadInputError


class Coefficients(NamedTuple):
    """The step z_t = a u_hat_t + b z_{t-1} + sqrt(c) noise."""

    a: float
    b: float
    c: float


@dataclass(frozen=True, eq=False)
class Schedule:
    """Signal shares `alpha_bar` of z_0 (noise) to z_T (label), with the inference step's weights.

    `alpha_bar` holds T+1 strictly rising fp64 values inside (0, 1]; the last one may be 1.
    Raises BadInputError for anything else. Indices as in arXiv 2503.24322, where alpha_bar rises.
    """

    alpha_bar: Float[Tensor, " T_plus_1"]

    def __post_init__(self) -> None:
        values = self.alpha_bar
        if values.dtype != torch.float64 or values.ndim != 1 or len(values) < 2:
            raise BadInputError(
                f"a schedule came as {values.dtype} of shape {tuple(values.shape)}; "
                "give at least two fp64 values"
            )
        inside = bool((values > 0).all() and (values <= 1).all())
        if not inside or not bool((values.diff() > 0).all()):
            raise BadInputError(
                f"alpha_bar came as {values.tolist()[:4]}...; "
                "give strictly rising values inside (0, 1], with a smaller clamp if one made ties"
            )

    @classmethod
    def cosine(cls, T: int, s: float = 0.008, clamp: float = 1e-6) -> "Schedule":
        """The cosine schedule, alpha_bar_t = cos^2(pi/2 (1 - t/T + s) / (1 + s)).

        `clamp` keeps it inside [clamp, 1 - clamp], which bounds the signal-to-noise ratio.
        Raises BadInputError for T < 1 or a clamp that makes neighbours equal. arXiv 2102.09672.
        """
        _check_length(T)
        left = torch.linspace(1.0, 0.0, T + 1, dtype=torch.float64)
        shares = torch.cos((left + s) / (1 + s) * (math.pi / 2)).square()
        return cls(shares.clamp(clamp, 1 - clamp))

    @classmethod
    def linear(cls, T: int, start: float = 1e-6) -> "Schedule":
        """Equally spaced alpha_bar from `start` (all but pure noise) to exactly 1.

        The last step then returns the last estimate itself; raises BadInputError for T < 1.
        """
        _check_length(T)
        return cls(torch.linspace(start, 1.0, T + 1, dtype=torch.float64))

    @classmethod
    def equal_information(cls, T: int, classes: int, clamp: float = 1e-6) -> "Schedule":
        """The schedule along which the best guess of the class from z_t alone rises by equal steps.

        For `classes` orthonormal label embeddings, from chance at z_0 to certainty at z_T, so that
        block t reads a z_{t-1} that tells (t - 1) / T of what there is to tell. The ends are clamp
        and 1 - clamp. Raises BadInputError for T < 1 or fewer than two classes.
        """
        _check_length(T)
        if classes < 2:
            raise BadInputError(f"a schedule for {classes} classes was asked for; give at least 2")
        shares = [1 / classes + (1 - 1 / classes) * t / T for t in range(1, T)]
        inner = [_signal_for_accuracy(share, classes) for share in shares]
        return cls(torch.tensor([clamp, *inner, 1 - clamp], dtype=torch.float64))

    @property
    def T(self) -> int:  # noqa: N802  the paper's letter
        """The number of steps."""
        return len(self.alpha_bar) - 1

    @property
    def snr(self) -> Float[Tensor, " T_plus_1"]:
        """Signal-to-noise ratios alpha_bar / (1 - alpha_bar), infinite where alpha_bar is 1."""
        return self.alpha_bar / (1 - self.alpha_bar)

    def coefficients(self, t: int) -> Coefficients:
        """The weights of step t (1 to T), eq. 3 of arXiv 2503.24322; else BadInputError.

        Where alpha_bar_t = 1 they are (1, 0, 0): z_t is the estimate.
        """
        self._check_step(t, first=1)
        before, now = self.alpha_bar[t - 1 : t + 1].tolist()
        # 1 - alpha_{t-1} as a quotient of differences: no digits cancel when the two are close.
        gain = (now - before) / now / (1 - before)
        kept = (1 - now) / (1 - before)
        return Coefficients(math.sqrt(now) * gain, math.sqrt(before / now) * kept, (1 - now) * gain)

    def step(
        self,
        z: Float[Tensor, "*batch d"],
        estimate: Float[Tensor, "*batch d"],
        t: int,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "*batch d"]:
        """z_t = a_t u_hat_t + b_t z_{t-1}, with sqrt(c_t) noise where a generator is given.

        The generator lives on z's device; t runs from 1 to T, else BadInputError.
        """
        a, b, c = self.coefficients(t)
        z = a * estimate + b * z
        if generator is None:
            return z
        noise = torch.randn(z.shape, generator=generator, device=z.device, dtype=z.dtype)
        return z + math.sqrt(c) * noise

    def noised_target(
        self, u: Float[Tensor, "*batch d"], t: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "*batch d"]:
        """A draw of z_t = sqrt(alpha_bar_t) u + sqrt(1 - alpha_bar_t) e, e standard normal.

        t runs from 0 to T, else BadInputError; the generator lives on u's device.
        """
        self._check_step(t, first=0)
        share = float(self.alpha_bar[t])
        noise = torch.randn(u.shape, generator=generator, device=u.device, dtype=u.dtype)
        return math.sqrt(share) * u + math.sqrt(1 - share) * noise

    def _check_step(self, t: int, first: int) -> None:
        if not first <= t <= self.T:
            raise BadInputError(f"step t = {t} came; give one from {first} to T = {self.T}")


def _check_length(T: int) -> None:
    if T < 1:
        raise BadInputError(f"a schedule of T = {T} steps was asked for; give T >= 1")


def bayes_accuracy(alpha_bar: float, classes: int) -> float:
    """How often the likeliest of equally frequent classes, given z_t alone, is the right one.

    For orthonormal label embeddings: the right class's coordinate of z is d = sqrt(SNR) deviations
    above the others', so it is the largest with probability E[Phi(x + d)^(classes - 1)].
    """
    x = torch.linspace(-9, 9, 3601, dtype=torch.float64)
    density = torch.exp(-x.square() / 2)
    distance = math.sqrt(alpha_bar / (1 - alpha_bar))
    below = torch.special.ndtr(x + distance) ** (classes - 1)
    return float((density * below).sum() / density.sum())


def _signal_for_accuracy(share: float, classes: int) -> float:
    """The alpha_bar of that Bayes accuracy, by bisection of its log-odds."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if bayes_accuracy(1 / (1 + math.exp(-middle)), classes) < share:
            low = middle
        else:
            high = middle
    return 1 / (1 + math.exp(-low))
