"""Whether a method did anything: one that says it wrote and left all as it was fails loudly."""

import torch

from oneshot.errors import OneshotError
from oneshot.retention.measures.axes import Answers
from oneshot.retention.measures.logits import row_logits
from oneshot.retention.methods.bare import BareHost
from oneshot.retention.methods.interface import Method
from oneshot.retention.suites.suite import Suite

ASKED = 8  # taught prompts that are looked at


def check_changed(method: Method, bare: Answers, suite: Suite) -> None:
    """Raise OneshotError where taught prompts have the bare host's logits and answers."""
    prompts = [request.prompt for request in suite.requests[-ASKED:]]
    if isinstance(method, BareHost) or _changed_logits(method, prompts):
        return
    if method.answers(prompts) == bare(prompts):
        raise OneshotError(
            f"{method.name} says that it wrote {len(suite.requests)} facts, but {len(prompts)} "
            "taught prompts have the bare model's logits and answers; mend the method"
        )


@torch.inference_mode()
def _changed_logits(method: Method, prompts: list[str]) -> bool:
    if any(method.context(prompt) != prompt for prompt in prompts):
        return True
    rows = [method.host.tokenizer(prompt)["input_ids"] for prompt in prompts]
    before = row_logits(method.host.model, rows)
    with method.taught() as model:
        after = row_logits(model, rows)
    return not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
