"""How likely what is heard is to ask for a fact: where it stands, and in the frame."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Bank, Calibration
from adapters.query.view import Heard
from adapters.query.voice import Voice
from adapters.query.weighing import NEVER, Weighing
from adapters.text.clauses import turned_round
from adapters.write.rows import Rows

SAME = 2.0  # squared distance below which two readings are of the same words
CERTAIN = 1000.0  # nats that the taught words themselves are worth


@dataclass(frozen=True)
class Evidence:
    """Weighs what is heard, in nats."""

    calibration: Calibration
    rows: Rows
    voice: Voice

    @cached_property
    def plain(self) -> Weighing:
        """By readings of clauses where they stand."""
        codes = lambda row: self.calibration.plain_of(self._codes(row))  # noqa: E731
        return Weighing(self.calibration.plain, codes)

    @cached_property
    def framed(self) -> Weighing:
        """By readings of clauses in the frame."""
        bank: Bank | None = self.calibration.framed
        assert bank is not None, "nothing is read in a frame that nobody calibrated"
        codes = lambda row: self.calibration.framed_of(self._codes(row))  # noqa: E731
        return Weighing(bank, codes)

    def of_heard(self, row: int, heard: Heard) -> float:
        """The best of the readings around a name; a fact's own words are CERTAIN."""
        own = self.plain.own(row, heard.readings)
        if bool(torch.cdist(heard.whole, self.plain.codes(row)).min().square() < SAME):
            return CERTAIN + float(own.max())
        if turned_round(heard.asked.text, self.voice.sentence(row)):
            return NEVER
        if len(heard.rivals) and bool(self.plain.own(row, heard.rivals).max() > own.max()):
            return NEVER
        if heard.framed is not None:
            return self.framed.best(row, heard.framed)
        return self.plain.best(row, heard.readings)

    def of_each(
        self,
        row: int,
        readings: Float[Tensor, "n rank"],
        known: Float[Tensor, "n relations"] | None = None,
    ) -> Float[Tensor, " n"]:
        """Of each reading by itself; `known` is what the bank makes of them, if that is there."""
        return self.plain.each(row, readings, known)

    def known(self, readings: Float[Tensor, "n rank"]) -> Float[Tensor, "n relations"]:
        """The evidence for every relation of the bank."""
        return self.plain.known(readings)

    def _codes(self, row: int) -> Float[Tensor, "count width"]:
        return self.rows.one(row).codes(0)
