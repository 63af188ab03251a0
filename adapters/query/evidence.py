"""How likely readings are to ask for a fact, against the other relations that the bank knows."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.view import Heard
from adapters.query.voice import Voice
from adapters.text.aimed import (
    beyond,
    done_to_it,
    turned_round,
    unnamed,
    whether_only,
)
from adapters.text.clauses import Asking
from adapters.text.contrasts import contrasted
from adapters.write.rows import Rows

RIVALRY = 0.5  # of the evidence for other relations of the bank that counts against a fact
ALIKE = 12.0  # nats at which a relation of the bank, or a wording, may ask what the fact tells
NEAREST = 8.0  # nats behind the likeliest one at which it still may
SURE = 30.0  # nats at which the bank surely knows the fact's relation
PLAIN = 40.0  # nats of evidence that a fact is meant, whatever else could be
BEHIND = -4.0  # nats by which that may then fall behind another relation of the bank
SAME = 2.0  # squared distance below which two readings are of the same words
CERTAIN = 1000.0  # nats that the taught words themselves are worth
NEVER = -float("inf")


@dataclass(frozen=True)
class Evidence:
    """log p(reading | fact asked) - log p(reading | another relation), in nats.

    What the bank knows to be asked instead, by its likelihood, counts against the fact.
    """

    calibration: Calibration
    rows: Rows
    voice: Voice
    _prompts: dict[int, str] = field(default_factory=dict)
    _relatives: dict[int, tuple[Bool[Tensor, " relations"], float]] = field(default_factory=dict)

    def of_heard(self, row: int, heard: Heard) -> float:
        """The best of the readings around a name; a fact's own words are CERTAIN."""
        codes = self._codes(row)
        own = self._own(heard.readings, codes)
        if bool(torch.cdist(heard.whole, self._taught(row)).min().square() < SAME):
            return CERTAIN + float(own.max())
        if self._aims_past(row, heard):
            return NEVER
        if len(heard.rivals) and bool(self._own(heard.rivals, codes).max() > own.max()):
            return NEVER
        known, (akin, sure) = self.known(heard.readings), self._akin(row)
        others = known.masked_fill(akin, NEVER)
        if sure > SURE and bool(akin.any()) and float(own.max()) < PLAIN:
            kin = known.masked_fill(~akin, NEVER).max(1).values
            if float((kin - others.max(1).values).max()) < BEHIND:
                return NEVER
        return float((own - RIVALRY * others.logsumexp(1).clamp_min(0)).max())

    def of_each(
        self,
        row: int,
        readings: Float[Tensor, "n rank"],
        known: Float[Tensor, "n relations"] | None = None,
    ) -> Float[Tensor, " n"]:
        """Of each reading by itself; `known` is what the bank makes of them, if that is there."""
        own = self._own(readings, self._codes(row))
        known = self.known(readings) if known is None else known
        others = known.masked_fill(self._akin(row)[0], NEVER)
        return own - RIVALRY * others.logsumexp(1).clamp_min(0)

    def known(self, readings: Float[Tensor, "n rank"]) -> Float[Tensor, "n relations"]:
        """The evidence for every relation of the bank."""
        return self.calibration.metric.ratio(readings, self.calibration.centres)

    def relation(self, row: int) -> str:
        """The relation of the bank that a fact is likeliest to tell."""
        ratio = self.known(self._codes(row)).max(0).values
        return self.calibration.relations[int(ratio.argmax())]

    def _own(
        self, readings: Float[Tensor, "n rank"], codes: Float[Tensor, "count rank"]
    ) -> Float[Tensor, " n"]:
        """For all of a fact's wordings together that ask alike, or for one by itself that asks
        something else (as a user may add it), or that is surely meant.
        """
        metric = self.calibration.metric
        alike = metric.ratio(codes[:1], codes)[0] > ALIKE
        alike[0] = True
        together = metric.ratio_to_all(readings, codes[alike])
        one = metric.ratio(readings, codes)
        other = one.masked_fill(alike, NEVER).max(1).values
        best = one.max(1).values
        surely = torch.where(best > PLAIN, best, NEVER)
        return torch.stack([together, other, surely]).amax(0)

    def _aims_past(self, row: int, heard: Heard) -> bool:
        """Whether the clause's words ask for something else than the fact tells, however near."""
        clause, prompt = heard.asked.text, self._prompt(row)
        name = heard.asked.view.text[heard.name.start : heard.name.end]
        return (
            turned_round(clause, self.voice.sentence(row))
            or done_to_it(clause, name, prompt)
            or self._asks_beyond(clause, prompt, heard)
            or (whether_only(prompt) and heard.asked.kind is not Asking.YES_NO)
            or contrasted(clause.replace(name, " "), prompt)
        )

    def _asks_beyond(self, clause: str, prompt: str, heard: Heard) -> bool:
        """Whether more is asked of the fact's answer, where no chain has put that in its place."""
        found = beyond(clause, prompt)
        begin = heard.asked.within[0]
        return found is not None and not (
            heard.name.start <= begin + found[0] and begin + found[1] <= heard.name.end
        )

    def _prompt(self, row: int) -> str:
        if row not in self._prompts:
            self._prompts[row] = self.voice.prompt(row)
        return self._prompts[row]

    def _taught(self, row: int) -> Float[Tensor, "count rank"]:
        return self.rows.one(row).codes(0)

    def _codes(self, row: int) -> Float[Tensor, "count rank"]:
        """A fact's wordings; but "the name of the" reads alike, whatever is named."""
        codes, prompt = self._taught(row), self._prompt(row)
        return codes[1:] if len(codes) > 1 and unnamed(prompt) != prompt else codes

    def _akin(self, row: int) -> tuple[Bool[Tensor, " relations"], float]:
        """The relations of the bank that may be the fact's own, and the best one's evidence."""
        if row not in self._relatives:
            ratio = self.known(self._codes(row)).max(0).values
            sure = float(ratio.max())
            self._relatives[row] = ratio > max(ALIKE, sure - NEAREST), sure
        return self._relatives[row]
