"""Later answers to facts that were told before, and facts taken out again."""

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from oneshot.retention.measures.axes import right
from oneshot.retention.measures.scores import interval
from oneshot.retention.methods.interface import Method, Request, Reversible
from oneshot.retention.suites.suite import Probe, Suite

CONTRADICTED = 5  # facts told differently
AGAIN, BETWEEN = 10, 5  # facts written twice over; facts written and forgotten in between
ASKED = 16  # prompts whose logits are compared


def measure_contradictions(method: Method, suite: Suite, seed: int) -> dict[str, Any]:
    """The share of facts told again with another answer that are answered so; asked twice over.

    In the taught wording, and in another one where there is one. `brought_back`: the older answers
    hold again after the last writing was undone, where the method can do that.
    """
    numbers = list(range(len(suite.requests)))
    chosen = random.Random(seed).sample(numbers, min(CONTRADICTED, len(numbers)))
    old = [suite.requests[i] for i in chosen]
    new = [Request(r.prompt, suite.rivals[i], r.subject) for i, r in zip(chosen, old, strict=True)]
    method.write(new)
    result = {"later_holds": _share(method, new)}
    paraphrase = {p.fact: p for p in suite.told.get("paraphrase", ())}
    reworded = [
        Request(paraphrase[i].prompt, r.answer, r.subject)
        for i, r in zip(chosen, new, strict=True)
        if i in paraphrase
    ]
    if reworded:
        result["later_holds_reworded"] = _share(method, reworded)
    if isinstance(method, Reversible):
        method.undo()
        result["brought_back"] = _share(method, old)
    return result


def _share(method: Method, requests: Sequence[Request]) -> dict[str, Any]:
    said = method.answers([r.prompt for r in requests])
    return interval(right([Probe(r.prompt, r.answer) for r in requests], said))


def check_no_edit(method: Method, suite: Suite, seed: int) -> dict[str, Any]:
    """What is left of facts that were forgotten, and of the order in which they came.

    The `changed` entries show that there was something to take back; the others say whether weights
    and logits are equal bit for bit, the weights with other facts written and forgotten in between.
    """
    if not isinstance(method, Reversible):
        return {}
    prompts = [r.prompt for r in suite.requests[:ASKED]]
    bare = _logits(method, prompts, bare=True)
    changed = not _equal(bare, _logits(method, prompts))
    method.forget(suite.requests)
    after = _logits(method, prompts)
    some, others = suite.requests[:AGAIN], suite.requests[AGAIN : AGAIN + BETWEEN]
    method.write(some)
    once = method.fingerprint()
    method.forget(some)
    empty = method.fingerprint()
    shuffled = random.Random(seed).sample(some, len(some))
    method.write(shuffled[: len(some) // 2])
    method.write(others)
    method.write(shuffled[len(some) // 2 :])
    method.forget(others)
    return {
        "logits_changed_by_writing": changed,
        "logits_equal_after_forgetting_all": _equal(bare, after),
        "weights_changed_by_writing": once != empty,
        "weights_equal_in_another_order": method.fingerprint() == once,
    }


@torch.inference_mode()
def _logits(method: Method, prompts: Sequence[str], *, bare: bool = False) -> list[Tensor]:
    tokenizer, device = method.host.tokenizer, next(method.host.model.parameters()).device
    rows = [tokenizer(p, return_tensors="pt").input_ids.to(device) for p in prompts]
    if bare:
        return [method.host.model(input_ids=ids).logits for ids in rows]
    with method.taught() as model:
        return [model(input_ids=ids).logits for ids in rows]


def _equal(a: Sequence[Tensor], b: Sequence[Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
