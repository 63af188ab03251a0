"""What a text asks: its clauses with taught names in them, each read where it is to be read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, runtime_checkable

from adapters.address.framed import BEFORE, framed
from adapters.query.listening.asked import Heard, Named
from adapters.query.listening.sums import WindowCodes
from adapters.query.listening.view import View
from adapters.query.running import Alone
from adapters.query.running import Sequence as Transcript
from adapters.text.clauses import Span, clauses_of, denies
from adapters.text.names import SPEAKER, first_word
from adapters.text.pieces import Pieces
from adapters.text.words import set_of

TAIL = 64  # tokens of what the host has said that are looked at
FRAMES = set_of("is was are were of the a an in at by on to called named located known that as :")


@runtime_checkable
class Names(Protocol):
    """Finds names in texts."""

    def mentions(self, text: str) -> list[Named]:
        """The names in a text in order, each with what is known by it."""

    def owners(self, text: str) -> list[Named]:
        """Names that only own whom a text is about."""


@dataclass(frozen=True)
class Listener:
    """Reads transcripts for the names of one table; `compete` lets names bar each other, and
    with `frames` what asks about one name alone is read in the frame too.
    """

    table: Names
    pieces: Pieces
    compete: bool = True
    frames: bool = False

    def asked(
        self, said: Transcript, at: int, alone: Alone | None = None
    ) -> tuple[list[Heard], bool]:
        """What the text up to token `at` asks where the host is to answer now, in its order, and
        whether it stands in the host's chat template.

        `alone` reads what asks by itself, so that no text in front of it matters.
        """
        text, tokens = self.pieces.text(said.ids[: at + 1])
        named, owners = self.table.mentions(text), self.table.owners(text)
        if not named and not owners:
            return [], False
        view = self._view(text, tokens, said, owners=owners)
        if alone:
            view.alone = partial(self._alone, alone)
            view.framed = partial(self._alone, alone, in_frame=True) if self.frames else None
        template = self.pieces.template
        if template and text.rstrip().endswith(template.opening.rstrip()):
            return list(view.turn(self._turn(text), named)), True
        return list(view.plain(named, self._marks(said, tokens))), False

    def _alone(
        self, alone: Alone, text: str, start: int, *, in_frame: bool = False
    ) -> WindowCodes | None:
        """The codes of a clause that begins at character `start`, by itself or in the frame."""
        whole, before = (framed(text), len(BEFORE)) if in_frame else (text, 0)
        ids, traces = alone(whole, framed=in_frame)
        shown, tokens = self.pieces.text(ids)
        begin = shown.find(whole)
        return None if begin < 0 else WindowCodes(tokens, lambda: traces, at=start - begin - before)

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
        if at >= said.given and self._in_template(said):  # "my" there is the host's own
            begin = tokens[max(said.given - start, 0)][0]
            named = [n for n in named if n[0].start < begin or first_word(n[0].key) != SPEAKER]
        if not named:
            return []
        names = [(m.start, m.end) for m, _ in named]
        clauses = clauses_of(text, self._marks(said, tokens, start), names)
        if not clauses or clauses[-1].ended or denies(text[clauses[-1].start :]):
            return []
        last = clauses[-1]
        first = next(i for i, (_, b) in enumerate(tokens) if b > last.start) + start
        begun = first < said.given <= at and not self._in_template(said)
        view = self._view(text, tokens, said, start)
        heard = list(view.open(last, named, strict=not begun))
        if begun and not self._only_frames(said, at):  # the host has answered what it asks
            return [replace(h, exact=True) for h in heard]
        return heard

    def _view(
        self,
        text: str,
        tokens: Sequence[Span],
        said: Transcript,
        start: int = 0,
        owners: Sequence[Named] = (),
    ) -> View:
        codes = WindowCodes(tokens, lambda: said.traces[start : start + len(tokens)], start)
        return View(text, codes, owners, compete=self.compete)

    def _marks(self, said: Transcript, tokens: Sequence[Span], start: int = 0) -> list[Span]:
        """Where tokens stand that are no text."""
        special, ids = self.pieces.special, said.ids[start:]
        return [span for span, id in zip(tokens, ids, strict=False) if id in special]

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
