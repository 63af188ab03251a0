"""Chains of facts: a phrase that a fact answers stands for its answer; the rest is read again.

In "Where was the author of Misery born?" the phrase "the author of Misery" is read like a clause.
Where it asks for a taught fact whose answer is a taught name itself, the phrase is masked in that
name's place, and the facts on that name are asked what the rest of the clause asks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from adapters.query.chained.naming import asks_more, names
from adapters.query.chained.phrases import noun_phrases, phrases
from adapters.query.chained.places import is_country, where_it_lies
from adapters.query.evidence import Evidence
from adapters.query.listening.asked import Asked, Heard, Named
from adapters.query.listening.view import View, standing
from adapters.query.voice import Voice
from adapters.text.aimed import beyond
from adapters.text.clauses import Asking, Span, clauses_of
from adapters.text.names import key_number, name_key
from adapters.text.table import NameTable

OWNED = re.compile(r"(.+)['\u2019]s \w")
YOURS = re.compile(r"^your ")  # as it is told back to whoever taught "our dog"
HOPS = 4  # facts of one chain
PHRASE = -3.0  # nats at which a phrase may ask for a fact
BEAM = 8  # phrases that are read on
EACH = 4  # of these for one fact
INSIDE = 9.0  # nats at which a phrase surely asks for a fact, and by which it outdoes the clause


@dataclass(frozen=True)
class Link:
    """A name in a clause, or a phrase in one's place after the facts `via`; and their evidence."""

    named: Named
    asked: Asked
    via: tuple[int, ...] = ()
    evidence: float = float("inf")


@dataclass(frozen=True)
class Inner:
    """A phrase in a clause that asks for the last of the facts `via`, in characters."""

    span: Span
    via: tuple[int, ...]
    evidence: float


@dataclass(frozen=True)
class Chains:
    """Follows phrases from the names of one table."""

    table: NameTable
    voice: Voice
    evidence: Evidence
    _names: dict[int, tuple[str, tuple[int, ...]] | None] = field(default_factory=dict)

    def links(self, reached: Sequence[Link]) -> Iterator[tuple[Link, Heard]]:
        """The clause read again with phrases in it masked as the names that they stand for."""
        for link in reached:
            asked = self.narrowed(link.asked) if link.via else link.asked
            for heard in asked.view.read(asked) if link.via else ():
                if heard.name.key == link.named[0].key:
                    yield link, heard

    def inner(self, reached: Sequence[Link]) -> Inner | None:
        """The phrase that surely asks for a fact on whose answer the clause asks something else."""
        found = [inner for link in reached for inner in self._inner(link)]
        return max(found, key=lambda inner: (len(inner.via), inner.evidence), default=None)

    def leads_on(self, text: str) -> bool:
        """Whether a text may ask for more than a fact tells of a name in it, by its words alone."""
        named, view = self.table.mentions(text), View.unread(text)
        clauses = clauses_of(text, names=[(m.start, m.end) for m, _ in named])
        within = [(c.start, c.end) for c in clauses]
        asked = [
            Asked(view, (begin, end), Asking.VALUE, (one,))
            for begin, end in within
            for one in named
            if begin <= one[0].start and one[0].end <= end
        ]
        return not asked or any(map(self._says_more, asked))

    def _says_more(self, asked: Asked) -> bool:
        ((mention, rows),) = asked.named
        phrase = next(noun_phrases(asked, mention), None)
        return phrase is not None or any(beyond(asked.text, self.voice.prompt(r)) for r in rows)

    def reached(self, clause: Asked) -> list[Link]:
        """The names in a clause, and the phrases that stand for names, step by step."""
        last = [Link(named, clause) for named in (*clause.named, *clause.owners)]
        found = [*last]
        for _ in range(HOPS - 1):
            ways = self._renamed, self._grown
            grown = [link for start in last for way in ways for link in way(start)]
            last = sorted(grown, key=lambda link: -link.evidence)[:BEAM]
            found += last
        return found

    def _inner(self, link: Link) -> Iterator[Inner]:
        asked, (mention, rows) = link.asked, link.named
        for row in rows:
            if span := beyond(asked.text, self.voice.prompt(row)):
                start = asked.view.text.find(asked.text, asked.within[0])
                yield Inner((start + span[0], start + span[1]), (*link.via, row), float("inf"))
                return
        masked = [(mention.start, mention.end)]
        spans = list(noun_phrases(asked, mention))
        codes = asked.view.codes.codes([(span, masked) for span in spans])
        whole = asked.view.codes.codes([(asked.within, masked)])
        if codes is None or whole is None:
            return
        for row in rows:
            found = self.evidence.of_each(row, codes)
            best = int(found.argmax())
            least = max(0.0, float(self.evidence.of_each(row, whole)[0])) + INSIDE
            if float(found[best]) > least:
                evidence = min(link.evidence, float(found[best]))
                led = self.to_country(row, is_country(asked.view.text[slice(*spans[best])]))
                yield Inner(spans[best], (*link.via, *led), evidence)

    def narrowed(self, asked: Asked) -> Asked:
        """A question for yes or no without the names that are answers of facts on others in it."""
        if asked.kind is not Asking.YES_NO or len(asked.named) < 2:
            return asked
        onward = [self._onward(row) for _, rows in asked.named for row in rows]
        answers = {key for found in onward if found for key in found[:1]}
        rest = tuple(named for named in asked.named if named[0].key not in answers)
        return replace(asked, named=rest) if rest else asked

    def _renamed(self, start: Link) -> Iterator[Link]:
        """The other name of whom a name stands for, where a fact tells what it is called."""
        asked, (mention, rows) = start.asked, start.named
        for row in rows:
            onward = self._onward(row) if names(self.voice.prompt(row), mention.key) else None
            if onward and asks_more(asked, mention):
                key, further = onward
                named = standing(asked.view.words, (mention.start, mention.end), key), further
                yield Link(named, _put(asked, named), (*start.via, row), start.evidence)

    def _grown(self, start: Link) -> Iterator[Link]:
        """The phrases around a name that ask for a fact on it whose answer is a name."""
        waiting = {row: onward for row in start.named[1] if (onward := self._onward(row))}
        if not waiting:
            return
        asked, (mention, _) = start.asked, start.named
        spans = list(phrases(asked, mention))
        masked = [(mention.start, mention.end)]
        codes = asked.view.codes.codes([(span, masked) for span in spans])
        if codes is None:
            return
        known = self.evidence.known(codes)
        for row in waiting:
            found = self.evidence.of_each(row, codes, known)
            for value, i in zip(*found.topk(min(EACH, len(found))), strict=True):
                if float(value) > PHRASE:
                    evidence = min(start.evidence, float(value))
                    yield from self._link(start, row, spans[int(i)], evidence)

    def _link(self, start: Link, row: int, span: Span, evidence: float) -> Iterator[Link]:
        """A phrase in the place of the name that answers a fact, where facts are on that name."""
        asked = start.asked
        led = self.to_country(row, is_country(asked.view.text[slice(*span)]))
        if onward := self._onward(led[-1]):
            key, rows = onward
            named = standing(asked.view.words, span, key), rows
            yield Link(named, _put(asked, named), (*start.via, *led), evidence)

    def to_country(self, row: int, wanted: bool) -> tuple[int, ...]:
        """A fact and, where the country of its answer is `wanted`, the one that tells it."""
        onward = self._onward(row) if wanted else None
        if onward is None:
            return (row,)
        rows = onward[1]
        lies = where_it_lies([(self.voice.prompt(r), self.voice.answer(r)) for r in rows])
        return (row,) if lies is None else (row, rows[lies])

    def _leads_back(self, row: int, before: int) -> bool:
        """Whether a fact tells the other way round what the fact before it tells: it is about that
        one's answer, answers with its subject, and says so in other words.
        """
        here, there = (self.voice.answer(r).removesuffix(".") for r in (row, before))
        if not bool((self.evidence.rows.one(before).names == key_number(name_key(here))).any()):
            return False
        said, other = (self.voice.sentence(r).lower() for r in (row, before))
        for name in (here, there):
            said, other = said.replace(name.lower(), ""), other.replace(name.lower(), "")
        return said != other

    def _onward(self, row: int) -> tuple[str, tuple[int, ...]] | None:
        """The key of a fact's answer and the facts on it, where it is a taught name.

        What its inverse says is nothing new.
        """
        if row not in self._names:
            key, found = self._on(self.voice.answer(row).removesuffix("."))
            rows = tuple(r for r in found if not self._leads_back(r, row))
            self._names[row] = (key, rows) if rows else None
        return self._names[row]

    def _on(self, answer: str) -> tuple[str, tuple[int, ...]]:
        """The key of an answer and the facts on it; of "Ann's shop" those of Ann's on it."""
        spelled = dict.fromkeys(YOURS.sub(owner, answer) for owner in ("your ", "our ", "my "))
        keys = [key for key in map(name_key, spelled) if key]
        there = ((key, rows) for key in keys if (rows := self.table.rows_of(key)))
        key, found = next(there, (name_key(answer), ()))
        owner = OWNED.match(answer)
        if found or not owner:
            return key, found
        key, begins = name_key(owner[1]), answer.lower()
        rows = self.table.rows_of(key) if key else ()
        return key, tuple(r for r in rows if self.voice.prompt(r).lower().startswith(begins))


def _put(asked: Asked, named: Named) -> Asked:
    """The clause with a phrase in the place of the names that stand in it."""
    mention = named[0]
    rest = [n for n in asked.named if n[0].last < mention.first or n[0].first > mention.last]
    named_now = tuple(sorted([*rest, named], key=lambda n: n[0].first))
    return replace(asked, named=named_now, owners=(), apart=False)
