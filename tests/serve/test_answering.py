"""Batches against the library's own generation, stop texts, and the drawing of tokens."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from conftest import TinyHost, packaged_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from tiny import PROMPTS, SAID, STRANGERS, generated, taught

from adapters.attach import attach
from adapters.query.denoise import PosteriorDenoiser
from oneshot.hosts.load import Host
from oneshot.serve.answering.asked import Asked, Drawing, Piece
from oneshot.serve.answering.batch import Batch
from oneshot.serve.answering.drawing import Chooser, nucleus, odds
from oneshot.serve.answering.row import Row
from oneshot.serve.answering.wording import Wording

ASKED = [*PROMPTS[:3], *STRANGERS[:2]]
LENGTHS = (4, 11, 6, 9, 3)


def rows_of(host: TinyHost, prompts: Sequence[str], said: list[str]) -> list[Row]:
    """Rows that end at different lengths and write what they say into `said`."""

    def hear(i: int) -> Callable[[Piece | Exception], None]:
        def heard(piece: Piece | Exception) -> None:
            assert isinstance(piece, Piece)
            said[i] += piece.text

        return heard

    asked = [
        Asked(tuple(host.tokenizer(p)["input_ids"]), LENGTHS[i % 5], tidy=True)
        for i, p in enumerate(prompts)
    ]
    return [Row(one, host.tokenizer, hear(i)) for i, one in enumerate(asked)]


def batch_of(
    host: TinyHost, denoiser: PosteriorDenoiser | None, prompts: Sequence[str], said: list[str]
) -> Batch:
    whole = Host(host.model, host.tokenizer, "tiny", "")
    return Batch(whole, denoiser, [(i,) for i in range(100)], rows_of(host, prompts, said))


def expected(host: TinyHost, denoiser: PosteriorDenoiser | None) -> list[str]:
    with attach(host.model, denoiser) if denoiser else nullcontext():
        return [
            generated(host, [p], max_new_tokens=n)[0] for p, n in zip(ASKED, LENGTHS, strict=True)
        ]


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "mistral"])
@pytest.mark.parametrize("facts", [False, True])
def test_a_batch_says_what_generation_says_of_each_row(architecture: str, facts: bool) -> None:
    host, denoiser = taught(architecture)
    said = [""] * len(ASKED)
    batch = batch_of(host, denoiser if facts else None, ASKED, said)
    while batch.step():
        pass
    batch.close()
    assert said == expected(host, denoiser if facts else None)
    if facts:
        assert said[0] == SAID[0]


def test_batches_that_take_turns_do_not_disturb_each_other() -> None:
    host, denoiser = taught("gpt2")
    said = [[""] * len(ASKED) for _ in range(3)]
    kinds = (denoiser, None, denoiser)
    batches = [batch_of(host, d, ASKED, s) for d, s in zip(kinds, said, strict=True)]
    batches[0].step()
    while batches:
        batches = [batch for batch in batches if batch.step()]
    assert said[0] == said[2] == expected(host, denoiser)
    assert said[1] == expected(host, None) != said[0]
    assert not host.model._forward_hooks


def test_a_row_that_nobody_waits_for_leaves_the_batch() -> None:
    host, denoiser = taught("gpt2")
    said = [""] * len(ASKED)
    batch = batch_of(host, denoiser, ASKED, said)
    batch.step()
    batch.rows[1].cancel()
    batch.step()
    assert len(batch.rows) == len(ASKED) - 1
    while batch.step():
        pass
    want = expected(host, denoiser)
    assert said[0] == want[0]
    assert len(said[1]) < len(want[1])


def test_a_row_that_fails_does_not_take_the_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    host, denoiser = taught("gpt2")
    said, failed = [""] * len(ASKED), list[Any]()
    batch = batch_of(host, denoiser, ASKED, said)
    monkeypatch.setattr(batch.rows[1], "_choose", lambda _: 1 / 0)
    monkeypatch.setattr(batch.rows[1], "hear", failed.append)
    while batch.step():
        pass
    want = expected(host, denoiser)
    assert isinstance(failed[0], ZeroDivisionError)
    assert said == [want[0], "", *want[2:]]


TEXTS = [
    "The capital of France is Paris.\nIt lies on the Seine.",
    "naïve café 日本語 ☃️ end",
    "aaa aab ab",
]
stops = st.lists(st.text("aP i.\nab日", min_size=1, max_size=3), max_size=3)


@given(st.sampled_from(TEXTS), stops, st.booleans())
def test_what_is_handed_on_ends_before_the_first_stop_text(
    text: str, stops: list[str], tidy: bool
) -> None:
    tokenizer = packaged_tokenizer()
    wording, shown = Wording(tokenizer, stops, tidy=tidy), ""
    for token in tokenizer(text)["input_ids"]:
        shown += wording.add(token)
        assert not any(stop in shown for stop in stops)
        if wording.stopped:
            break
    shown += wording.rest()
    whole = wording.text
    ends = [whole.find(stop) for stop in stops if stop in whole]
    want = whole[: min(ends)] if ends else whole
    assert shown == (want.rstrip() if tidy else want)
    assert wording.stopped == bool(ends)


logits = st.lists(st.floats(-20, 20), min_size=2, max_size=30).map(torch.tensor)


@given(logits, st.floats(0.01, 1))
def test_the_nucleus_is_the_fewest_likeliest_tokens_that_reach_the_share(
    logits: Any, share: float
) -> None:
    chances = logits.softmax(-1)
    kept = nucleus(chances, share)
    inside = kept > 0
    assert torch.equal(kept[inside], chances[inside])
    assert float(kept.sum()) >= share - 1e-5
    if not bool(inside.all()):
        assert float(chances[inside].min()) >= float(chances[~inside].max())
        assert float(kept.sum() - kept[inside].min()) < share + 1e-5


@given(logits, st.integers(-(2**63), 2**63 - 1))
def test_the_same_seed_draws_the_same(logits: Any, seed: int) -> None:
    drawing = Drawing(1.5, 0.9, seed)
    one, other = Chooser(drawing), Chooser(drawing)
    assert [one(logits) for _ in range(8)] == [other(logits) for _ in range(8)]
    assert Chooser(Drawing())(logits) == int(logits.argmax())


def test_another_seed_draws_otherwise() -> None:
    flat = torch.zeros(1000)
    assert Chooser(Drawing(1.0, 1.0, 1))(flat) != Chooser(Drawing(1.0, 1.0, 2))(flat)


@given(logits)
def test_odds_are_log_probabilities_with_the_likeliest_first(logits: Any) -> None:
    told = odds(logits, 0, 2)
    assert told.logprob == pytest.approx(float(logits.log_softmax(-1)[0]), abs=1e-5)
    assert told.top[0][1] == pytest.approx(float(logits.log_softmax(-1).max()), abs=1e-5)
    assert told.top[0][1] >= told.top[1][1]
