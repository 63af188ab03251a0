"""What a text asks: its clauses with taught names in them, each read where it is to be read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.reading import window_of
from adapters.query.running import Sequence as Transcript
from adapters.query.windows import Windows
from adapters.text.clauses import (
    PRONOUN,
    Asking,
    Clause,
    Span,
    asking,
    asks_for_answer,
    clauses_of,
    denies,
    is_bare_request,
)
from adapters.text.names import SPEAKER, Mention, untaught_names, untaught_places
from adapters.text.pieces import Pieces
from adapters.text.words import set_of, words_of

TAIL = 64  # tokens of what the host has said that are looked at
FRAMES = set_of("is was are were of the a an in at by on to called named located known that as :")

Named = tuple[Mention, tuple[int, ...]]


@runtime_checkable
class Names(Protocol):
    """Finds names in texts."""

    def mentions(self, text: str) -> list[Named]:
        """The names in a text in order, each with what is known by it."""


@dataclass(frozen=True)
class Heard:
    """A clause as one name in it is asked about: the facts on the name and readings around it.

    `whole` is the clause's own reading with the name alone left out, by which a fact's own words
    are known; `rivals` are the readings around other names. `strict` says that nobody may have
    asked, `exact` that only a fact's own words may; `completes` that the clause is still open, so
    that only its value is to be said.
    """

    facts: tuple[int, ...]
    readings: Float[Tensor, "n rank"]
    whole: Float[Tensor, "1 rank"]
    rivals: Float[Tensor, "m rank"]
    asking: Asking
    text: str
    strict: bool
    completes: bool
    value: float
    exact: bool = False


@dataclass(frozen=True)
class Listener:
    """Reads transcripts for the names of one table; `compete` lets names bar each other."""

    table: Names
    pieces: Pieces
    compete: bool = True

    def asked(self, said: Transcript, at: int) -> tuple[list[Heard], bool]:
        """What the text up to token `at` asks where the host is to answer now, in its order, and
        whether it stands in the host's chat template.
        """
        ids = said.ids[: at + 1]
        text, tokens = self.pieces.text(ids)
        named = self.table.mentions(text)
        if not named:
            return [], False
        view = _View(self, said, text, tokens)
        template = self.pieces.template
        if template and text.rstrip().endswith(template.opening.rstrip()):
            turn = self._turn(text)
            return list(view.turn(turn, named)), True
        return list(view.plain(named)), False

    def _turn(self, text: str) -> Span:
        """The characters of the user's last turn."""
        template = self.pieces.template
        assert template is not None
        end = text.rstrip().rfind(template.opening.rstrip())
        lead = text.rfind(template.lead, 0, end)
        return (lead + len(template.lead) if lead >= 0 else 0), end

    def told(self, said: Transcript, at: int) -> list[Heard]:
        """What the open clause of a text asks at token `at`, whether somebody asked or not."""
        start = max(0, at + 1 - TAIL)
        text, tokens = self.pieces.text(said.ids[start : at + 1])
        named = self.table.mentions(text)
        if not named:
            return []
        view = _View(self, said, text, tokens, start)
        clauses = clauses_of(text, view.marks())
        if not clauses or clauses[-1].ended or denies(text[clauses[-1].start :]):
            return []
        last = clauses[-1]
        first = next(i for i, (_, b) in enumerate(tokens) if b > last.start) + start
        begun = first < said.given <= at and not self._in_template(said)
        heard = list(view.read(last, named, Asking.VALUE, strict=not begun, completes=True))
        if begun and not self._only_frames(said, at):  # the host has answered what it asks
            return [replace(h, exact=True) for h in heard]
        return heard

    def _only_frames(self, said: Transcript, at: int) -> bool:
        """Whether the host has only gone on with words that lead up to a value."""
        text, _ = self.pieces.text(said.ids[said.given : at + 1])
        return set(text.split()) <= FRAMES

    def _in_template(self, said: Transcript) -> bool:
        template = self.pieces.template
        if template is None:
            return False
        text, _ = self.pieces.text(said.ids[max(0, said.given - TAIL) : said.given])
        return text.rstrip().endswith(template.opening.rstrip())


class _View:
    """One text of a transcript, from token `start` on, with its tokens' places."""

    def __init__(
        self,
        listener: Listener,
        said: Transcript,
        text: str,
        tokens: Sequence[Span],
        start: int = 0,
    ) -> None:
        self.listener, self.said, self.text = listener, said, text
        self.tokens, self.start = tokens, start
        self.words = words_of(text)
        self._windows = Windows(text, self.words, compete=listener.compete)

    def marks(self) -> list[Span]:
        """Where tokens stand that are no text."""
        special, ids = self.listener.pieces.special, self.said.ids[self.start :]
        return [span for span, id in zip(self.tokens, ids, strict=False) if id in special]

    def turn(self, turn: Span, named: Sequence[Named]) -> Iterator[Heard]:
        """Every clause of a user's turn that asks."""
        part = self.text[turn[0] : turn[1]]
        clauses = [Clause(c.start + turn[0], c.end + turn[0], c.ended) for c in clauses_of(part)]
        for clause in clauses:
            last = clause is clauses[-1]
            kind = asking(self._of(clause), last_of_turn=last)
            if kind is Asking.NOTHING and self._is_asked_behind(clause, clauses):
                kind = Asking.VALUE
            if kind in (Asking.VALUE, Asking.YES_NO):
                yield from self.read(clause, named, kind)

    def _is_asked_behind(self, clause: Clause, clauses: Sequence[Clause]) -> bool:
        """Whether the next clause only asks to be told ("The capital of Zog. Do you know it?")."""
        following = next((c for c in clauses if c.start >= clause.end), None)
        return following is not None and is_bare_request(self._of(following))

    def _of(self, clause: Clause) -> str:
        return self.text[clause.start : clause.end]

    def plain(self, named: Sequence[Named]) -> Iterator[Heard]:
        """An open clause about a name, or else the last question that what follows leaves open."""
        clauses = clauses_of(self.text, self.marks())
        if not clauses:
            return
        if not clauses[-1].ended:
            open_, text = clauses[-1], self.text[clauses[-1].start : clauses[-1].end]
            found = (
                [] if denies(text) else list(self.read(open_, named, Asking.VALUE, completes=True))
            )
            if found or asking(text) is not Asking.NOTHING:
                yield from found
                return
        if question := self._question(clauses):
            i, kind = question
            found = list(self.read(clauses[i], named, kind))
            yield from found if self._left_open(clauses[i + 1 :], clauses[i]) else []
        elif not clauses[-1].ended:
            yield from self._whole(named)

    def _question(self, clauses: Sequence[Clause]) -> tuple[int, Asking] | None:
        """The last clause that asks for more than how to answer."""
        for i in range(len(clauses) - 1, -1, -1):
            text = self._of(clauses[i])
            if i and is_bare_request(text):
                return i - 1, Asking.VALUE
            kind = asking(text)
            if kind in (Asking.VALUE, Asking.YES_NO) and not asks_for_answer(text):
                return i, kind
        return None

    def _left_open(self, behind: Sequence[Clause], question: Clause) -> bool:
        """Whether the clauses behind a question are no answer to it."""
        rest = self.text[question.end :]
        return asks_for_answer(rest) or (len(behind) == 1 and behind[0].ended)

    def _whole(self, named: Sequence[Named]) -> Iterator[Heard]:
        """The text from the last name's clause to its end, where the open clause has none."""
        mention, facts = named[-1]
        from_clause = [c for c in clauses_of(self.text) if c.start <= mention.start < c.end]
        begin = from_clause[0].start if from_clause else 0
        span = mention.start, mention.end
        codes = self._codes([((begin, len(self.text)), [span])])
        if codes is not None:
            within = begin, len(self.text)
            heard = self._heard(facts, codes, None, Asking.VALUE, within, True, True)
            yield replace(heard, exact=True)

    def read(
        self,
        clause: Clause,
        named: Sequence[Named],
        kind: Asking,
        *,
        strict: bool = False,
        completes: bool = False,
    ) -> Iterator[Heard]:
        """The clause as each taught name in it is asked about, or a pronoun's name."""
        within = clause.start, clause.end
        inside = [n for n in named if within[0] <= n[0].start and n[0].end <= within[1]]
        about = [n for n in inside if n[0].key != SPEAKER] or inside
        if not about:
            yield from self._by_pronoun(within, named, kind, strict, completes)
            return
        strangers = self._strangers(within, [n[0] for n in inside])
        others = [n[0] for n in inside if n[0].key != SPEAKER] + strangers
        for mention, facts in {n[0].key: n for n in about}.values():
            same = [n[0] for n in about if n[0].key == mention.key]
            rest = [o for o in others if o.key != mention.key]
            own, rivals = self._windows(within, same, rest)
            codes = self._codes(own)
            if codes is not None:
                heard = self._heard(
                    facts, codes, self._codes(rivals), kind, within, strict, completes
                )
                whole = self._codes([(within, [(m.start, m.end) for m in same])])
                yield heard if whole is None else replace(heard, whole=whole)

    def _by_pronoun(
        self, within: Span, named: Sequence[Named], kind: Asking, strict: bool, completes: bool
    ) -> Iterator[Heard]:
        """The last name before, where the clause has a pronoun and no name of its own."""
        before = [n for n in named if n[0].end <= within[0] and n[0].key != SPEAKER]
        found = PRONOUN.search(self.text, *within)
        if strict or not before or not found or self._strangers(within, []):
            return
        spans = [m.span() for m in PRONOUN.finditer(self.text, *within)]
        codes = self._codes([(within, spans)])
        if codes is not None:
            yield self._heard(before[-1][1], codes, None, kind, within, strict, completes)

    def _strangers(self, within: Span, taught: Sequence[Mention]) -> list[Mention]:
        """Names in the clause that nobody taught."""
        found = untaught_names(self.text, self.words, taught)
        found += untaught_places(self.words, taught)
        return [m for m in found if within[0] <= m.start and m.end <= within[1]]

    def _codes(self, windows: Sequence[tuple[Span, list[Span]]]) -> Float[Tensor, "n rank"] | None:
        """The relation code of each window."""
        traces, found = self.said.traces, []
        rank = (traces.shape[1] - 1) // 2
        for within, masked in windows:
            window = window_of(self.tokens, within, masked)
            if window is None:
                continue
            words = [i + self.start for i in window.words if i + self.start > 0]
            words = words or [window.last + self.start]
            last = traces[window.last + self.start, :rank]
            found.append(last + traces[words, rank : 2 * rank].mean(0))
        return torch.stack(found) if found else None

    def _heard(
        self,
        facts: tuple[int, ...],
        codes: Tensor,
        rivals: Tensor | None,
        kind: Asking,
        within: Span,
        strict: bool,
        completes: bool,
    ) -> Heard:
        window = window_of(self.tokens, within, [])
        last = window.last + self.start if window else len(self.said.ids) - 1
        none = codes.new_zeros(0, codes.shape[1])
        return Heard(
            facts,
            codes,
            codes[:1],
            none if rivals is None else rivals,
            kind,
            self.text[slice(*within)],
            strict,
            completes,
            float(self.said.traces[last, -1]),
        )
