"""The exact minimiser of a block's loss on a finite set of facts: the posterior over them."""

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.errors import BadInputError


def posterior_weights(
    log_evidence: Float[Tensor, "q n"],
    z: Float[Tensor, "q d"],
    targets: Float[Tensor, "n d"],
    alpha_bar: float,
    temperature: float = 1.0,
) -> Float[Tensor, "q n"]:
    """The posterior P(fact | input, z) for z = sqrt(alpha_bar) u + sqrt(1 - alpha_bar) e.

    The estimate of u is weights @ targets. `log_evidence` is log p(x | fact) plus the log prior;
    -inf bars a fact, and a row of nothing else gives zeros (no fact). `temperature` divides the
    whole exponent. Raises BadInputError unless 0 <= alpha_bar < 1 and temperature > 0.
    The update of a modern Hopfield network, arXiv 2008.02217.
    """
    if not 0 <= alpha_bar < 1 or not temperature > 0:
        raise BadInputError(
            f"alpha_bar = {alpha_bar}, temperature = {temperature} came; "
            "give alpha_bar inside [0, 1) and a positive temperature"
        )
    match = alpha_bar**0.5 * z @ targets.T - alpha_bar * targets.square().sum(1) / 2
    logits = (log_evidence + match / (1 - alpha_bar)) / temperature
    barred = logits.isneginf().all(1, keepdim=True)
    return torch.where(barred, 0.0, torch.softmax(logits, 1))
