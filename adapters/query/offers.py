"""Questions that offer an answer, as they read without it: "Was Ann born in Oslo?"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from adapters.query.listening.asked import Asked, Heard
from adapters.query.voice import Voice
from adapters.text.clauses import Asking, Span
from adapters.text.names import DETERMINERS, FIRST_PERSON, Mention
from adapters.text.table import NameTable
from adapters.text.words import set_of, words_of

_OFFERED = re.compile(  # what stands between the verb and whom or what it may be
    r"\b(?:is|was|are|were) (?P<value>\S+(?: \S+){0,4}?) (?=(?:the|my|our|your|his|her|its|their) |"
    r"[^\W\d]\S*['\u2019]s? )",
    re.IGNORECASE,
)
_NO_VALUE = DETERMINERS | FIRST_PERSON | set_of("it he she they there we you not so one someone")


@dataclass(frozen=True)
class Offers:
    """Reads them for the facts of one table."""

    table: NameTable
    voice: Voice

    def heard(self, asked: Asked) -> Iterator[tuple[int, Heard]]:
        """Each fact whose answer, or another in its place, a question offers, with the question
        read without that.
        """
        if asked.kind is not Asking.YES_NO:
            return
        for mention, facts in asked.named:
            any_ = self._read_without(value_before(asked.text), asked, mention)
            for row in facts:
                place = self.voice.place(row, asked.text)
                heard = self._read_without(place, asked, mention) if place else any_
                if heard:
                    yield row, heard

    def _read_without(self, place: Span | None, asked: Asked, name: Mention) -> Heard | None:
        """The question without the words of an answer and the article before that."""
        if place is None or _overlap(place, (name.start, name.end), asked.within[0]):
            return None
        before, behind = asked.text[: place[0]], asked.text[place[1] :].lstrip()
        last = words_of(before)[-1:]
        if last and last[0].key in DETERMINERS:
            before = before[: last[0].start]
        text = f"{before.rstrip()}{'' if behind[:1] in '?.,' else ' '}{behind}"
        return self._read(text, asked, name)

    def _read(self, text: str, asked: Asked, name: Mention) -> Heard | None:
        view = asked.view.of(text)
        named = tuple(n for n in self.table.mentions(text) if n[0].key == name.key)
        if view is None or not named:
            return None
        offered = Asked(view, (0, len(text)), asked.kind, named, apart=asked.apart)
        return next(view.read(offered), None)


def value_before(clause: str) -> Span | None:
    """Where a value is offered before its name: "10.0.4.9" of "Is 10.0.4.9 the gateway of Zog?"."""
    found = _OFFERED.search(clause)
    words = words_of(found["value"]) if found else []
    return found.span("value") if found and words and words[0].key not in _NO_VALUE else None


def _overlap(place: Span, name: Span, start: int) -> bool:
    return place[0] + start < name[1] and place[1] + start > name[0]
