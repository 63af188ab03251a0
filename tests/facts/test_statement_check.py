"""Checked statements: what is cleaned, and what is refused."""

from dataclasses import replace
from typing import ParamSpec, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import PIECES, outcome

from oneshot.errors import BadInputError
from oneshot.facts.language.statement import check_statement
from oneshot.facts.types import Statement

TEXTS = st.text(max_size=80) | PIECES.map(" ".join) | PIECES.map("".join)


P = ParamSpec("P")


R = TypeVar("R")


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.lists(TEXTS, max_size=2))
def test_check_is_idempotent(
    prompt: str, answer: str, subject: str | None, source: str | None, more: list[str]
) -> None:
    given = Statement(prompt, answer, subject, source, tuple(more), tuple(more))
    checked = outcome(check_statement, given)
    if isinstance(checked, Statement):
        assert check_statement(checked) is checked
        assert check_statement(replace(checked)) == checked


@pytest.mark.parametrize(
    ("answer", "checked"),
    [
        (" Glorptown. ", "Glorptown"),
        ("Glorptown .", "Glorptown"),
        ("and so on...", "and so on..."),
        ("Downey Jr.", "Downey Jr."),
        ("Downey Jr..", "Downey Jr."),
        ("the U.S.", "the U.S."),
        ("5 p.m.", "5 p.m."),
        ("Apple Inc.", "Apple Inc."),
        ("vitamin C.", "vitamin C"),
        ("3.14.", "3.14"),
        ("1.4.", "1.4"),
        ("Jeopardy!", "Jeopardy!"),
        ("e\u0301", "é"),
    ],
)
def test_check_cleans_answers(answer: str, checked: str) -> None:
    assert check_statement(Statement("It is", answer)).answer == checked


def test_check_cleans_the_rest() -> None:
    given = Statement("Cafe\u0301 Zed is in \t", "Rome", " Cafe\u0301 Zed ", " ")
    assert check_statement(given) == Statement("Café Zed is in", "Rome", "Café Zed", None)
    assert check_statement(Statement("p" * 2000, "a" * 300 + ".")).answer == "a" * 300


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (Statement(" ", "x"), "prompt is empty"),
        (Statement("x", "."), "answer is empty"),
        (Statement("a\x00b", "x"), "control character"),
        (Statement("a", "x\ny"), "control character or line break"),
        (Statement("a", "x\u2028y"), "line break"),
        (Statement("a\ud800", "x"), "not valid UTF-8"),
        (Statement("a", "x", source="\udcff"), "source .* not valid UTF-8"),
        (Statement("p" * 2001, "x"), "2,001 characters: give at most 2,000"),
        (Statement("p", "x" * 302), "302 characters: give at most 300"),
        (Statement("p", "x" * 301), "301 characters: give at most 300"),
        (Statement("Zed is", "red", "Ze d"), "'Ze d' does not stand in the prompt 'Zed is'"),
    ],
)
def test_check_errors_are_one_short_line(statement: Statement, message: str) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        check_statement(statement)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200
