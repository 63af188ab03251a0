"""Markdown: items of lists, paragraphs and tables."""

import re
from collections.abc import Iterator, Sequence

from oneshot.facts.sources.tables import columns
from oneshot.facts.sources.tables.records import is_header, item_of
from oneshot.facts.sources.tables.separated import pair_of
from oneshot.facts.sources.understanding import Content, Item, Understanding, left_out

_MARK = re.compile(r"^(?:>\s*)*(?:[-*+]\s+|\d{1,4}[.)]\s+)?(?:\[[ xX]\]\s+)?")
_HEADING = re.compile(r"^#{1,6}\s")
_FENCE = re.compile(r"^(?:```|~~~)")
_RULE = re.compile(r"^(?:[-*_]\s*){3,}$|^=+$")
_UNDER_HEADER = re.compile(r"^\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SIGN = re.compile(r"^(?:[-*+]\s|\d{1,4}[.)]\s|#{1,6}\s|\||>\s|```)", re.MULTILINE)


def fits(content: Content) -> bool:
    """Whether a line is marked as a list's, a heading, a quotation, a table's row or code."""
    return bool(_SIGN.search(content.text))


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The facts of each line, but those of code."""
    lines = list(content.lines())
    header: Sequence[str] = ()
    code = False
    settings = _settings(lines)
    for place, line in lines[:settings]:
        yield left_out(place, line, "settings of the page")
    lines = lines[settings:]
    for (place, line), (_, below) in zip(lines, [*lines[1:], ("", "")], strict=True):
        fence = bool(_FENCE.match(line))
        code ^= fence
        heads = _is_row(line) and bool(_UNDER_HEADER.match(below))
        header = _cells(line) if heads else header if _is_row(line) else ()
        reason = "code" if code or fence else "a table's head" if heads else _why_not(line)
        if reason:
            yield left_out(place, line, reason)
        elif _is_row(line):
            yield from _row(place, _cells(line), header, understanding)
        else:
            yield from understanding.sentences(place, _plain(_MARK.sub("", line)))


def _settings(lines: Sequence[tuple[str, str]]) -> int:
    """The lines before a text between two rules, which say how a page is shown."""
    texts = [line for _, line in lines]
    if texts[0] != "---" or "---" not in texts[1:]:
        return 0
    end = texts.index("---", 1)
    return end + 1 if all(":" in text or text.startswith("- ") for text in texts[1:end]) else 0


def _is_row(line: str) -> bool:
    return line.startswith("|")


def _row(
    place: str, cells: Sequence[str], header: Sequence[str], understanding: Understanding
) -> Iterator[Item]:
    if is_header(header):
        yield item_of(place, dict(zip(header, cells, strict=False)), understanding)
    elif columns.are_relations(header):
        yield from columns.items(place, cells, header, understanding)
    else:
        yield pair_of(place, cells, understanding)


def _why_not(line: str) -> str:
    if _HEADING.match(line):
        return "a heading"
    if _RULE.match(line) or _UNDER_HEADER.match(line):
        return "a rule"
    return ""


def _cells(line: str) -> list[str]:
    return [_plain(cell) for cell in line.strip("|").split("|")]


def _plain(text: str) -> str:
    """Without what makes words bold, code or links."""
    text = _LINK.sub(r"\1", text)
    return re.sub(r"\*\*|__|`|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)", "", text).strip()
