"""From what is heard to what is said: the block's optimum for a finite set of facts.

The block's estimate of the label embedding is the posterior mean over the facts (a modern Hopfield
network); with one site alpha_bar_T = 1, so that z_T is the embedding of the likeliest fact. The
null fact has a hard threshold on the evidence: where no fact passes it, the host's own state stays
untouched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.chained.chains import INSIDE, Chains, Inner, Link
from adapters.query.chained.places import asks_country
from adapters.query.choice import Choice
from adapters.query.evidence import CERTAIN, Evidence
from adapters.query.lexicon import Lexicon
from adapters.query.listening.asked import Asked, Heard
from adapters.query.listening.hearing import Listener
from adapters.query.offers import Offers
from adapters.query.running import Alone, Speech
from adapters.query.running import Sequence as Transcript
from adapters.query.voice import Voice
from adapters.text.clauses import Asking
from adapters.text.table import NameTable
from adapters.write.rows import Rows
from oneshot.core.rules.posterior import posterior_weights

ASKED = 0.0  # nats of evidence at which a fact answers what somebody asked
FOLLOWED = -3.0  # nats at which each fact of a chain is meant, where the others are too
ENOUGH = 15.0  # nats beyond which chains of different length are alike
REST = 5.0  # nats at which the rest of a clause surely asks for the last fact of a chain
TOLD = 20.0  # nats at which it speaks where perhaps nobody did
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
    tokenizer: Any

    def listen(
        self, said: Transcript, at: int, alone: Alone | None = None, *, asked: bool
    ) -> Firing | None:
        """What speaks behind token `at`; `asked` says that the host is to answer there.

        What is asked behind other text is read as it stands by itself, where that can be done.
        """

    def label(self, token: int) -> Float[Tensor, " width"]:
        """The label embedding of a token, of norm 1."""


class PosteriorDenoiser:
    """The default: one row per fact, the exact posterior over them.

    `least` is the evidence in nats at which a fact answers what somebody asked.
    """

    least = ASKED

    def __init__(self, lexicon: Lexicon, rows: Rows) -> None:
        self.lexicon, self.rows = lexicon, rows
        self.calibration, self.tokenizer = lexicon.calibration, lexicon.tokenizer
        self.label = lexicon.label

    @cached_property
    def table(self) -> NameTable:
        """The names of the facts."""
        return NameTable(
            self.rows.name_keys(),
            lambda row: int(self.rows.one(row).subject),
            self.voice.answer,
            self.voice.prompt,
        )

    @cached_property
    def listener(self) -> Listener:
        """Hears the names of the facts."""
        return Listener(self.table, self.lexicon.pieces, frames=self.calibration.framed is not None)

    @cached_property
    def evidence(self) -> Evidence:
        """Weighs what is heard."""
        return Evidence(self.calibration, self.rows, self.voice)

    @cached_property
    def chains(self) -> Chains:
        """Follows facts to facts on their answers."""
        return Chains(self.table, self.voice, self.evidence)

    @cached_property
    def offers(self) -> Offers:
        """Reads questions without the answers that they offer."""
        return Offers(self.table, self.voice)

    @cached_property
    def voice(self) -> Voice:
        """Says the facts."""
        return Voice(self.tokenizer, self.lexicon.pieces, self.rows)

    def listen(
        self, said: Transcript, at: int, alone: Alone | None = None, *, asked: bool
    ) -> Firing | None:
        """What speaks behind token `at`; `asked` says that the host is to answer there."""
        if not asked:
            return self._told(self.listener.told(said, at), said)
        heard, chat = self.listener.asked(said, at, alone)
        clauses = groupby(heard, key=lambda h: h.asked)
        chosen = [c for asked, group in clauses for c in self._likeliest(asked, group)]
        if not chosen:
            return None
        best = max(chosen, key=lambda c: c.evidence)
        if chat:
            once = list({choice.row: choice for choice in chosen}.values())
            speech = self.voice.reply(
                [(c.row, c.heard.asked.kind, c.heard.asked.text) for c in once]
            )
            via = tuple(row for choice in once for row in choice.via)
            return Firing(replace(speech, via=via), {c.row: c.evidence for c in once})
        if best.heard.asked.kind is Asking.YES_NO:
            speech = self.voice.yes_no(best.row, best.heard.asked.text)
        else:
            speech = self.voice.value(best.row)
        return Firing(replace(speech, via=best.via), {best.row: best.evidence})

    def _told(self, heard: Sequence[Heard], said: Transcript) -> Firing | None:
        chosen = [best for h in heard if (best := self._best(h)) is not None]
        chosen = [c for c in chosen if c.row not in said.spoken and not self._is_said(c)]
        if not chosen:
            return None
        best = max(chosen, key=lambda c: c.evidence)
        return Firing(self.voice.value(best.row), {best.row: best.evidence})

    def _is_said(self, choice: Choice) -> bool:
        """Whether an open clause has the fact's answer in it already ("In Oslo, Ann bought her"),
        which then is not what it goes on with; but for names that hold it ("Oslo Central is in").
        """
        clause, answer = choice.heard.asked.text, self.voice.place
        told = answer(choice.row, self.voice.prompt(choice.row))
        return told is None and answer(choice.row, clause) is not None

    def _likeliest(self, asked: Asked, heard: Iterable[Heard]) -> list[Choice]:
        """The facts that a clause asks for, or the one that a chain leads to more surely."""
        narrowed = self.chains.narrowed(asked)
        heard = heard if narrowed is asked else asked.view.read(narrowed)
        direct = [best for h in heard if (best := self._best(h)) is not None]
        direct = self._offered(asked, direct)
        reached = [] if asked.strict else self.chains.reached(narrowed)
        chain = self._by_chain(reached)
        if chain and all(self._outdoes(chain, choice) for choice in direct):
            direct = [chain]
        if not direct and asked.instead:
            return self._likeliest(asked.instead, asked.view.read(asked.instead))
        now = (c for c in direct if not self.evidence.asks_of_before(c.row, asked.text))
        return [self._with_country(choice) for choice in now]

    def _with_country(self, choice: Choice) -> Choice:
        """Where a country is asked for and a fact tells a town, the one telling where it lies."""
        asked = choice.heard.asked
        wanted = asked.kind is Asking.VALUE and asks_country(asked.text)
        *via, row = self.chains.to_country(choice.row, wanted)
        return replace(choice, row=row, via=(*choice.via, *via))

    def _offered(self, asked: Asked, direct: list[Choice]) -> list[Choice]:
        """The fact whose answer a question offers, where that is what it asks for more surely."""
        found = [
            Choice(row, weight, replace(heard, asked=asked))
            for row, heard in self.offers.heard(asked)
            if (weight := self.evidence.of_heard(row, heard)) >= self.least
        ]
        best = max([*direct, *found], key=lambda c: c.evidence, default=None)
        return [best] if best in found else direct

    def inner(self, asked: Asked) -> Inner | None:
        """The phrase of a clause that is to be replaced by a fact's answer before it can be
        answered.
        """
        return self.chains.inner(self.chains.reached(self.chains.narrowed(asked)))

    def _outdoes(self, chain: Choice, direct: Choice) -> bool:
        """Whether a chain answers more surely than one fact: also where a phrase alone asks for
        that fact, and the rest for the last one.
        """
        whole = self._as_a_whole(direct)
        inside = direct.row in chain.via and chain.phrases > whole + INSIDE and chain.asks_more
        return chain.weight > whole or (inside and chain.evidence > REST)

    def _as_a_whole(self, choice: Choice) -> float:
        """A direct answer's evidence from all of the clause, not from a phrase in it alone."""
        if choice.evidence >= CERTAIN or len(choice.heard.readings) == 1:
            return choice.evidence
        return float(self.evidence.of_each(choice.row, choice.heard.whole)[0])

    def _by_chain(self, reached: Sequence[Link]) -> Choice | None:
        found = []
        for link, heard in self.chains.links(reached):
            best = self._best(self._saying(heard), FOLLOWED) or self._best(heard, FOLLOWED)
            if best is not None:
                least = min(best.evidence, link.evidence)
                found.append(replace(best, evidence=least, via=link.via))
        best = max(
            found, key=lambda c: (min(c.evidence, ENOUGH) + c.further, c.weight), default=None
        )
        if best is None:
            return None
        phrases = max(link.evidence for link in reached if link.via == best.via)
        return replace(best, phrases=phrases)

    def _saying(self, heard: Heard) -> Heard:
        """Of a question for yes or no, only the facts whose answer it offers."""
        if heard.asked.kind is not Asking.YES_NO:
            return replace(heard, facts=())
        clause = heard.asked.text
        offered = (row for row in heard.facts if self.voice.place(row, clause) is not None)
        return replace(heard, facts=tuple(offered))

    def _best(self, heard: Heard, asked: float | None = None) -> Choice | None:
        """The likeliest fact and its evidence, where it passes the threshold and no other name is
        asked about more surely.
        """
        strict = heard.asked.strict
        no_value = heard.asked.completes and heard.value < (VALUE if strict else NO_VALUE)
        exact = heard.exact or no_value
        weigh = self.evidence.of_own_words if exact else self.evidence.of_heard
        if not heard.facts:
            return None
        found = torch.tensor([weigh(row, heard) for row in heard.facts])
        least = self.least if asked is None else asked
        least = CERTAIN if exact else TOLD if strict else least
        barred = found.masked_fill(found < least, -torch.inf)[None]
        if bool(barred.isneginf().all()):
            return None
        none = barred.new_zeros(1, 1)
        weights = posterior_weights(barred, none, barred.new_zeros(barred.shape[1], 1), 0.0)
        chosen = int(weights[0].argmax())
        value = float(found[chosen])
        return Choice(heard.facts[chosen], value, heard)
