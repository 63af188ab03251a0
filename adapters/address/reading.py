"""Where a text is read: the window of words around a name, as token positions."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.text.clauses import Clause, Span, clauses_of


@dataclass(frozen=True)
class Window:
    """A reading at token `last`, with the mean over the tokens `words`."""

    last: int
    words: tuple[int, ...]


def window_of(tokens: Sequence[Span], within: Span, masked: Sequence[Span]) -> Window | None:
    """The window of the characters `within`, the `masked` ones left out; None where it is empty.

    `tokens` are the tokens' places in the text. The first token of a text is a sink of attention
    and tells nothing of its word.
    """
    inside = [i for i, (a, b) in enumerate(tokens) if b > a and a < within[1] and b > within[0]]
    if not inside:
        return None
    words = tuple(i for i in inside if i and not any(overlaps(tokens[i], span) for span in masked))
    return Window(inside[-1], words or (inside[-1],))


def overlaps(token: Span, span: Span) -> bool:
    """Whether a token has a character of the span."""
    return token[0] < span[1] and token[1] > span[0]


def clause_of(text: str, span: Span) -> Span:
    """The last clause with the span of a name in it; to the text's end where later ones are
    unfinished.
    """
    clauses = clauses_of(text, names=[span])
    holding = [c for c in clauses if c.start < span[1] and c.end > span[0]]
    first = holding[-1] if holding else Clause(0, len(text), ended=False)
    last = clauses[-1] if clauses and not clauses[-1].ended else first
    return first.start, last.end
