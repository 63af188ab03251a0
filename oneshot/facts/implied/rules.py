"""Rules of a user's own: "X's capital is Y => Y is in X"."""

import re
from dataclasses import dataclass
from functools import cached_property

from oneshot.errors import BadInputError, OneshotError
from oneshot.facts.implied.wording import question_key, worded
from oneshot.facts.language.asking.questions import questions
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.language.text import brief, check_text
from oneshot.facts.types import Statement

LONGEST = 400  # characters
FORM = 'write it as "X\'s capital is Y => Y is in X"'
_OTHERS = re.compile(r"\b[B-HJ-WZ]\b(?!\.)")  # of whom the left side tells nothing
_NAMES = {"X": "Xandoria", "Y": "Yelvington"}  # names that grammar knows for names


@dataclass(frozen=True)
class Rule:
    """What is told of X and Y lets another thing be told of one of them."""

    text: str

    @cached_property
    def given(self) -> Statement:
        """The left side, told of a stand-in for X with one for Y as its answer."""
        return _parsed(self.text.split("=>")[0])

    @cached_property
    def follows(self) -> Statement:
        """The right side, told of either stand-in."""
        return _parsed(self.text.split("=>")[1])

    @property
    def of_answer(self) -> bool:
        """Whether what follows is told of the fact's answer, and not of its subject."""
        return self.follows.subject == _NAMES["Y"]

    def fits(self, told: Statement) -> bool:
        """Whether a fact is told as the left side is, or in words that ask the same."""
        left = self.given
        if question_key(told) == question_key(left):
            return True
        return bool(_forms(told) & _forms(left))

    def applied(self, subject: str, answer: str) -> Statement:
        """What follows for two names."""

        def filled(text: str) -> str:
            return text.replace(_NAMES["X"], subject).replace(_NAMES["Y"], answer)

        right = self.follows
        about = filled(right.subject or "")
        return Statement(filled(right.prompt), filled(right.answer), about, rule=self.text)


def rule_of(text: str) -> Rule:
    """A rule as a user writes it; raises BadInputError where it is none."""
    text = " ".join(check_text(text.strip(), "rule", LONGEST).split())
    sides = [part.strip(" .") for part in text.split("=>")]
    if len(sides) != 2 or not all(sides):
        raise BadInputError(f"{brief(text)} is no rule of two sides; {FORM}")
    if unknown := _OTHERS.search(text):
        raise BadInputError(
            f"{unknown[0]} in {brief(text)} stands for nobody: rules are about X and Y; {FORM}"
        )
    rule = Rule(" => ".join(sides))
    left, right = rule.given, rule.follows
    if left.subject != _NAMES["X"] or left.answer != _NAMES["Y"]:
        raise BadInputError(f"the left of {brief(text)} has to tell Y of X; {FORM}")
    if right.subject not in _NAMES.values():
        raise BadInputError(f"the right of {brief(text)} has to be about X or Y; {FORM}")
    return rule


def _parsed(side: str) -> Statement:
    text = re.sub(r"\b[XY]\b", lambda found: _NAMES[found[0]], side)
    try:
        return parse_sentence(text)
    except OneshotError as error:
        raise BadInputError(f"{brief(side.strip())} cannot be read as a fact; {FORM}") from error


def _forms(told: Statement) -> set[str]:
    subject = told.subject or ""
    made = questions(told.prompt, subject, told.answer)
    return {worded(form, subject) for form in (told.prompt, *told.asks, *made)}
