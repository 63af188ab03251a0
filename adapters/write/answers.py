"""What a fact says, as tokens: its answer after the taught prompt, and its sentence by itself."""

from typing import Any

from adapters.write.rows import ANSWER_TOKENS, SENTENCE
from oneshot.errors import BadInputError

ENDS = (".", "!", "?", "\u2026", "\u3002")


def answer_tokens(tokenizer: Any, prompt: str, answer: str) -> list[int]:
    """The answer's tokens after the prompt, its stop, and the end of the text where there is one.

    The text of a special token is text here. Raises BadInputError for an answer that the tokenizer
    cannot make or that is too long.
    """
    text = ended(answer)
    before = plain_ids(tokenizer, prompt)
    whole = plain_ids(tokenizer, f"{prompt} {text}")
    steps = whole[len(before) :]
    made = tokenizer.decode(steps).strip() if whole[: len(before)] == before else None
    if made != text or _special(tokenizer, steps):
        raise BadInputError(
            f"the tokenizer cannot make the answer {answer[:60]!r} after this prompt (it makes "
            f"{(made or '')[:60]!r}); use other words or drop unusual characters"
        )
    if len(steps) > ANSWER_TOKENS + 1:
        raise BadInputError(
            f"the answer {answer[:60]!r} has {len(steps) - 1} tokens; give at most {ANSWER_TOKENS}"
        )
    return [*steps, *end_of_text(tokenizer)]


def sentence_tokens(tokenizer: Any, prompt: str, answer: str) -> list[int]:
    """The tokens of prompt and answer as a sentence by itself; of the answer where that is none."""
    alone = prompt.rstrip().endswith((*ENDS, ":"))
    text = ended(answer) if alone else f"{prompt} {ended(answer)}"
    ids = plain_ids(tokenizer, text)
    return ids if len(ids) <= SENTENCE else plain_ids(tokenizer, ended(answer))[:SENTENCE]


def ended(answer: str) -> str:
    """The answer with the stop of its sentence, once."""
    return answer if answer.endswith(ENDS) else f"{answer}."


def end_of_text(tokenizer: Any) -> list[int]:
    """The token that ends a text, where there is one."""
    return [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]


def plain_ids(tokenizer: Any, text: str) -> list[int]:
    """A text's tokens without those that the tokenizer adds; special tokens' names are text."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)[
        "input_ids"
    ]
    return ids


def _special(tokenizer: Any, ids: list[int]) -> bool:
    return bool(set(ids) & set(tokenizer.all_special_ids))
