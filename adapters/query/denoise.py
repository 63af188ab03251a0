"""From what is heard to what is said: the block's optimum for a finite set of facts.

The block's estimate of the label embedding is the posterior mean over the facts (a modern Hopfield
network); with one site alpha_bar_T = 1, so that z_T is the embedding of the likeliest fact. The
null fact has a hard threshold on the evidence: where no fact passes it, the host's own state stays
untouched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.hearing import Heard, Listener
from adapters.query.labels import Head, SayableLabels
from adapters.query.running import Sequence as Transcript
from adapters.query.running import Speech
from adapters.query.voice import Voice
from adapters.text.clauses import Asking, turned_round
from adapters.text.pieces import Pieces
from adapters.text.table import NameTable
from adapters.write.rows import FactRows
from oneshot.core.rules.posterior import posterior_weights

ASKED = 0.0  # nats of evidence at which a fact answers what somebody asked
TOLD = 20.0  # nats at which it speaks where perhaps nobody did
RIVALRY = 0.5  # of the evidence for other relations of the bank that counts against a fact
ALIKE = 12.0  # nats at which a relation of the bank may be the fact's own
NEAREST = 15.0  # nats behind the likeliest one at which it still may
SURE = 30.0  # nats at which the bank surely knows the fact's relation
PLAIN = 40.0  # nats of a fact's own evidence that no other relation outdoes
BEHIND = -4.0  # nats by which that may then fall behind another relation of the bank
SAME = 2.0  # squared distance below which two readings are of the same words
CERTAIN = 1000.0  # nats that the taught words themselves are worth
VALUE = 0.0  # log odds of "a value comes next" that an unasked fact needs
NO_VALUE = -3.0  # log odds of "a value comes next" below which a sentence goes on first


@dataclass(frozen=True)
class Firing:
    """Facts speak: what they say, and the evidence in nats of each."""

    speech: Speech
    evidence: dict[int, float]


@runtime_checkable
class Denoiser(Protocol):
    """Decides at a position whether a fact speaks; `label`s have norm 1."""

    calibration: Calibration

    def listen(self, said: Transcript, at: int, *, asked: bool) -> Firing | None:
        """What speaks behind token `at`; `asked` says that the host is to answer there."""

    def label(self, token: int) -> Float[Tensor, " width"]:
        """The label embedding of a token, of norm 1."""


class PosteriorDenoiser:
    """The default: one row per fact, the exact posterior over them."""

    def __init__(
        self,
        calibration: Calibration,
        rows: FactRows,
        head: Head,
        tokenizer: Any,
    ) -> None:
        self.calibration, self.rows, self.tokenizer = calibration, rows, tokenizer
        self.label = SayableLabels(calibration.labels, head, calibration.scale)
        self._relatives: dict[int, tuple[Bool[Tensor, " relations"], float]] = {}

    @cached_property
    def pieces(self) -> Pieces:
        """The characters behind the tokens."""
        return Pieces.of(self.tokenizer)

    @cached_property
    def listener(self) -> Listener:
        """Hears the names of the facts."""
        longest = int(self.rows.longest.max()) if len(self.rows) else 1
        table = NameTable.build(self.rows.names, self.rows.firsts, longest)
        return Listener(table, self.pieces)

    @cached_property
    def voice(self) -> Voice:
        """Says the facts."""
        return Voice(self.tokenizer, self.pieces, self.rows)

    def listen(self, said: Transcript, at: int, *, asked: bool) -> Firing | None:
        """What speaks behind token `at`; `asked` says that the host is to answer there."""
        if not asked:
            return self._told(self.listener.told(said, at), said)
        heard, chat = self.listener.asked(said, at)
        chosen = [(h, *best) for h in heard if (best := self._best(h)) is not None]
        if not chosen:
            return None
        evidence = {row: value for _, row, value in chosen}
        if chat:
            once = {row: (row, h.asking, h.text) for h, row, _ in chosen}
            return Firing(self.voice.reply(list(once.values())), evidence)
        first, row, _ = max(chosen, key=lambda c: c[2])
        if first.asking is Asking.YES_NO:
            return Firing(self.voice.yes_no(row, first.text), evidence)
        return Firing(self.voice.value(row), {row: evidence[row]})

    def _told(self, heard: Sequence[Heard], said: Transcript) -> Firing | None:
        chosen = [best for h in heard if (best := self._best(h)) is not None]
        chosen = [best for best in chosen if best[0] not in said.spoken]
        if not chosen:
            return None
        row, value = max(chosen, key=lambda c: c[1])
        return Firing(self.voice.value(row), {row: value})

    def _best(self, heard: Heard) -> tuple[int, float] | None:
        """The likeliest fact and its evidence, where it passes the threshold and no other name is
        asked about more surely.
        """
        found = torch.tensor([self._evidence(row, heard) for row in heard.facts])
        least = CERTAIN if heard.exact else TOLD if heard.strict else ASKED
        barred = found.masked_fill(found < least, -torch.inf)[None]
        if bool(barred.isneginf().all()):
            return None
        none = barred.new_zeros(1, 1)
        weights = posterior_weights(barred, none, barred.new_zeros(barred.shape[1], 1), 0.0)
        chosen = int(weights[0].argmax())
        value = float(found[chosen])
        sure = value >= CERTAIN
        if heard.completes and heard.value < (VALUE if heard.strict else NO_VALUE) and not sure:
            return None
        return heard.facts[chosen], value

    def _evidence(self, row: int, heard: Heard) -> float:
        """log p(readings | fact asked) - log p(readings | another relation), in nats.

        What the bank knows to be asked instead, by its likelihood, counts against the fact.
        """
        codes, metric = self.rows.codes(row), self.calibration.metric
        codes = codes.to(metric.between.device)
        own = metric.ratio(heard.readings, codes).max(1).values
        if bool(torch.cdist(heard.whole, codes).min().square() < SAME):
            return CERTAIN + float(own.max())
        if turned_round(heard.text, self.voice.sentence(row)):
            return -float("inf")
        if len(heard.rivals) and bool(metric.ratio(heard.rivals, codes).max() > own.max()):
            return -float("inf")
        known, (akin, sure) = (
            metric.ratio(heard.readings, self.calibration.centres),
            self._akin(row),
        )
        others = known.masked_fill(akin, -torch.inf)
        if sure > SURE and bool(akin.any()) and float(own.max()) < PLAIN:
            kin = known.masked_fill(~akin, -torch.inf).max(1).values
            if float((kin - others.max(1).values).max()) < BEHIND:
                return -float("inf")
        return float((own - RIVALRY * others.logsumexp(1).clamp_min(0)).max())

    def _akin(self, row: int) -> tuple[Bool[Tensor, " relations"], float]:
        """The relations of the bank that may be the fact's own, and the best one's evidence."""
        if row not in self._relatives:
            codes = self.rows.codes(row).to(self.calibration.centres)
            ratio = self.calibration.metric.ratio(codes, self.calibration.centres).max(0).values
            sure = float(ratio.max())
            self._relatives[row] = ratio > max(ALIKE, sure - NEAREST), sure
        return self._relatives[row]
