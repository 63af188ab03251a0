"""From a text of a file to a fact, or to the reason why there is none in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from oneshot.errors import BadInputError
from oneshot.facts.language.checking import statement
from oneshot.facts.language.readers import statement_of
from oneshot.facts.language.splitting.words import words_of
from oneshot.facts.language.statement import parse_sentence, with_subject
from oneshot.facts.types import Statement
from oneshot.progress import Report

MOST = 100_000  # items of one source
SHOWN = 200  # characters of an item
ENDS = (".", "!", ";")


@dataclass(frozen=True)
class Content:
    """A file as text; `values` are those of its JSON with their places, None where it is none."""

    name: str
    text: str
    values: list[tuple[str, Any]] | None = None

    def lines(self) -> Iterator[tuple[str, str]]:
        """The lines that are not blank, without spaces at their ends, and where they stand."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            if line.strip():
                yield f"line {number}", line.strip()


@dataclass(frozen=True)
class Item:
    """A line, card, row or memory: the fact in it, or the reason why it is left out."""

    place: str
    text: str
    fact: Statement | None = None
    reason: str = ""


@dataclass(frozen=True)
class Understanding:
    """Reads texts as facts; `templates` help to split sentences."""

    templates: tuple[str, ...] = ()

    def sentences(self, place: str, text: str, turn: Callable[[str], str] = str) -> Iterator[Item]:
        """The fact of a text, or of each of its sentences where it tells several.

        `turn` is applied to each sentence first.
        """
        whole = self._sentence(place, text, turn)
        parts = _parts(text)
        if whole.fact or len(parts) == 1:
            yield whole
            return
        for part in parts:
            yield self._sentence(place, part, turn)

    def pair(self, place: str, prompt: str, answer: str) -> Item:
        """The fact of a prompt or question and its answer."""
        return self.made(place, f"{prompt} | {answer}", lambda: statement(prompt, answer))

    def record(self, place: str, record: Mapping[str, Any]) -> Item:
        """The fact of a record with the keys of `read_statements`."""
        text = " | ".join(str(value) for value in record.values() if value is not None)
        return self.made(place, text, lambda: statement_of(record, self.templates))

    def made(self, place: str, text: str, read: Callable[[], Statement]) -> Item:
        """The fact that `read` makes of a text, or why it makes none."""
        shown = " ".join(text.split())[:SHOWN]
        try:
            return Item(place, shown, with_subject(read(), self.templates))
        except BadInputError as error:
            return Item(place, shown, None, str(error))

    def _sentence(self, place: str, text: str, turn: Callable[[str], str]) -> Item:
        return self.made(place, text, lambda: parse_sentence(turn(text), self.templates))


def left_out(place: str, text: str, reason: str) -> Item:
    """An item that holds no fact by its kind."""
    return Item(place, " ".join(text.split())[:SHOWN], None, reason)


def bounded(items: Iterator[Item], name: str, about: int, progress: Report) -> Iterator[Item]:
    """The items, telling how many of `about` so many are read.

    BadInputError behind the last that is allowed.
    """
    for count, item in enumerate(items):
        if count == MOST:
            raise BadInputError(f"{name} has more than {MOST:,} items; split it into several files")
        progress("reading", count, max(about, count + 1))
        yield item
    progress("reading", about, about)


def _parts(text: str) -> list[str]:
    """A text cut behind the marks that end its sentences."""
    ends = [w.end for w in words_of(text) if w.text in ENDS]
    cuts = [0, *ends, len(text)]
    parts = (text[a:b].strip() for a, b in pairwise(cuts))
    return [part for part in parts if any(map(str.isalnum, part))]
