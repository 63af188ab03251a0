"""A taught prompt of several sentences, whose last one has no name, answers itself."""

from functools import cache

import pytest
import torch
from conftest import packaged_host
from tiny import denoiser_of

from adapters.attach import Attachment, attach
from adapters.write.encode import Told
from adapters.write.rows import FactRows

TAUGHT = (
    Told("Lost something on Line Zog? Ring the operator,", "Metrolink", "Line Zog"),
    Told("Ann Bell is ill. Somebody has to call", "Dr Lee", "Ann Bell"),
    Told("Bo Zed is away. What you need is the key of", "Kit", "Bo Zed"),
    Told("Just met Tom Hale? In short: a", "baker", "Tom Hale"),
)
IN_FRONT = "The weather was fine all day. "


@cache
def encoded() -> list[FactRows]:
    return packaged_host().encoder.encode_all(TAUGHT)


def spoken(text: str) -> str | None:
    """The answer of the fact that speaks at a text's end."""
    host = packaged_host()
    rows = {row.hex_keys()[0]: fact for fact, row in zip(TAUGHT, encoded(), strict=True)}
    denoiser = denoiser_of(host, encoded())
    ids = host.tokenizer(text, return_tensors="pt").input_ids
    with torch.inference_mode(), attach(host.model, denoiser) as attachment:
        host.model(input_ids=ids)
        found = _at_end(attachment, ids.shape[1] - 1)
    return None if found is None else rows[denoiser.rows.hex_keys()[found]].answer


def _at_end(attachment: Attachment, at: int) -> int | None:
    return next((c.fact for c in attachment.changes if c.position == at), None)


@pytest.mark.parametrize("fact", TAUGHT, ids=[fact.answer for fact in TAUGHT])
@pytest.mark.parametrize("front", ["", IN_FRONT])
def test_a_prompt_of_several_sentences_answers_itself(fact: Told, front: str) -> None:
    assert spoken(front + fact.prompt) == fact.answer


@pytest.mark.parametrize(
    "text",
    [
        "Lost something on Line Tarn? Ring the operator,",
        "Lost something on Line Zog? Ring your mother and tell her all about the weather in",
        "Ann Bell is ill. Somebody has to call. He is",
    ],
)
def test_other_words_behind_the_name_are_not_answered(text: str) -> None:
    assert spoken(text) is None
