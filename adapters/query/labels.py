"""States from which the host's head says a given token, each checked against all other tokens."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.core.embeddings import LabelWhitening
from oneshot.errors import HostError

LEAST = 2.0  # nats by which the token beats every other one
SLACK = 0.01  # nats more that margins computed together have to show
TOGETHER = 64  # tokens whose margins are computed in one product
STEPS = 60
STEP = 0.15  # of the embedding's norm, away from the strongest other token


@dataclass(frozen=True)
class Head:
    """A host's head: rows for tokens and, in some, a bias for each."""

    weight: Float[Tensor, "vocab width"]
    bias: Float[Tensor, " vocab"] | None = None


class SayableLabels:
    """Label embeddings of norm 1 that say their token with a margin once scaled.

    The whitened embedding loses to a twin of the token now and then (" we" for " We"); a few steps
    away from the winner, in the same whitened space, mend that.
    """

    def __init__(
        self,
        whitening: LabelWhitening,
        head: Head,
        scale: Float[Tensor, ""],
    ) -> None:
        self._whitening, self._head, self._bias = whitening, head.weight, head.bias
        self._scale = float(scale)
        self._known: dict[int, tuple[Float[Tensor, " width"], float]] = {}

    def __call__(self, token: int) -> Float[Tensor, " width"]:
        """The embedding of a token, of norm 1."""
        return self._kept(token)[0]

    def margin(self, token: int) -> float:
        """By how much the head prefers the token to every other one, in nats."""
        return self._kept(token)[1]

    def _kept(self, token: int) -> tuple[Float[Tensor, " width"], float]:
        if token not in self._known:
            self._known[token] = self._made(token)
        return self._known[token]

    def check(self, tokens: list[int]) -> None:
        """Raise HostError for a token that the head cannot be made to say."""
        new = [token for token in dict.fromkeys(tokens) if token not in self._known]
        for start in range(0, len(new), TOGETHER):
            self._keep_easy(new[start : start + TOGETHER])
        for token in new:
            if token not in self._known:
                made, margin = self._made(token)
                if margin <= 0:
                    raise HostError(
                        f"this model's head cannot be made to say token {token} (it falls short by "
                        f"{-margin:.1f} nats); give the answer in other words"
                    )
                self._known[token] = made, margin

    @torch.inference_mode()
    def _keep_easy(self, tokens: list[int]) -> None:
        """Keep those whose whitened embedding serves as it is, as most do: one product for all."""
        plain = torch.stack([self._whitening(self._row(token)[None])[0] for token in tokens])
        logits = self._logits(plain)
        own = logits.gather(1, torch.tensor(tokens, device=logits.device)[:, None])[:, 0]
        best = logits.topk(2, dim=1).values
        for token, u, says, (first, second) in zip(tokens, plain, own, best, strict=True):
            if says == first and says - second >= LEAST + SLACK:
                self._known[token] = u, float(says - second)

    @torch.inference_mode()
    def _made(self, token: int) -> tuple[Float[Tensor, " width"], float]:
        own = self._row(token)
        u = self._whitening(own[None])[0]
        best, most = u, -float("inf")
        for _ in range(STEPS):
            margin, rival = self._margin(u, token)
            if margin > most:
                best, most = u, margin
            if margin >= LEAST:
                break
            away = (own - self._row(rival)) @ self._whitening.inverse
            u = torch.nn.functional.normalize(u + STEP * away / away.norm().clamp_min(1e-9), dim=0)
        return best, most

    def _row(self, token: int) -> Float[Tensor, " width"]:
        """The head's row of a token, where the whitening is."""
        return self._head[token].to(self._whitening.mean)

    def _margin(self, u: Float[Tensor, " width"], token: int) -> tuple[float, int]:
        logits = self._logits(u[None])[0]
        own = float(logits[token])
        logits[token] = -torch.inf
        rival = int(logits.argmax())
        return own - float(logits[rival]), rival

    def _logits(self, u: Float[Tensor, "n width"]) -> Float[Tensor, "n vocab"]:
        logits = ((u * self._scale).to(self._head) @ self._head.T).float()
        return logits if self._bias is None else logits + self._bias.float()
