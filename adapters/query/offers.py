"""Questions that offer an answer, as they read without it: "Was Ann born in Oslo?"."""

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.query.listening.asked import Asked, Heard
from adapters.query.voice import Voice
from adapters.text.clauses import Asking, Span
from adapters.text.names import DETERMINERS, Mention
from adapters.text.table import NameTable
from adapters.text.words import words_of


@dataclass(frozen=True)
class Offers:
    """Reads them for the facts of one table."""

    table: NameTable
    voice: Voice

    def heard(self, asked: Asked) -> Iterator[tuple[int, Heard]]:
        """Each fact whose answer a question offers, with the question read without the answer."""
        if asked.kind is not Asking.YES_NO:
            return
        for mention, facts in asked.named:
            for row in facts:
                text = self._without(row, asked, mention)
                heard = text and self._read(text, asked, mention)
                if heard:
                    yield row, heard

    def _without(self, row: int, asked: Asked, name: Mention) -> str | None:
        """The question without the fact's answer and the article before that."""
        place = self.voice.place(row, asked.text)
        if place is None or _overlap(place, (name.start, name.end), asked.within[0]):
            return None
        before, behind = asked.text[: place[0]], asked.text[place[1] :].lstrip()
        last = words_of(before)[-1:]
        if last and last[0].key in DETERMINERS:
            before = before[: last[0].start]
        return f"{before.rstrip()}{'' if behind[:1] in '?.,' else ' '}{behind}"

    def _read(self, text: str, asked: Asked, name: Mention) -> Heard | None:
        view = asked.view.of(text)
        named = tuple(n for n in self.table.mentions(text) if n[0].key == name.key)
        if view is None or not named:
            return None
        offered = Asked(view, (0, len(text)), asked.kind, named, apart=asked.apart)
        return next(view.read(offered), None)


def _overlap(place: Span, name: Span, start: int) -> bool:
    return place[0] + start < name[1] and place[1] + start > name[0]
