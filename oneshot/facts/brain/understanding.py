"""What a fact is understood to tell: its relation by the bank, and which facts it excludes."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.query.evidence import SAME
from adapters.text.words import words_of
from adapters.write.rows import NO_TOKEN, FactRows
from oneshot.facts.implied.wording import of_speaker, side_of
from oneshot.facts.types import Statement
from oneshot.hosts.relations import spoken
from oneshot.hosts.sides import sides
from oneshot.memory.journal.rows import NEW_RELATION

KNOWN = 5.0  # nats at which a relation of the bank names what was understood
SURE = 14.0  # nats at which a declared relation of the bank is surely meant
AHEAD = 3.0  # nats by which it then is ahead of all others
NAMED = 10.0  # nats by which a relation is to be ahead, by all readings, to name what was told

Told = tuple[Statement, FactRows]


class _Column:
    """A text for each relation of the bank, compared as numbers: a fact is compared with all."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        self._numbers = torch.tensor([self._number[text] for text in texts])

    def places(self, text: str) -> Bool[Tensor, " relations"]:
        """Where a text stands."""
        return self._numbers == self._number.get(text, -1)


_TELLS_WAY = re.compile(
    r"\b(?:is|are|was|were)\b|\b(?:by|for|at|in|from|to|with|of|on|called|named)(?: the)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Understanding:
    """Reads facts by a host's calibration; `labels` names relations, `many` have several values."""

    calibration: Calibration
    labels: Mapping[str, str]
    many: Collection[str]

    def relation(self, told: Told) -> str:
        """The relation of the bank that a fact surely tells, by its readings or in its words; a new
        one where there is none.
        """
        statement, row = told
        label = self._nearest(row)
        own = {w.key for text in (statement.prompt, *statement.asks) for w in words_of(text)}
        said = all(word.key in own for word in words_of(label))
        return label if said or self._ahead(row, label) > NAMED else NEW_RELATION

    def _ahead(self, row: FactRows, label: str) -> float:
        """By how many nats the relations of a label are likelier than any other."""
        bank, codes = self.calibration.plain, self.calibration.plain_of(row.codes(0))
        found = bank.metric.ratio_to_all(bank.centres, codes)
        own = self._named.places(label)
        return float(found[own].max() - found[~own].max()) if bool(own.any()) else -torch.inf

    def _nearest(self, row: FactRows) -> str:
        """The relation of the bank that the fact's readings are nearest to, or a new one."""
        ratios = self._ratios(row)
        best = int(ratios.argmax())
        if float(ratios[best]) < KNOWN:
            return NEW_RELATION
        return self._named.texts[best]

    @cached_property
    def _named(self) -> "_Column":
        """What the relations of the bank are called."""
        return _Column([self.labels.get(r, spoken(r) or r) for r in self.calibration.relations])

    @cached_property
    def _sides(self) -> "_Column":
        """The declared sides of the relations of the bank; empty for those without one."""
        declared = {name: side.name for side in sides().values() for name in side.bank}
        return _Column([declared.get(name, "") for name in self.calibration.relations])

    def side(self, told: Statement, row: FactRows) -> str:
        """The declared side that the readings surely tell, of another name than the speaker's;
        empty where there is none, or where the words tell it anyhow, or a bare verb ("mentors")
        does not tell which way round.
        """
        if side_of(told) or of_speaker(told) or not _TELLS_WAY.search(told.prompt):
            return ""
        ratios = self._ratios(row)
        side = self._sides.texts[int(ratios.argmax())]
        if not side:
            return ""
        best, next_ = float(ratios.max()), float(ratios[~self._sides.places(side)].max())
        return side if best > SURE and best - next_ > AHEAD else ""

    def _ratios(self, row: FactRows) -> Float[Tensor, " relations"]:
        """The evidence for every relation of the bank, as all wordings of a fact tell it."""
        plain = self.calibration.plain
        codes = self.calibration.plain_of(row.codes(0))
        return plain.metric.ratio(codes, plain.centres).mean(0)

    def excludes(self, new: Told, old: Told) -> bool:
        """Whether a fact takes the place of an old one on the same subject.

        Nothing is replaced by mistake: the prompts have to be the same words, or the facts have a
        wording in common and ask a thing of which there is one. What they ask is too near in
        "died in" and "died on" to go by. What was taught as one answer among several, or for
        another time, stays.
        """
        told, other = new[0], old[0]
        same_time = (told.since, told.until) == (other.since, other.until)
        several = (told.also or other.also) and told.answer != other.answer
        return same_time and not several and not other.origins and self._asks_same(old[1], new[1])

    def _asks_same(self, old: FactRows, new: FactRows) -> bool:
        plain = self.calibration.plain_of
        same = torch.cdist(plain(old.codes(0)), plain(new.codes(0))).square() < SAME
        if bool(same[0, 0]):
            return True
        single = self._nearest(new) not in self.many
        return not _same_answer(old, new) and single and bool(same.any())


def _same_answer(a: FactRows, b: FactRows) -> bool:
    return torch.equal(a.answer[a.answer != NO_TOKEN], b.answer[b.answer != NO_TOKEN])
