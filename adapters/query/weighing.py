"""How likely readings are to ask for a fact, against the other relations that the bank knows."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adapters.address.calibration import Bank

NEVER = -float("inf")


@dataclass(frozen=True)
class Limits:
    """What evidence is worth, in nats.

    `rivalry` of the evidence for other relations of the bank counts against a fact. A relation, or
    a wording, may ask what the fact tells from `alike` on, and `nearest` behind the likeliest one.
    From `sure` on the bank surely knows the fact's relation, and from `plain` on a fact is meant,
    whatever else could be; else it may fall at most `behind` another relation of the bank.
    """

    rivalry: float = 0.5
    alike: float = 12.0
    nearest: float = 8.0
    sure: float = 30.0
    plain: float = 40.0
    behind: float = -4.0


@dataclass(frozen=True)
class Weighing:
    """log p(reading | fact asked) - log p(reading | another relation), in nats.

    What the bank knows to be asked instead, by its likelihood, counts against the fact; `codes`
    are those of a fact's wordings, read as `bank` reads.
    """

    bank: Bank
    codes: Callable[[int], Float[Tensor, "count rank"]]
    limits: Limits
    _relatives: dict[int, tuple[Bool[Tensor, " relations"], float]] = field(default_factory=dict)

    def best(self, row: int, readings: Float[Tensor, "n rank"]) -> float:
        """Of the likeliest of several readings; NEVER where the bank surely knows that something
        else is asked.
        """
        limits = self.limits
        own = self.own(row, readings)
        known, (akin, sure) = self.known(readings), self._akin(row)
        others = known.masked_fill(akin, NEVER)
        if sure > limits.sure and bool(akin.any()) and float(own.max()) < limits.plain:
            kin = known.masked_fill(~akin, NEVER).max(1).values
            if float((kin - others.max(1).values).max()) < limits.behind:
                return NEVER
        return float((own - limits.rivalry * others.logsumexp(1).clamp_min(0)).max())

    def each(
        self,
        row: int,
        readings: Float[Tensor, "n rank"],
        known: Float[Tensor, "n relations"] | None = None,
    ) -> Float[Tensor, " n"]:
        """Of each reading by itself; `known` is what the bank makes of them, if that is there."""
        known = self.known(readings) if known is None else known
        others = known.masked_fill(self._akin(row)[0], NEVER)
        return self.own(row, readings) - self.limits.rivalry * others.logsumexp(1).clamp_min(0)

    def known(self, readings: Float[Tensor, "n rank"]) -> Float[Tensor, "n relations"]:
        """The evidence for every relation of the bank."""
        return self.bank.metric.ratio(readings, self.bank.centres)

    def own(self, row: int, readings: Float[Tensor, "n rank"]) -> Float[Tensor, " n"]:
        """For all of a fact's wordings together that ask alike, or for one by itself that asks
        something else (as a user may add it), or that is surely meant.
        """
        metric, codes = self.bank.metric, self.codes(row)
        alike = metric.ratio(codes[:1], codes)[0] > self.limits.alike
        alike[0] = True
        together = metric.ratio_to_all(readings, codes[alike])
        one = metric.ratio(readings, codes)
        other = one.masked_fill(alike, NEVER).max(1).values
        best = one.max(1).values
        surely = torch.where(best > self.limits.plain, best, NEVER)
        return torch.stack([together, other, surely]).amax(0)

    def _akin(self, row: int) -> tuple[Bool[Tensor, " relations"], float]:
        """The relations of the bank that may be the fact's own, and the best one's evidence."""
        if row not in self._relatives:
            ratio = self.known(self.codes(row)).max(0).values
            sure, limits = float(ratio.max()), self.limits
            self._relatives[row] = ratio > max(limits.alike, sure - limits.nearest), sure
        return self._relatives[row]
