"""What writing facts did to running text that is about none of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from oneshot.retention.measures.logits import row_logits
from oneshot.retention.methods.interface import Gated, Method

LONGEST, TOGETHER = 96, 16  # tokens of a passage; passages of one forward pass


@dataclass
class _Passage:
    """A passage's own tokens, and all that the bare and the taught model read for it."""

    own: list[int]
    bare: list[int]
    taught: list[int]


@dataclass
class _Sums:
    tokens: int = 0
    changed: int = 0
    divergence: float = 0.0
    loss: float = 0.0
    bare_loss: float = 0.0
    fires: int = 0
    fires_right: int = 0


@torch.inference_mode()
def measure_text(method: Method, text: Sequence[str], tokens: int) -> dict[str, Any]:
    """Over that many tokens: next tokens that changed, KL(bare | taught) in nats, perplexities.

    Methods that say where a fact speaks also have the false fires per token: those after which the
    text does not go on as the fact says.
    """
    sums, passages = _Sums(), _passages(method, text, tokens)
    for start in range(0, len(passages), TOGETHER):
        part = passages[start : start + TOGETHER]
        bare = row_logits(method.host.model, [p.bare for p in part])
        with method.taught() as model:
            taught = row_logits(model, [p.taught for p in part])
            fires = method.fires() if isinstance(method, Gated) else []
        for passage, before, after in zip(part, bare, taught, strict=True):
            _add(sums, passage, before, after)
        for row, position in fires:
            _fired(sums, part[row], position, taught[row])
    return _result(sums, gated=isinstance(method, Gated))


def _passages(method: Method, text: Sequence[str], tokens: int) -> list[_Passage]:
    found, total, tokenizer = [], 0, method.host.tokenizer
    for line in text:
        if total >= tokens:
            break
        own = tokenizer(line, add_special_tokens=False)["input_ids"][:LONGEST]
        read = tokenizer.decode(own)
        bare, taught = (tokenizer(t)["input_ids"] for t in (read, method.context(read)))
        if len(own) > 1 and bare[-len(own) :] == taught[-len(own) :] == own:
            found.append(_Passage(own, bare, taught))
            total += len(own)
    return found


def _add(sums: _Sums, passage: _Passage, before: Tensor, after: Tensor) -> None:
    own = len(passage.own)
    before, after = before[-own:-1], after[-own:-1]
    targets = torch.tensor(passage.own[1:], device=before.device)
    sums.tokens += len(targets)
    sums.changed += int((before.argmax(1) != after.argmax(1)).sum())
    p, q = before.log_softmax(1), after.log_softmax(1)
    sums.divergence += float((p.exp() * (p - q)).sum())
    sums.loss -= float(q.gather(1, targets[:, None]).sum())
    sums.bare_loss -= float(p.gather(1, targets[:, None]).sum())


def _fired(sums: _Sums, passage: _Passage, position: int, after: Tensor) -> None:
    """Count a fact that speaks; it is right where the text goes on with its first token."""
    sums.fires += 1
    goes_on = passage.taught[position + 1 : position + 2]
    sums.fires_right += goes_on == [int(after[position].argmax())]


def _result(sums: _Sums, *, gated: bool) -> dict[str, Any]:
    if not sums.tokens:
        return {}
    result = {
        "tokens": sums.tokens,
        "changed_per_token": sums.changed / sums.tokens,
        "kl": sums.divergence / sums.tokens,
        "perplexity": math.exp(min(sums.loss / sums.tokens, 700)),
        "bare_perplexity": math.exp(sums.bare_loss / sums.tokens),
    }
    if gated:
        result["fires"], result["fires_right"] = sums.fires, sums.fires_right
        result["fires_per_token"] = (sums.fires - sums.fires_right) / sums.tokens
    return result
