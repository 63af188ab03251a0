"""Ask a host, with or without an adapter: free generation to a natural stop."""

import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adapters.attach import Attachment, attach
from adapters.foretold import foretold
from adapters.host.read import positions
from adapters.query.decide import Change
from adapters.query.denoise import Denoiser
from oneshot.errors import BadInputError
from oneshot.facts.manner import RAW, Manner, Turn
from oneshot.hosts.load import Host

BATCH = 32
SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s*$|\n")

Question = str | Sequence[Turn]
Hear = Callable[[str, int | None], None]
"""Called with each piece of an answer as it comes, and the fact that says it, None for the host."""


@dataclass(frozen=True)
class Said:
    """An answer, its tokens, and what the adapter changed at each of them."""

    text: str
    tokens: tuple[str, ...]
    changes: tuple[Change | None, ...]


class _Trace:
    """Keeps what the adapter did at each step, and ends a row at a sentence's end where asked to,
    unless a fact is still speaking there.
    """

    def __init__(
        self, tokenizer: Any, start: int, attachment: Attachment | None, *, one_sentence: bool
    ) -> None:
        self.tokenizer, self.start, self.attachment = tokenizer, start, attachment
        self.one_sentence = one_sentence
        self.steps: list[list[Change]] = []

    def __call__(self, ids: Tensor, _scores: object, **_: object) -> Tensor:
        changes = self.attachment.changes if self.attachment else []
        self.steps.append(changes)
        if not self.one_sentence:
            return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
        speaking = {c.row for c in changes}
        texts = self.tokenizer.batch_decode(ids[:, self.start :], skip_special_tokens=True)
        over = [
            row not in speaking and bool(SENTENCE_END.search(text))
            for row, text in enumerate(texts)
        ]
        return torch.tensor(over, device=ids.device)

    def of_row(self, row: int) -> list[Change | None]:
        """What was changed in a row at each step."""
        return [next((c for c in changes if c.row == row), None) for changes in self.steps]


class _Stream:
    """Hands an answer on while it is given, as the library's streamers do.

    Spaces at its ends are left out, and a character waits until all its tokens are there.
    """

    def __init__(self, tokenizer: Any, attachment: Attachment | None, hear: Hear) -> None:
        self.tokenizer, self.attachment, self.hear = tokenizer, attachment, hear
        self.ids: list[int] | None = None
        self.shown = ""

    def put(self, value: Tensor) -> None:
        """Take in a token; what comes first is the question."""
        if self.ids is None:
            self.ids = []
            return
        self.ids += value.flatten().tolist()
        text = self.tokenizer.decode(self.ids, skip_special_tokens=True).strip()
        if len(text) > len(self.shown) and not text.endswith("\ufffd"):
            self.hear(text[len(self.shown) :], self._fact())
            self.shown = text

    def end(self) -> None:
        """Nothing is held back."""

    def _fact(self) -> int | None:
        changes = self.attachment.changes if self.attachment else []
        return next((c.fact for c in changes if c.fact >= 0), None)


@torch.inference_mode()
def answer(
    host: Host,
    questions: Sequence[Question],
    denoiser: Denoiser | None = None,
    manner: Manner = RAW,
    streamer: Hear | None = None,
) -> list[Said]:
    """Answers in the order asked; raises BadInputError for a prompt that cannot be read.

    Of a conversation that is too long for the host the oldest turns are left out. `streamer` hears
    the answer to a single question piece by piece, with the denoiser's row of the fact that speaks.
    """
    assert streamer is None or len(questions) == 1, "one answer is heard at a time"
    said: list[Said] = []
    for start in range(0, len(questions), BATCH):
        some = questions[start : start + BATCH]
        said += _answer_batch(host, some, denoiser, manner, streamer)
    return said


def _answer_batch(
    host: Host,
    questions: Sequence[Question],
    denoiser: Denoiser | None,
    manner: Manner,
    streamer: Hear | None,
) -> list[Said]:
    rows = [ids_of(host, question, manner) for question in questions]
    _check_room(host, rows, manner.longest(host))
    said: dict[int, Said] = {}
    with attach(host.model, denoiser) if denoiser else nullcontext() as attachment:
        if attachment and streamer is None and manner.temperature == 0:
            said = _foretold(host, rows, questions, attachment, manner)
        rest = [row for row in range(len(rows)) if row not in said]
        if rest:
            some = [rows[row] for row in rest]
            made = _generated(host, some, attachment, manner, streamer)
            said |= dict(zip(rest, made, strict=True))
    return [said[row] for row in range(len(rows))]


def _foretold(
    host: Host,
    rows: Sequence[list[int]],
    questions: Sequence[Question],
    attachment: Attachment,
    manner: Manner,
) -> dict[int, Said]:
    texts, end = [text_of(q) for q in questions], host.tokenizer.eos_token_id
    found = foretold(attachment, rows, texts, end, manner.longest(host))
    lines = manner.chats(host)
    return {row: _said(host, f.tokens, f.changes, lines=lines) for row, f in found.items()}


def _generated(
    host: Host,
    rows: Sequence[list[int]],
    attachment: Attachment | None,
    manner: Manner,
    streamer: Hear | None,
) -> list[Said]:
    from transformers import StoppingCriteriaList

    ids, mask = _left_padded(host, rows)
    length, chat = ids.shape[1], manner.chats(host)
    if manner.seed is not None:
        torch.manual_seed(manner.seed)
    trace = _Trace(host.tokenizer, length, attachment, one_sentence=not chat)
    made = host.model.generate(
        input_ids=ids,
        attention_mask=mask,
        generation_config=_settings(host, manner),
        stopping_criteria=StoppingCriteriaList([trace]),
        streamer=_Stream(host.tokenizer, attachment, streamer) if streamer else None,
    )
    return [
        _said(host, made[row, length:].tolist(), trace.of_row(row), lines=chat)
        for row in range(len(rows))
    ]


def _settings(host: Host, manner: Manner) -> Any:
    from transformers import GenerationConfig

    sampled = manner.temperature > 0
    return GenerationConfig(
        max_new_tokens=manner.longest(host),
        do_sample=sampled,
        **({"temperature": manner.temperature, "top_k": 0} if sampled else {}),
        eos_token_id=host.tokenizer.eos_token_id,
        pad_token_id=_pad(host.tokenizer),
    )


def _said(host: Host, ids: Sequence[int], changes: Sequence[Change | None], *, lines: bool) -> Said:
    eos = host.tokenizer.eos_token_id
    ids = ids[: ids.index(eos) + 1] if eos in ids else ids
    text = host.tokenizer.decode(ids, skip_special_tokens=True)
    text = text.strip() if lines else text.split("\n")[0].strip()
    tokens = tuple(host.tokenizer.decode([i]) for i in ids)
    return Said(text, tokens, tuple(changes[: len(ids)]))


def ids_of(host: Host, question: Question, manner: Manner) -> list[int]:
    """The tokens of a question, without as many of the oldest turns as it takes to read it."""
    limit, ids = _limit(host), manner.ids(host, question)
    while limit and len(ids) + manner.longest(host) > limit and _turns(question) > 2:
        question = question[2:]
        ids = manner.ids(host, question)
    return ids


def text_of(question: Question) -> str:
    """A question's text; of a conversation that of its last turn."""
    return question if isinstance(question, str) else question[-1]["content"]


def with_text(question: Question, text: str) -> Question:
    """The question with another text."""
    if isinstance(question, str):
        return text
    return [*question[:-1], question[-1] | {"content": text}]


def _turns(question: Question) -> int:
    return 1 if isinstance(question, str) else len(question)


def _check_room(host: Host, rows: Sequence[list[int]], room: int) -> None:
    longest, limit = max(map(len, rows)), _limit(host)
    if limit is not None and longest + room > limit:
        raise BadInputError(
            f"a prompt has {longest} tokens; with {room} for the answer the model "
            f"reads {limit}: shorten it"
        )
    if min(map(len, rows)) == 0:
        raise BadInputError("an empty prompt came; ask something")


def _left_padded(host: Host, rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, rows))
    device = next(host.model.parameters()).device
    ids = torch.full((len(rows), longest), _pad(host.tokenizer), device=device)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, longest - len(row) :] = torch.tensor(row, device=device)
        mask[i, longest - len(row) :] = 1
    return ids, mask


def fits(host: Host, question: str, manner: Manner = RAW) -> bool:
    """Whether a question leaves room for an answer in what the host reads."""
    limit = _limit(host)
    return limit is None or len(manner.ids(host, question)) + manner.longest(host) <= limit


def _limit(host: Host) -> int | None:
    return positions(host.model)


def _pad(tokenizer: Any) -> int:
    for token in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    return 0


def short(text: str) -> str:
    """An answer without the stop that ends its sentence."""
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text
