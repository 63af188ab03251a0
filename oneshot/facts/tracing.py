"""What an adapter did at each step of a generation, and where a row ends."""

import re
from typing import Any

import torch
from torch import Tensor

from adapters.attach import Attachment
from adapters.query.decide import Change
from oneshot.facts.foretold import Foretold, foretold

SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s*$|\n")


class Trace:
    """Keeps what the adapter did at each step, and ends a row at a sentence's end where asked to,
    unless a fact is still speaking there.

    Where most answers are `foretold` behind the first step, of as many tokens as there is `room`
    for, all end there: the few others are asked again by themselves.
    """

    def __init__(
        self,
        tokenizer: Any,
        start: int,
        attachment: Attachment | None,
        room: int | None,
        *,
        one_sentence: bool,
    ) -> None:
        self.tokenizer, self.start, self.attachment = tokenizer, start, attachment
        self.room, self.one_sentence = room, one_sentence
        self.steps: list[list[Change]] = []
        self.foretold: dict[int, Foretold] = {}

    def __call__(self, ids: Tensor, _scores: object, **_: object) -> Tensor:
        """Take in a step, whose token is the last of each row; which rows end there."""
        self.steps.append(self.attachment.changes if self.attachment else [])
        if len(self.steps) == 1 and self._foretells(ids):
            return torch.ones(len(ids), dtype=torch.bool, device=ids.device)
        if not self.one_sentence:
            return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
        speaking = {c.row for c in self.steps[-1]}
        texts = self.tokenizer.batch_decode(ids[:, self.start :], skip_special_tokens=True)
        over = [
            row not in speaking and bool(SENTENCE_END.search(text))
            for row, text in enumerate(texts)
        ]
        return torch.tensor(over, device=ids.device)

    def _foretells(self, ids: Tensor) -> bool:
        """Whether most answers are known now; they are kept where that is so."""
        if self.attachment is None or self.room is None:
            return False
        first, end = ids[:, -1].tolist(), self.tokenizer.eos_token_id
        told = foretold(self.attachment, first, end, self.room)
        if 2 * len(told) <= len(ids):
            return False
        self.foretold = told
        return True
