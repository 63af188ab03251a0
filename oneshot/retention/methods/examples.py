"""Facts as token batches: prompts with their answers, and the loss of saying them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from adapters.address.prompts import Prompt, encode_prompts
from adapters.write.answers import answer_tokens
from oneshot.hosts.load import Host
from oneshot.retention.methods.interface import Request

IGNORED = -100  # the label of a token that no loss looks at


@dataclass(frozen=True)
class Examples:
    """Rows of tokens, padded on the left so that all answers end in the last column.

    `labels` holds the answer's tokens and its stop where they stand, -100 elsewhere; `subject` is
    the column of the subject's last token.
    """

    ids: Int[Tensor, "rows seq"]
    mask: Int[Tensor, "rows seq"]
    labels: Int[Tensor, "rows seq"]
    subject: Int[Tensor, " rows"]

    @property
    def inputs(self) -> dict[str, Tensor]:
        """What the model reads."""
        positions = (self.mask.cumsum(1) - 1).clamp_min(0)
        return {"input_ids": self.ids, "attention_mask": self.mask, "position_ids": positions}

    @property
    def first(self) -> Int[Tensor, " rows"]:
        """The column of the prompt's last token, which predicts the answer's first one."""
        return (self.labels != IGNORED).int().argmax(1) - 1

    @property
    def asked(self) -> int:
        """How many of the last columns predict or hold an answer's token."""
        return self.ids.shape[1] - int(self.first.min())

    def take(self, rows: Int[Tensor, " some"]) -> "Examples":
        """Some of the rows."""
        parts = {name: getattr(self, name)[rows] for name in ("ids", "mask", "labels", "subject")}
        return replace(self, **parts)


def examples_of(host: Host, requests: Sequence[Request], prefixes: Sequence[str] = ()) -> Examples:
    """The requests, each bare and then after every prefix: row f * (1 + prefixes) + p.

    Raises BadInputError where a subject is not in its prompt or an answer cannot be tokenised.
    """
    end = host.tokenizer.eos_token_id
    rows = []
    for request in requests:
        prompts = [request.prompt, *(f"{p} {request.prompt}" for p in prefixes)]
        said = answer_tokens(host.tokenizer, request.prompt, request.answer)
        said = [token for token in said if token != end]
        found = encode_prompts(host.tokenizer, [(p, request.subject) for p in prompts])
        rows += [(prompt, said) for prompt in found]
    return left_padded(rows, host.model.device)


def left_padded(rows: Sequence[tuple[Prompt, Sequence[int]]], device: Any) -> Examples:
    """Prompts with what is said after them, as one batch."""
    longest = max(len(prompt.ids) + len(said) for prompt, said in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
    subject = torch.zeros(len(rows), dtype=torch.long)
    for row, (prompt, said) in enumerate(rows):
        start = longest - len(prompt.ids) - len(said)
        ids[row, start:] = torch.tensor([*prompt.ids, *said])
        mask[row, start:] = 1
        labels[row, longest - len(said) :] = torch.tensor(list(said), dtype=torch.long)
        subject[row] = start + prompt.end
    return Examples(ids.to(device), mask.to(device), labels.to(device), subject.to(device))


def answer_loss(
    run: Callable[..., Any], examples: Examples, reduction: str = "mean"
) -> Float[Tensor, "..."]:
    """Cross entropy of the answers' tokens under a model or its functional twin [nats].

    `mean` is over all tokens; `none` gives each row's mean over its own tokens.
    """
    kept = examples.asked
    logits = run(**examples.inputs, logits_to_keep=kept, use_cache=False).logits[:, :-1].float()
    labels = examples.labels[:, 1 - kept :]
    loss = cross_entropy(logits.transpose(1, 2), labels, ignore_index=IGNORED, reduction="none")
    spoken = (labels != IGNORED).sum(1)
    return loss.sum() / spoken.sum() if reduction == "mean" else loss.sum(1) / spoken


def shuffled(
    examples: Examples, size: int, epochs: int, generator: torch.Generator
) -> Iterator[Examples]:
    """Mini-batches of all rows, in a new order every epoch."""
    for _ in range(epochs):
        order = torch.randperm(len(examples.ids), generator=generator).to(examples.ids.device)
        yield from map(examples.take, order.split(size))
