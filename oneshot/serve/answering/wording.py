"""The text of an answer under way: what may be handed on, and where it stops."""

from collections.abc import Sequence
from typing import Any

UNFINISHED = "\ufffd"  # a character of which some tokens are still to come


class Wording:
    """Tokens in, text out.

    What may become a stop text, or a character that is not whole, is held back; so are spaces at
    both ends of a `tidy` answer.
    """

    def __init__(self, tokenizer: Any, stops: Sequence[str], *, tidy: bool) -> None:
        self.tokenizer, self.stops, self.tidy = tokenizer, tuple(stops), tidy
        self.ids: list[int] = []
        self.stopped = False
        self._shown = 0

    @property
    def text(self) -> str:
        """All that was said, special tokens left out."""
        text: str = self.tokenizer.decode(self.ids, skip_special_tokens=True)
        return text.lstrip() if self.tidy else text

    def add(self, token: int) -> str:
        """Take in a token; the text that may be handed on now."""
        self.ids.append(token)
        text = self.text
        if text.endswith(UNFINISHED):
            return ""
        ends = [at for stop in self.stops if (at := text.find(stop)) >= 0]
        if ends:
            self.stopped = True
            return self._on(text, max(min(ends), self._shown))
        return self._on(text, len(text) - self._held(text))

    def rest(self) -> str:
        """What was held back and is no stop text after all."""
        text = self.text
        return "" if self.stopped else self._on(text.rstrip() if self.tidy else text, None)

    def _on(self, text: str, end: int | None) -> str:
        piece = text[self._shown : end]
        if self.tidy and self.stopped:
            piece = piece.rstrip()
        self._shown += len(piece)
        return piece

    def _held(self, text: str) -> int:
        """How many characters at the end may be the beginning of what is not to be shown."""
        blank = len(text) - len(text.rstrip()) if self.tidy else 0
        begun = (
            n
            for stop in self.stops
            for n in range(1, min(len(stop), len(text) + 1))
            if text.endswith(stop[:n])
        )
        return max([blank, *begun])
