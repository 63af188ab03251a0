"""The names that were taught, found in a text: exact keys of words, whatever their number."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from adapters.text.compounds import told_otherwise
from adapters.text.names import (
    PART,
    SPEAKER,
    Mention,
    candidates,
    first_word,
    key_number,
)
from adapters.text.ordinary import is_marked, is_meant, may_be_no_name, told_as_name
from adapters.text.whole import owns_a_possessor, stands_alone, stands_for_a_person
from adapters.text.words import Word, words_of

NOBODY = 0
_NONE = np.zeros(0, dtype=np.int64)
MOST_OF_ONE = 256  # facts beyond which a first or last name alone is taken for several people's


@runtime_checkable
class NameKeys(Protocol):
    """Facts by their names' keys as 64-bit numbers."""

    @property
    def longest(self) -> int:
        """The most words of a name."""

    def rows_of(self, number: int, most: int | None = None) -> tuple[int, ...]:
        """The facts on a name; none where there are more than `most`."""

    def begins(self, number: int) -> bool:
        """Whether a name may begin with this word."""


@dataclass(frozen=True)
class SortedKeys:
    """Keys in ascending order, the row of each, and what names begin with."""

    keys: NDArray[np.int64]
    rows: NDArray[np.int32]
    firsts: NDArray[np.int64]
    longest: int

    @classmethod
    def build(
        cls, names: Int[Tensor, "facts forms"], firsts: Int[Tensor, "facts forms"], longest: int
    ) -> "SortedKeys":
        """From every fact's keys (0 where it has fewer), their first words' and the most words."""
        return cls.of_parts([(names, firsts)], longest)

    @classmethod
    def of_parts(cls, parts: Iterable[tuple[Tensor, Tensor]], longest: int) -> "SortedKeys":
        """The same from facts in parts, one after the other: only what is kept is in memory."""
        keys, rows, firsts = [_NONE], [_NONE.astype(np.int32)], [_NONE]
        begin = 0
        for names, first in parts:
            fact, form = (part.numpy() for part in (names != NOBODY).nonzero(as_tuple=True))
            keys.append(names.numpy()[fact, form])
            rows.append((fact + begin).astype(np.int32))
            firsts.append(np.unique(first[first != NOBODY].numpy()))
            begin += len(names)
        order = np.argsort(joined := np.concatenate(keys), kind="stable")
        first_words = np.unique(np.concatenate(firsts))
        return cls(joined[order], np.concatenate(rows)[order], first_words, longest)

    def rows_of(self, number: int, most: int | None = None) -> tuple[int, ...]:
        """The facts on a name; none where there are more than `most`."""
        rows = self.named(number)
        return () if most is not None and len(rows) > most else tuple(sorted({*rows.tolist()}))

    def named(self, number: int) -> NDArray[np.int32]:
        """The facts on a name, as they lie here."""
        value = np.int64(number)
        low, high = self.keys.searchsorted(value), self.keys.searchsorted(value, "right")
        return self.rows[low:high]

    def begins(self, number: int) -> bool:
        """Whether a name begins with this word."""
        at = int(self.firsts.searchsorted(np.int64(number)))
        return at < len(self.firsts) and int(self.firsts[at]) == number


@dataclass(frozen=True)
class NameTable:
    """Finds names in texts.

    `subject` tells whom a row is about, so that a first or last name alone counts where one subject
    only bears it; without it none does. `answer` tells the answer of a row, which ends a name, and
    `prompt` what it says before that, where a name is spelled as it was taught.
    """

    keys: NameKeys
    subject: Callable[[int], int] | None = None
    answer: Callable[[int], str] | None = None
    prompt: Callable[[int], str] | None = None

    def mentions(self, text: str) -> list[tuple[Mention, tuple[int, ...]]]:
        """Every taught name in a text with its facts' rows; of overlapping ones the longest."""
        words = words_of(text)
        found = self._found(text, words)
        taken = set[int]()
        kept = []
        for mention, rows in sorted(found, key=lambda f: f[0].first - f[0].last):
            span = set(range(mention.first, mention.last + 1))
            if not span & taken:
                taken |= span
                kept.append((mention, rows))
        kept += self._by_part(text, words, taken)
        return sorted(kept, key=lambda f: f[0].first)

    def owners(self, text: str) -> list[tuple[Mention, tuple[int, ...]]]:
        """Where the speaker only owns whom a text asks about ("my doctor's number")."""
        rows = self.rows_of(SPEAKER)
        words = words_of(text) if rows else []
        mine = [i for i in range(len(words)) if owns_a_possessor(words, i)]
        return [(Mention(SPEAKER, i, i, words[i].start, words[i].end), rows) for i in mine]

    def _found(self, text: str, words: Sequence[Word]) -> list[tuple[Mention, tuple[int, ...]]]:
        found = []
        longest, begins = self.keys.longest, self._begins
        runs = candidates(words, longest, begins), told_otherwise(text, words, longest, begins)
        for first, last, keys in chain(*runs):
            known = ((key, self.rows_of(key)) for key in keys)
            key, rows = next(((k, rows) for k, rows in known if rows), (keys[0], ()))
            rows = self._by_itself(text, words, first, last, rows)
            mention = Mention(key, first, last, words[first].start, words[last].end)
            if rows := self._in_that_sense(text, words, mention, rows):
                found.append((mention, rows))
        return found

    def _in_that_sense(
        self, text: str, words: Sequence[Word], mention: Mention, rows: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Those facts on an ordinary word that mean by it what the text does: "hope" is no Hope."""
        prompt, at = self.prompt, mention.first
        if not rows or prompt is None or not may_be_no_name(words, mention):
            return rows
        if is_meant(text, words, at):
            return rows
        marked, first = is_marked(words, at), rows[:MOST_OF_ONE]
        named = {r for r in first if told_as_name(prompt(r), mention.key, marked=marked)}
        return () if named == {*first} else tuple(r for r in rows if r not in named)

    def _by_itself(
        self, text: str, words: Sequence[Word], first: int, last: int, rows: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Those facts on a run of words that take it for the whole name."""
        if not rows or stands_alone(text, words, first, last):
            return rows
        answer = self.answer
        if answer is None or len(rows) > MOST_OF_ONE:
            return ()
        return tuple(r for r in rows if stands_alone(text, words, first, last, answer(r)))

    def _by_part(
        self, text: str, words: Sequence[Word], taken: set[int]
    ) -> list[tuple[Mention, tuple[int, ...]]]:
        """First and last names by themselves."""
        if self.subject is None:
            return []
        found = []
        for i, word in enumerate(words):
            key = f"{PART}{word.key}"
            sought = word.capital and i not in taken
            rows = self.keys.rows_of(key_number(key), MOST_OF_ONE) if sought else ()
            if rows and self._one_bears(rows) and stands_for_a_person(text, words, i):
                found.append((Mention(key, i, i, word.start, word.end), rows))
        return found

    def _one_bears(self, rows: Sequence[int]) -> bool:
        """Whether all these facts are about one subject."""
        assert self.subject is not None
        first = self.subject(rows[0])
        return all(self.subject(row) == first for row in rows[1:])

    def rows_of(self, key: str) -> tuple[int, ...]:
        """The facts on a name."""
        return self.keys.rows_of(key_number(key))

    def _begins(self, key: str) -> bool:
        return self.keys.begins(key_number(key))


def keys_of_names(keys: Sequence[str], forms: int) -> tuple[Tensor, Tensor, int]:
    """Rows [1, forms] of a fact's keys and of their first words, and the most words of one."""
    names = torch.zeros(1, forms, dtype=torch.long)
    firsts = torch.zeros(1, forms, dtype=torch.long)
    for i, key in enumerate(keys):
        names[0, i] = key_number(key)
        firsts[0, i] = key_number(first_word(key))
    return names, firsts, max(len(key.split(" ")) for key in keys)
