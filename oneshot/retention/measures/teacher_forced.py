"""Teacher-forced scores, as their sources define them; beside free generation, never instead.

`rewrite_acc` (EasyEdit, `compute_rewrite_quality`): the share of the answer's tokens that are the
most likely ones when the tokens before them are given. ES, PS, NS and S (ROME, arXiv 2202.05262,
section 3.3): whether the mean negative log-likelihood of one answer is below another's: after an
edit the new one's below the old one's on the edit's prompt (ES) and on paraphrases (PS), and the
true one's below the new one's on neighbours (NS); S is their harmonic mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from oneshot.retention.measures.logits import row_logits
from oneshot.retention.measures.scores import interval
from oneshot.retention.methods.interface import Method
from oneshot.retention.suites.suite import Probe, Suite

BATCH = 32
EDITED = ("ES", "PS", "NS")
"""The scores whose harmonic mean is S."""
PARAPHRASES, NEIGHBOURS = ("rephrased", "paraphrase"), ("locality", "neighbours")


@dataclass(frozen=True)
class Forced:
    """One answer under teacher forcing: mean negative log-likelihood, share of top tokens."""

    loss: float
    share: float


def teacher_forced(method: Method, suite: Suite) -> dict[str, Any]:
    """`rewrite_acc` and `rephrase_acc`, and where probes have a competing answer ES, PS, NS, S."""
    paraphrase = next((suite.told[a] for a in PARAPHRASES if suite.told.get(a)), [])
    neighbours = next((suite.kept[a] for a in NEIGHBOURS if suite.kept.get(a)), [])
    efficacy = suite.told["efficacy"]
    scores: dict[str, Any] = {"rewrite_acc": _accuracy(method, efficacy)}
    if paraphrase:
        scores["rephrase_acc"] = _accuracy(method, paraphrase)
    for name, probes in (("ES", efficacy), ("PS", paraphrase), ("NS", neighbours)):
        pairs = [p for p in probes if p.answer and p.other not in ("", p.answer)]
        if pairs:
            scores[name] = _preferred(method, pairs)
    if all(name in scores for name in EDITED):
        scores["S"] = harmonic([scores[name]["mean"] for name in EDITED])
    return scores


def _accuracy(method: Method, probes: Sequence[Probe]) -> dict[str, Any]:
    return interval([f.share for f in force(method, [(p.prompt, p.answer) for p in probes])])


def _preferred(method: Method, probes: Sequence[Probe]) -> dict[str, Any]:
    wanted = force(method, [(p.prompt, p.answer) for p in probes])
    other = force(method, [(p.prompt, p.other) for p in probes])
    return interval([a.loss < b.loss for a, b in zip(wanted, other, strict=True)])


def harmonic(values: Sequence[float]) -> float:
    """The harmonic mean; 0 where one of them is."""
    return len(values) / sum(1 / v for v in values) if all(values) else 0.0


@torch.inference_mode()
def force(method: Method, pairs: Sequence[tuple[str, str]]) -> list[Forced]:
    """Each answer after its prompt, in the order given."""
    found: list[Forced] = []
    with method.taught() as model:
        for start in range(0, len(pairs), BATCH):
            found += _batch(method, model, pairs[start : start + BATCH])
    return found


def _batch(method: Method, model: Any, pairs: Sequence[tuple[str, str]]) -> list[Forced]:
    tokenizer = method.host.tokenizer
    prompts = [method.context(prompt) for prompt, _ in pairs]
    starts = [len(tokenizer(prompt)["input_ids"]) for prompt in prompts]
    rows = [
        tokenizer(f"{prompt} {answer}")["input_ids"]
        for prompt, (_, answer) in zip(prompts, pairs, strict=True)
    ]
    method.given([start - 1 for start in starts])
    logits = row_logits(model, rows)
    return [
        _forced(found[start - 1 : -1], row[start:])
        for found, start, row in zip(logits, starts, rows, strict=True)
    ]


def _forced(logits: Tensor, answer: list[int]) -> Forced:
    targets = torch.tensor(answer, device=logits.device)
    loss = torch.nn.functional.cross_entropy(logits, targets)
    return Forced(float(loss), float((logits.argmax(1) == targets).float().mean()))
