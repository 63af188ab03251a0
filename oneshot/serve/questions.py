"""What the model is given for a question: its tokens, within what it reads, and how to answer."""

from collections.abc import Sequence

from oneshot.errors import BadInputError
from oneshot.facts.answering import short
from oneshot.facts.language.checking import check_question
from oneshot.facts.manner import CHAT, Manner, Turn
from oneshot.serve.answering.asked import Asked, Drawing
from oneshot.serve.brains import Shape

GREEDY = Drawing()
LINE = ("\n",)  # where the answer of a model that is asked plainly ends at the latest


class TooLongError(BadInputError):
    """A question that leaves no room for an answer in what the model reads."""


def chat(
    shape: Shape,
    turns: str | Sequence[Turn],
    most: int | None = None,
    drawing: Drawing = GREEDY,
    stops: Sequence[str] = (),
    top: int | None = None,
    manner: Manner = CHAT,
) -> Asked:
    """A question or conversation; a host without a template is asked the last turn plainly.

    The answer of such a host ends with its first sentence, as `oneshot ask` has it. `most` bounds
    the new tokens.
    """
    whole = manner.chats(shape.host)
    ids = manner.ids(shape.host, check_question(turns))
    most = room(shape, len(ids), most or manner.longest(shape.host))
    ends = tuple(stops) if whole else (*stops, *LINE)
    return Asked(tuple(ids), most, drawing, ends, top, one_sentence=not whole, tidy=True)


def completion(
    shape: Shape,
    prompt: str | Sequence[int],
    most: int,
    drawing: Drawing,
    stops: Sequence[str],
    top: int | None,
) -> Asked:
    """A text, or its tokens, to be gone on with to a stop text or `most` tokens."""
    if isinstance(prompt, str):
        ids = list(shape.tokenizer(check_question(prompt))["input_ids"])
    else:
        ids = _known(shape, prompt)
    return Asked(tuple(ids), room(shape, len(ids), most), drawing, tuple(stops), top)


def _known(shape: Shape, ids: Sequence[int]) -> list[int]:
    if any(not 0 <= token < shape.vocabulary for token in ids):
        raise BadInputError(f"a token is none of 0 to {shape.vocabulary - 1}; give tokens or text")
    return list(ids)


def answer_text(shape: Shape, text: str, manner: Manner) -> str:
    """An answer as receipts have it."""
    return text if manner.chats(shape.host) else short(text.strip())


def room(shape: Shape, given: int, most: int) -> int:
    """How many of so many new tokens there is room for behind `given` ones.

    Raises TooLongError where there is none, BadInputError for nothing given.
    """
    if given == 0:
        raise BadInputError("an empty prompt came; ask something")
    if shape.longest is None:
        return most
    if given >= shape.longest:
        raise TooLongError(
            f"the question has {given} tokens, and the model reads {shape.longest} with the "
            "answer: shorten it"
        )
    return min(most, shape.longest - given)
