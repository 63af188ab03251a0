"""Anki's "Notes in Plain Text": lines of cards behind a head of `#key:value`."""

import html
import re
from collections.abc import Iterator

from oneshot.facts.sources.tables.separated import pair_of, rows_of
from oneshot.facts.sources.understanding import Content, Item, Understanding, left_out

MARKS = {"tab": "\t", "comma": ",", "semicolon": ";", "colon": ":", "pipe": "|", "space": " "}
HEADS = "separator", "html", "notetype", "deck", "tags", "guid", "columns", "if matches"
ASIDE = "notetype column", "deck column", "tags column", "guid column"
_HEAD = re.compile(rf"^#((?:{'|'.join(HEADS)})[a-z ]*):(.*)$")
_TAG = re.compile(r"<br\s*/?>|</?[a-zA-Z][^<>]*>")
_MEDIA = re.compile(r"\[sound:|<img|<video|<audio", re.IGNORECASE)
_CLOZE = re.compile(r"\{\{c\d+::(.+?)(?:::[^{}]*)?\}\}")


def fits(content: Content) -> bool:
    """Whether it begins with Anki's head."""
    return bool(_HEAD.match(content.text.partition("\n")[0].strip()))


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The fact of each card: its front and back, or the sentence of a cloze."""
    head = dict(_heads(content.text))
    given = head.get("separator", "tab")
    aside = {int(head[name]) for name in ASIDE if head.get(name, "").isdecimal()}
    for place, row in rows_of(Content(content.name, _body(content.text)), _mark(given)):
        fields = [cell for i, cell in enumerate(row, start=1) if i not in aside]
        yield from _card(place, fields, understanding)


def _card(place: str, fields: list[str], understanding: Understanding) -> Iterator[Item]:
    if any(map(_MEDIA.search, fields[:2])):
        yield left_out(place, " | ".join(fields[:2]), "a picture or sound")
        return
    front, *rest = [_plain(field) for field in fields] or [""]
    if _CLOZE.search(front):
        yield from _cloze(place, front, understanding)
    else:
        yield pair_of(place, [front, *rest[:1]], understanding)


def _cloze(place: str, text: str, understanding: Understanding) -> Iterator[Item]:
    """What a gap at the end hides is the answer; other sentences are split by grammar."""
    gaps = list(_CLOZE.finditer(text))
    filled = _CLOZE.sub(r"\1", text)
    if len(gaps) == 1 and not text[gaps[0].end() :].strip(" ."):
        yield understanding.pair(place, text[: gaps[0].start()].rstrip(), gaps[0][1])
    else:
        yield from understanding.sentences(place, filled)


def _heads(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        found = _HEAD.match(line)
        if found is None:
            return
        yield found[1], found[2].strip()


def _body(text: str) -> str:
    """The cards; the head's lines stay as empty ones, so that places are right."""
    count = sum(1 for _ in _heads(text))
    lines = text.splitlines(keepends=True)
    return "\n" * count + "".join(lines[count:])


def _mark(name: str) -> str:
    return MARKS.get(name.lower(), name[:1] or "\t")


def _plain(field: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", field)).split())
