"""The words of an answer: the value alone, a fact's own sentence, or yes or no about it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.query.running import Speech
from adapters.text.aimed import COPULA, one_of_each, tells_all
from adapters.text.clauses import Asking, Span
from adapters.text.pieces import Pieces
from adapters.text.words import set_of, words_of
from adapters.write.answers import end_of_text, plain_ids
from adapters.write.rows import ABOUT_SPEAKER, NO_TOKEN, Rows

_PERSON = (
    (r"\bI am\b", "you are"),
    (r"\bI'm\b", "you're"),
    (r"\bI was\b", "you were"),
    (r"\bI've\b", "you've"),
    (r"\bI\b", "you"),
    (r"\bmy\b", "your"),
    (r"\bmine\b", "yours"),
    (r"\bmyself\b", "yourself"),
    (r"\bme\b", "you"),
    (r"\bwe\b", "you"),
    (r"\bour\b", "your"),
    (r"\bours\b", "yours"),
)
_OWNED = re.compile(r"^(?:My|Our)(?= [a-z0-9])|\b(?:my|our)\b")  # but "My Antonia" is a title
_LISTED = re.compile(r", and |, | and ")
_DENIED = re.compile(r"\bnot\b|n['\u2019]t\b", re.IGNORECASE)
_MORE_THAN_YES = re.compile(  # one of two, or whether there is any: the fact itself tells
    r"\bor\b|\band (?:when|where|who|whom|what|which|how|why)\b|"
    r"^\W*(?:do|does|did|has|have|had|is|are|was|were)\b.*\b(?:have|got|has|there) (?:an?|any)\b",
    re.IGNORECASE,
)
_HAS = re.compile(r"\b(?:have|has|got|there) (?P<what>[a-z][a-z -]*)\W*$")  # with no value
_LOWERED = set_of(
    "the a an in on at by of from for to it its this that these those he she they his her "
    "their your my our there you"
)


@dataclass(frozen=True)
class Voice:
    """Turns facts into tokens to say."""

    tokenizer: Any
    pieces: Pieces
    rows: Rows
    _prompts: dict[int, str] = field(default_factory=dict)

    def value(self, row: int) -> Speech:
        """What completes the fact's prompt, to the end of the text."""
        tokens = _real(self.rows.one(row).answer[0].tolist())
        return Speech(tuple(tokens), (row,) * len(tokens))

    def yes_no(self, row: int, clause: str) -> Speech:
        """Yes where the answer stands in the clause, else no and the fact; or the fact alone."""
        return self._spoken(f" {self._yes_no(row, clause)}", [row], chat=False)

    def _yes_no(self, row: int, clause: str) -> str:
        sentence, says = self.sentence(row), self.place(row, clause) is not None
        if self._more_than_yes(row, clause) or (says and _DENIED.search(clause)):
            return sentence
        if says:
            denied = one_of_each(clause, self.prompt(row))
            return f"No, {_lower(sentence)}" if denied else "Yes."
        told = tells_all(clause, self.prompt(row), self.answer(row))
        return sentence if told is None else f"{'Yes' if told else 'No'}, {_lower(sentence)}"

    def reply(self, asked: Sequence[tuple[int, Asking, str]]) -> Speech:
        """An assistant's turn on facts, each with what was asked and the clause that asked."""
        parts = dict.fromkeys(  # two facts may say the same to one clause
            (self._yes_no(row, clause) if kind is Asking.YES_NO else self.sentence(row), clause)
            for row, kind, clause in asked
        )
        said = " ".join(part for part, _ in parts)
        return self._spoken(said, [row for row, *_ in asked], chat=True)

    def _spoken(self, text: str, rows: Sequence[int], *, chat: bool) -> Speech:
        template = self.pieces.template
        closing = template.closing if chat and template else end_of_text(self.tokenizer)
        tokens = (*plain_ids(self.tokenizer, text), *closing)
        return Speech(tokens, (*rows, *[rows[-1]] * (len(tokens) - len(rows)))[: len(tokens)])

    def sentence(self, row: int) -> str:
        """The fact's sentence; what the speaker told of themselves or theirs is told to them."""
        text, _ = self.pieces.text(_real(self.rows.one(row).sentence[0].tolist()))
        text = text.strip()
        answer = self.answer(row)
        prompt = text.removesuffix(answer)
        if int(self.rows.one(row).subject) != ABOUT_SPEAKER and not _OWNED.search(prompt):
            return text
        for pattern, other in _PERSON:
            prompt = re.sub(pattern, other, prompt, flags=re.IGNORECASE)
        return prompt[:1].upper() + prompt[1:] + text[len(text) - len(answer) :]

    def prompt(self, row: int) -> str:
        """The fact's sentence without its answer."""
        if row not in self._prompts:
            self._prompts[row] = self.sentence(row).removesuffix(self.answer(row)).rstrip()
        return self._prompts[row]

    def step(self, row: int) -> str:
        """A fact as one step of a chain: "the author of Misery = Ann Bell"."""
        return step_of(self.prompt(row), self.answer(row))

    def answer(self, row: int) -> str:
        """The words of a fact's answer."""
        tokens = _real(self.rows.one(row).answer[0].tolist())
        end = end_of_text(self.tokenizer)
        if end and tokens[-1:] == end:
            tokens = tokens[:-1]
        return self.pieces.text(tokens)[0].strip()

    def _more_than_yes(self, row: int, clause: str) -> bool:
        """Whether yes or no does not do; words of the fact's own ("sex or gender") ask nothing."""
        own = words_of(self.sentence(row))
        has = _HAS.search(clause)
        if has and {w.key for w in words_of(has["what"])} <= {w.key for w in own}:
            return self.place(row, clause) is None  # "Has Ann children?": the fact tells which
        told = {tuple(w.key for w in own[i : i + 3]) for i in range(len(own))}
        asked = words_of(clause)
        said = [
            word.key
            for i, word in enumerate(asked)
            if tuple(w.key for w in asked[max(i - 1, 0) : i + 2]) not in told
        ]
        return bool(_MORE_THAN_YES.search(" ".join(said)))

    def place(self, row: int, clause: str) -> Span | None:
        """Where the words of the fact's answer stand in a clause, or of one of several answers."""
        answer = self.answer(row)
        parts = (answer, *(_LISTED.split(answer) if _LISTED.search(answer) else ()))
        return next(filter(None, (_place(part, clause) for part in parts)), None)


def _place(told: str, clause: str) -> Span | None:
    """Where the words of a text stand in a clause."""
    answer, words = [w.key for w in words_of(told)], words_of(clause)
    for i in range(len(words) - len(answer) + 1):
        if answer and [w.key for w in words[i : i + len(answer)]] == answer:
            return words[i].start, words[i + len(answer) - 1].end
    return None


def step_of(prompt: str, answer: str) -> str:
    """A fact as one step of a chain."""
    return f"{_lower(COPULA.sub('', prompt))} = {answer.removesuffix('.')}"


def _real(tokens: Sequence[int]) -> list[int]:
    return [t for t in tokens if t != NO_TOKEN]


def _lower(sentence: str) -> str:
    """The sentence as it goes on behind a comma."""
    first = sentence.split(" ", 1)[0]
    return sentence[0].lower() + sentence[1:] if first.lower() in _LOWERED else sentence
