"""A clause in a frame that makes the host sum it up: what is asked, told apart by the summary.

The frame's last states hold what the words in it mean together, where the states of the words
alone still hold much of the words. It takes a pass of its own, over one clause.
"""

from collections.abc import Sequence
from typing import Any

from adapters.address.gather import Prompt, encode_ids
from adapters.address.reading import window_of
from adapters.text.clauses import Span
from adapters.text.pieces import Pieces

BEFORE, BEHIND = 'This sentence: "', '" means in one word: "'


def framed(text: str) -> str:
    """The text in the frame."""
    return f"{BEFORE}{text}{BEHIND}"


def cut_out(text: str, within: Span, names: Sequence[Span]) -> tuple[str, list[Span]]:
    """A clause without the blanks around it, and the names in it by their places there."""
    clause = text[slice(*within)]
    begin = within[0] + len(clause) - len(clause.lstrip())
    clause = clause.strip()
    inside = [(a, b) for a, b in names if a >= begin and b <= begin + len(clause)]
    return clause, [(a - begin, b - begin) for a, b in inside]


def framed_prompts(
    tokenizer: Any,
    pieces: Pieces,
    texts: Sequence[tuple[str, Sequence[Span]]],
    longest: int | None = None,
) -> list[Prompt]:
    """Texts in the frame, each with the names in it that are left out of its words; of what is
    longer than the host reads, the end. `pieces` are the tokenizer's.
    """
    found = []
    ids = encode_ids(tokenizer, [framed(text) for text, _ in texts])
    for row, (text, names) in zip(ids, texts, strict=True):
        shown, tokens = pieces.text(row)
        at = shown.find(framed(text)) + len(BEFORE)
        masked = [(a + at, b + at) for a, b in names]
        cut = max(0, len(row) - longest) if longest else 0
        window = window_of(tokens[cut:], (at, at + len(text)), masked)
        assert window is not None, "a text has tokens"
        found.append(Prompt(row[cut:], window))
    return found
