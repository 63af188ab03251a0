"""Sentences of any kind, and what becomes of them; shared by the tests of statements."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from hypothesis import strategies as st

from oneshot.errors import BadInputError

PIECES = st.lists(
    st.sampled_from(list("\"“”'.,?:;!()«»&{}#é東\u0301"))
    | st.sampled_from(["is", "was", "the", "of", "to", "Zed", "1914", "'s", "St.", "J.", "in"])
    | st.sampled_from(["called", "that", "really", "founded", "with", "What", "The", "e\u0301"]),
    max_size=60,
)


P = ParamSpec("P")


R = TypeVar("R")


def outcome(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | str:
    """What the function returns, or its error's message, which must be one short line."""
    try:
        return function(*args, **kwargs)
    except BadInputError as error:
        message = str(error)
    assert message.isprintable()
    assert len(message) < 250 + 5 * 60  # 60 characters of input, each escaped at the worst
    return message
