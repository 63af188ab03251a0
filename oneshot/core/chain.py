"""Inference: a chain of denoisers from noise to a label embedding."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError

Denoiser = Callable[[Tensor, int], Tensor]
"""u_hat_t(z_{t-1}) of one step: takes z and t, gives an estimate of z's shape."""


def run_chain(
    denoisers: Sequence[Denoiser],
    schedule: Schedule,
    z0: Float[Tensor, "*batch d"],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "*batch d"]:
    """z_T after the steps z_t = a_t u_hat_t(z_{t-1}) + b_t z_{t-1}, one denoiser a step.

    With a generator (on z0's device) each step adds sqrt(c_t) noise, as the paper samples
    (arXiv 2503.24322, eq. 3). Raises BadInputError unless there are T denoisers.
    """
    if len(denoisers) != schedule.T:
        raise BadInputError(f"{len(denoisers)} denoisers came; give one for each of {schedule.T}")
    z = z0
    for t, denoise in enumerate(denoisers, start=1):
        z = schedule.step(z, denoise(z, t), t, generator)
    return z
