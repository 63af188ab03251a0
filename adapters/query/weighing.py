"""How likely readings are to ask for a fact, against the other relations that the bank knows."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adapters.address.calibration import Bank

NEVER = -float("inf")
RIVALRY = 0.5  # of the evidence for other relations of the bank that counts against a fact
ALIKE = 12.0  # nats at which a relation of the bank, or a wording, may ask what the fact tells
NEAREST = 8.0  # nats behind the likeliest one at which it still may
SURE = 30.0  # nats at which the bank surely knows the fact's relation
PLAIN = 40.0  # nats of evidence that a fact is meant, whatever else could be
BEHIND = -4.0  # nats by which that may then fall behind another relation of the bank


@dataclass(frozen=True)
class Weighing:
    """log p(reading | fact asked) - log p(reading | another relation), in nats.

    What the bank knows to be asked instead, by its likelihood, counts against the fact; `codes`
    are those of a fact's wordings, read as `bank` reads. The limits are the same for readings in
    place and in the frame: on relations left out of a calibration none of others did better.
    """

    bank: Bank
    codes: Callable[[int], Float[Tensor, "count rank"]]
    _relatives: dict[int, tuple[Bool[Tensor, " relations"], float]] = field(default_factory=dict)

    def best(self, row: int, readings: Float[Tensor, "n rank"]) -> float:
        """Of the likeliest of several readings; NEVER where the bank surely knows that something
        else is asked.
        """
        own = self.own(row, readings)
        known, (akin, sure) = self.known(readings), self._akin(row)
        others = known.masked_fill(akin, NEVER)
        if sure > SURE and bool(akin.any()) and float(own.max()) < PLAIN:
            kin = known.masked_fill(~akin, NEVER).max(1).values
            if float((kin - others.max(1).values).max()) < BEHIND:
                return NEVER
        return float((own - RIVALRY * others.logsumexp(1).clamp_min(0)).max())

    def each(
        self,
        row: int,
        readings: Float[Tensor, "n rank"],
        known: Float[Tensor, "n relations"] | None = None,
    ) -> Float[Tensor, " n"]:
        """Of each reading by itself; `known` is what the bank makes of them, if that is there."""
        known = self.known(readings) if known is None else known
        others = known.masked_fill(self._akin(row)[0], NEVER)
        return self.own(row, readings) - RIVALRY * others.logsumexp(1).clamp_min(0)

    def known(self, readings: Float[Tensor, "n rank"]) -> Float[Tensor, "n relations"]:
        """The evidence for every relation of the bank."""
        return self.bank.metric.ratio(readings, self.bank.centres)

    def own(self, row: int, readings: Float[Tensor, "n rank"]) -> Float[Tensor, " n"]:
        """For all of a fact's wordings together that ask alike, or for one by itself that asks
        something else (as a user may add it), or that is surely meant.
        """
        metric, codes = self.bank.metric, self.codes(row)
        alike = metric.ratio(codes[:1], codes)[0] > ALIKE
        alike[0] = True
        together = metric.ratio_to_all(readings, codes[alike])
        one = metric.ratio(readings, codes)
        other = one.masked_fill(alike, NEVER).max(1).values
        best = one.max(1).values
        surely = torch.where(best > PLAIN, best, NEVER)
        return torch.stack([together, other, surely]).amax(0)

    def _akin(self, row: int) -> tuple[Bool[Tensor, " relations"], float]:
        """The relations of the bank that may be the fact's own, and the best one's evidence."""
        if row not in self._relatives:
            ratio = self.known(self.codes(row)).max(0).values
            sure = float(ratio.max())
            self._relatives[row] = ratio > max(ALIKE, sure - NEAREST), sure
        return self._relatives[row]
