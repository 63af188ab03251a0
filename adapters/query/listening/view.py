"""One text of a transcript: which of its clauses ask, and what of each name in them."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cache, partial

import torch
from torch import Tensor

from adapters.query.listening.asked import Asked, Heard, Named
from adapters.query.listening.sums import WindowCodes
from adapters.query.listening.windows import Windowed, Windows
from adapters.text.clauses import (
    BACK,
    PRONOUN,
    Asking,
    Clause,
    Span,
    asking,
    asks_for_answer,
    clauses_of,
    denies,
    is_bare_request,
    offers_choices,
)
from adapters.text.names import SPEAKER, Mention
from adapters.text.strangers import untaught_names, untaught_places
from adapters.text.words import Word, words_of

RECENT = 3  # names before a pronoun that it may stand for


class View:
    """A text with the codes of its windows.

    `alone` reads a clause of it by itself, `framed` in the frame.
    """

    alone: Callable[[str, int], WindowCodes | None] | None = None
    framed: Callable[[str, int], WindowCodes | None] | None = None

    def __init__(
        self, text: str, codes: WindowCodes, owners: Sequence[Named] = (), *, compete: bool
    ) -> None:
        self.text, self.codes, self.owners = text, codes, owners
        self.words = words_of(text)
        self._windows = Windows(text, self.words, compete=compete)

    @classmethod
    def unread(cls, text: str) -> "View":
        """A text's words, without codes."""
        return cls(text, WindowCodes((), lambda: torch.zeros(0, 1)), compete=True)

    def turn(self, turn: Span, named: Sequence[Named]) -> Iterator[Heard]:
        """Every clause of a user's turn that asks, read."""
        for asked in self.asks(turn, named):
            yield from asked.view.read(asked)
        yield from self._whole(turn, named)

    def asks(self, turn: Span, named: Sequence[Named]) -> Iterator[Asked]:
        """Every clause of a user's turn that asks."""
        part = self.text[turn[0] : turn[1]]
        names = [(m.start - turn[0], m.end - turn[0]) for m, _ in named]
        found = clauses_of(part, names=names)
        clauses = [Clause(c.start + turn[0], c.end + turn[0], c.ended) for c in found]
        for clause in clauses:
            last = clause is clauses[-1]
            kind = asking(self._of(clause), last_of_turn=last)
            if kind is Asking.NOTHING and self._is_asked_behind(clause, clauses):
                kind = Asking.VALUE
            if kind in (Asking.VALUE, Asking.YES_NO):
                yield self._asked(clause, named, kind)

    def _is_asked_behind(self, clause: Clause, clauses: Sequence[Clause]) -> bool:
        """Whether the next clause only asks to be told ("The capital of Zog. Do you know it?")."""
        following = next((c for c in clauses if c.start >= clause.end), None)
        return following is not None and is_bare_request(self._of(following))

    def _of(self, clause: Clause) -> str:
        return self.text[clause.start : clause.end]

    def plain(self, named: Sequence[Named], marks: Sequence[Span]) -> Iterator[Heard]:
        """An open clause about a name, or else the last question that what follows leaves open."""
        clauses = clauses_of(self.text, marks, [(m.start, m.end) for m, _ in named])
        if not clauses:
            return
        if not clauses[-1].ended or self._labels(clauses[-1], named):
            open_ = self._asked(clauses[-1], named, Asking.VALUE, completes=True)
            exact = denies(open_.text)  # but a fact's own words may deny something
            found = [replace(h, exact=h.exact or exact) for h in open_.view.read(open_)]
            if found or asking(open_.text) is not Asking.NOTHING:
                yield from found or self._whole((0, len(self.text)), named)
                return
        if question := self._question(clauses):
            i, kind = question
            asked = self._asked(clauses[i], named, kind)
            found = list(asked.view.read(asked))
            yield from found if self._left_open(clauses[i + 1 :], clauses[i]) else []
        yield from self._whole((0, len(self.text)), named)

    def _labels(self, clause: Clause, named: Sequence[Named]) -> bool:
        """Whether a clause about a name ends the text as its value's label ("Capital of Zog:")."""
        ends = not self.text[clause.end :].strip() and self._of(clause).endswith(":")
        return ends and bool(self._inside(clause, named))

    def open(self, clause: Clause, named: Sequence[Named], *, strict: bool) -> Iterator[Heard]:
        """A clause that is still open."""
        yield from self.read(self._asked(clause, named, Asking.VALUE, strict, completes=True))

    def _asked(
        self,
        clause: Clause,
        named: Sequence[Named],
        kind: Asking,
        strict: bool = False,
        *,
        completes: bool = False,
    ) -> Asked:
        """The clause with the names in it, or with words that stand for one before."""
        inside, within = self._inside(clause, named), (clause.start, clause.end)
        owners = () if strict else self._inside(clause, self.owners)
        alone = (inside or owners) and not strict  # a pronoun needs what stands in front
        view = self._by_itself(within) if alone else self
        apart = bool(inside) and not strict
        asked = Asked(view, within, kind, inside, owners, strict, completes, apart=apart)
        if inside or strict or self.strangers(within, []):
            return asked
        for meant in self._meant(within, named):
            asked = replace(asked, named=meant, instead=asked if asked.named else None)
        return asked

    def _by_itself(self, within: Span) -> "View":
        """This view with the codes of a clause as it reads with nothing in front of it."""
        if self.alone is None or self.codes.before(within[0]) <= 1:  # but the sink of attention
            return self
        codes = self.alone(self.text[slice(*within)], within[0])
        if codes is None:
            return self
        view = copy(self)
        view.codes = codes
        return view

    def of(self, text: str) -> "View | None":
        """Another text, read by itself; None where that cannot be done."""
        codes = self.alone(text, 0) if self.alone else None
        if codes is None:
            return None
        view = View(text, codes, compete=self._windows.compete)
        view.framed = self.framed
        return view

    def _inside(self, clause: Clause, named: Sequence[Named]) -> tuple[Named, ...]:
        """The names in a clause."""
        return tuple(n for n in named if clause.start <= n[0].start and n[0].end <= clause.end)

    def _meant(self, within: Span, named: Sequence[Named]) -> Iterator[tuple[Named, ...]]:
        """A clause's pronouns as each of the last names before it, the very last one at the end."""
        before = dict[str, Named]()
        for mention, facts in named:
            if mention.end <= within[0] and mention.key != SPEAKER:
                before.pop(mention.key, None)
                before[mention.key] = mention, facts
        pattern = PRONOUN if len(before) > 1 else BACK
        spans = [found.span() for found in pattern.finditer(self.text, *within)]
        for mention, facts in list(before.values())[-RECENT:] if spans else ():
            yield tuple((standing(self.words, span, mention.key), facts) for span in spans)

    def _question(self, clauses: Sequence[Clause]) -> tuple[int, Asking] | None:
        """The last clause that asks for more than how to answer."""
        for i in range(len(clauses) - 1, -1, -1):
            text = self._of(clauses[i])
            if i and (is_bare_request(text) or offers_choices(text)):
                return i - 1, Asking.VALUE
            kind = asking(text)
            if kind in (Asking.VALUE, Asking.YES_NO) and not asks_for_answer(text):
                return i, kind
        return None

    def _left_open(self, behind: Sequence[Clause], question: Clause) -> bool:
        """Whether the clauses behind a question are no answer to it."""
        rest = self.text[question.end :]
        return asks_for_answer(rest) or (len(behind) == 1 and behind[0].ended)

    def _whole(self, text: Span, named: Sequence[Named]) -> Iterator[Heard]:
        """The text from each of the last names' clauses to its end, where the clause that is open
        there has no name: a fact's own words may be several sentences.
        """
        inside = self._inside(Clause(*text, ended=False), named)
        part = self.text[slice(*text)]
        clauses = clauses_of(part, names=[(m.start - text[0], m.end - text[0]) for m, _ in inside])
        if not inside or not clauses or clauses[-1].ended:
            return
        last = text[0] + clauses[-1].start
        for mention, facts in list({m.key: (m, f) for m, f in inside}.values())[-RECENT:]:
            begin = [c.start for c in clauses if c.start + text[0] <= mention.start]
            if not begin or mention.end > last:
                continue
            within = text[0] + begin[-1], text[1]
            same = tuple(n for n in inside if n[0].key == mention.key and n[0].start >= within[0])
            view = self._by_itself(within)
            asked = Asked(view, within, Asking.VALUE, same, (), True, True)
            codes = view.codes.codes([(within, [(m.start, m.end) for m, _ in same])])
            if codes is not None:
                yield replace(view._heard((mention, facts), asked, codes, None), exact=True)

    def read(self, asked: Asked) -> Iterator[Heard]:
        """The clause as each name in it is asked about; the speaker where there is no other.

        No fact on an owner answers by itself.
        """
        about = [n for n in asked.named if n[0].key != SPEAKER] or asked.named
        strangers = self.strangers(asked.within, asked.named)
        if asked.kind is Asking.YES_NO:
            strangers = [s for s in strangers if not self._is_answer(s, asked)]
        others = [n[0] for n in asked.named if n[0].key != SPEAKER] + strangers
        for mention, facts in {n[0].key: n for n in about}.values():
            same = [n[0] for n in about if n[0].key == mention.key]
            rest = [o for o in others if o.key != mention.key]
            own, rivals = self._windows(asked.within, same, rest)
            codes = self.codes.codes(own)
            if codes is not None:
                heard = self._heard((mention, facts), asked, codes, self.codes.codes(rivals))
                whole = self.codes.codes([(asked.within, [(m.start, m.end) for m in same])])
                heard = replace(heard, others=tuple(rest))
                heard = heard if whole is None else replace(heard, whole=whole)
                if self.framed and asked.apart and facts and not rivals:
                    heard = replace(heard, framed=cache(partial(self._in_frame, asked, own)))
                yield heard
        for mention, _ in asked.owners:
            codes = self.codes.codes([(asked.within, [(mention.start, mention.end)])])
            if codes is not None:
                yield self._heard((mention, ()), asked, codes, None)

    def _in_frame(self, asked: Asked, own: Sequence[Windowed]) -> Tensor | None:
        """The reading of a clause about one name alone, in the frame."""
        assert self.framed is not None
        blank = len(asked.text) - len(asked.text.lstrip())
        codes = self.framed(asked.text.strip(), asked.within[0] + blank)
        return None if codes is None else codes.codes(own)

    def _is_answer(self, stranger: Mention, asked: Asked) -> bool:
        """Whether a name nobody taught is what a question offers: "Is Ann's mother Eve?"."""
        if self.text[stranger.end : asked.within[1]].strip(" ?"):
            return False
        about = [m for m, _ in asked.named if m.end <= stranger.start]
        return any(self.words[m.last].possessive or m.last + 1 == stranger.first for m in about)

    def strangers(self, within: Span, inside: Sequence[Named]) -> list[Mention]:
        """Names in the clause that nobody taught."""
        taught = [mention for mention, _ in inside]
        found = untaught_names(self.text, self.words, taught)
        found += untaught_places(self.text, self.words, taught)
        return [m for m in found if within[0] <= m.start and m.end <= within[1]]

    def _heard(self, named: Named, asked: Asked, codes: Tensor, rivals: Tensor | None) -> Heard:
        none = codes.new_zeros(0, codes.shape[1])
        rivals = none if rivals is None else rivals
        value = self.codes.value(asked.within)
        return Heard(*named, asked, codes, codes[:1], rivals, value)


def standing(words: Sequence[Word], span: Span, key: str) -> Mention:
    """The words of a span as a name that they stand for."""
    inside = [i for i, w in enumerate(words) if w.start < span[1] and w.end > span[0]]
    return Mention(key, inside[0], inside[-1], *span)
