"""How likely what is heard is to ask for a fact: where it stands, and in the frame."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.listening.asked import Heard
from adapters.query.voice import Voice
from adapters.query.weighing import NEVER, Weighing
from adapters.text.aimed import (
    COPULA,
    beyond,
    done_by_ours,
    done_to_it,
    named_is_another,
    turned_round,
    unnamed,
    whether_only,
)
from adapters.text.clauses import Asking, denies
from adapters.text.contrasts import contrasted
from adapters.text.kinds import of_another_kind
from adapters.text.words import words_of
from adapters.write.rows import Rows

_EVER = re.compile(
    r"^\W*(?:is|are|was|were|do|does|did|has|have|had)\b.*"
    r"\b(?:ever|once|formerly|previously|used to)\b",
    re.IGNORECASE,
)
SAME = 2.0  # squared distance below which two readings are of the same words
FAR = -10.0  # nats at which no reading in the frame makes up for the one in place
SUMMED_UP = 2.0  # nats more that one in the frame is worth, where as few other questions pass
OTHERS = 64  # facts of a name whose words are looked for in a clause
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
        return Weighing(self.calibration.plain, partial(self._codes, self.calibration.plain_of))

    @cached_property
    def framed(self) -> Weighing:
        """By readings of clauses in the frame."""
        bank = self.calibration.framed
        assert bank is not None, "nothing is read in a frame that nobody calibrated"
        return Weighing(bank, partial(self._codes, self.calibration.framed_of))

    def of_heard(self, row: int, heard: Heard) -> float:
        """The best of the readings around a name; a fact's own words are CERTAIN."""
        if (certain := self.of_own_words(row, heard)) > NEVER:
            return certain
        if self._aims_past(row, heard) or self._asks_of_another(row, heard):
            return NEVER
        plain = self.plain.best(row, heard.readings)
        framed = heard.framed() if plain > FAR else None
        return plain if framed is None else self.framed.best(row, framed) + SUMMED_UP

    def of_own_words(self, row: int, heard: Heard) -> float:
        """CERTAIN and more where a clause has a fact's own words, else NEVER."""
        taught = self.calibration.plain_of(self._taught(row))
        if bool(torch.cdist(heard.whole, taught).min().square() >= SAME):
            return NEVER
        if denies(heard.asked.text) and not denies(self.voice.prompt(row)):
            return NEVER
        return CERTAIN + float(self.plain.own(row, heard.readings).max())

    def _asks_of_another(self, row: int, heard: Heard) -> bool:
        """Whether the words around another name in the clause ask more surely.

        What the fact's own prompt says ("Wi-Fi") is no other name.
        """
        if not len(heard.rivals):
            return False
        told = {w.key for w in words_of(_without(_said(heard), self.voice.prompt(row)))}
        if all(set(other.key.split()) <= told for other in heard.others):
            return False
        own, others = (self.plain.own(row, codes) for codes in (heard.readings, heard.rivals))
        return bool(others.max() > own.max())

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

    def relation(self, row: int) -> str:
        """The relation of the bank that a fact is likeliest to tell."""
        ratio = self.known(self.plain.codes(row)).max(0).values
        return self.calibration.relations[int(ratio.argmax())]

    def _aims_past(self, row: int, heard: Heard) -> bool:
        """Whether the clause's words ask for something else than the fact tells, however near."""
        clause, prompt = heard.asked.text, self.voice.prompt(row)
        name = _said(heard)
        return (
            turned_round(clause, self.voice.sentence(row))
            or done_to_it(clause, name, prompt)
            or self._asks_beyond(clause, prompt, heard)
            or done_by_ours(clause, prompt)
            or named_is_another(clause, prompt)
            or (whether_only(prompt) and heard.asked.kind is not Asking.YES_NO)
            or of_another_kind(clause, prompt, self.voice.answer(row).removesuffix("."))
            or contrasted(clause.replace(name, " "), _without(name, prompt))
        )

    def asks_of_before(self, row: int, clause: str) -> bool:
        """Whether a clause asks if something was ever so, which a fact of today cannot deny."""
        return bool(_EVER.search(clause)) and self.voice.place(row, clause) is None

    def _asks_beyond(self, clause: str, prompt: str, heard: Heard) -> bool:
        """Whether more is asked of the fact's answer, or of what another fact on the name tells,
        where no chain has put that in its place.
        """
        prompts = (self.voice.prompt(r) for r in heard.facts[:OTHERS])
        own = prompt.lower()
        others = (p for p in prompts if COPULA.sub("", p.strip()).lower() not in own)
        found = filter(None, (beyond(clause, p) for p in (prompt, *others)))
        begin, name = heard.asked.within[0], heard.name
        return any(not (name.start <= begin + a and begin + b <= name.end) for a, b in found)

    def _taught(self, row: int) -> Float[Tensor, "count width"]:
        return self.rows.one(row).codes(0)

    def _codes(self, part: Callable[[Tensor], Tensor], row: int) -> Float[Tensor, "count rank"]:
        """A fact's wordings; but "the name of the" reads alike, whatever is named."""
        codes, prompt = part(self._taught(row)), self.voice.prompt(row)
        return codes[1:] if len(codes) > 1 and unnamed(prompt) != prompt else codes


def _said(heard: Heard) -> str:
    """A name as it stands in the text."""
    return heard.asked.view.text[heard.name.start : heard.name.end]


def _without(name: str, prompt: str) -> str:
    """A prompt without a name, whose own words ask for nothing."""
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", prompt, flags=re.IGNORECASE)
