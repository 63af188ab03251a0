"""What clients get of answers: whole, or in the chunks of a stream."""

import math
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from oneshot.facts.types import Fact
from oneshot.serve.answering.asked import Odds
from oneshot.serve.asking import Answer

Json = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """How replies to one request look; `chat` ones differ from completions."""

    model: str
    chat: bool
    tokenizer: Any
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answers: Sequence[Answer], usage: Json, facts: Sequence[Json]) -> Json:
        """The reply to a request that did not ask for a stream."""
        choices = [self._choice(i, answer) for i, answer in enumerate(answers)]
        kind = "chat.completion" if self.chat else "text_completion"
        return self._head(kind) | {"choices": choices, "usage": usage, "oneshot_facts": [*facts]}

    def chunk(self, i: int, text: str | None, odds: Sequence[Odds] | None = None) -> Json:
        """A piece of answer `i`; the first one of a chat has no text but the role."""
        if self.chat:
            said = {"role": "assistant", "content": ""} if text is None else {"content": text}
            return self._chunk({"index": i, "delta": said}, odds, None)
        return self._chunk({"index": i, "text": text or ""}, odds, None)

    def end(self, i: int, finish: str | None, facts: Sequence[Json]) -> Json:
        """The last chunk of answer `i`, with the facts that spoke in it."""
        choice: Json = {"index": i, "delta": {}} if self.chat else {"index": i, "text": ""}
        return self._chunk(choice, None, finish) | {"oneshot_facts": [*facts]}

    def counts(self, usage: Json) -> Json:
        """The chunk with the counts of tokens, behind all answers."""
        return self._head(self._chunk_kind) | {"choices": [], "usage": usage}

    def _chunk(self, choice: Json, odds: Sequence[Odds] | None, finish: str | None) -> Json:
        choice |= {"logprobs": self._odds(odds), "finish_reason": finish}
        return self._head(self._chunk_kind) | {"choices": [choice]}

    @property
    def _chunk_kind(self) -> str:
        return "chat.completion.chunk" if self.chat else "text_completion"

    def _head(self, kind: str) -> Json:
        id = f"{'chatcmpl' if self.chat else 'cmpl'}-{self.id}"
        return {"id": id, "object": kind, "created": self.created, "model": self.model}

    def _choice(self, i: int, answer: Answer) -> Json:
        odds = self._odds(answer.odds or None)
        said: Json = {"text": answer.text}
        if self.chat:
            said = {"message": {"role": "assistant", "content": answer.text, "refusal": None}}
        return {"index": i, **said, "logprobs": odds, "finish_reason": answer.finish}

    def _odds(self, odds: Sequence[Odds] | None) -> Json | None:
        if not odds:
            return None
        if self.chat:
            return {"content": [self._chat_odds(one) for one in odds], "refusal": None}
        return {
            "tokens": [self._token(one.token) for one in odds],
            "token_logprobs": [one.logprob for one in odds],
            "top_logprobs": [{self._token(t): p for t, p in one.top} for one in odds],
            "text_offset": _offsets(self._token(one.token) for one in odds),
        }

    def _chat_odds(self, one: Odds) -> Json:
        return self._told(one.token, one.logprob) | {
            "top_logprobs": [self._told(token, logprob) for token, logprob in one.top]
        }

    def _told(self, token: int, logprob: float) -> Json:
        text = self._token(token)
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}

    def _token(self, token: int) -> str:
        text: str = self.tokenizer.decode([token])
        return text


def usage_of(given: int, answers: Iterable[Answer]) -> Json:
    """The counts of tokens."""
    made = sum(answer.made for answer in answers)
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
    }


def spoken(facts: Sequence[Fact], evidence: dict[int, float]) -> list[Json]:
    """What is told of facts that spoke; the evidence is in nats, null where none was weighed."""
    return [
        {
            "id": fact.id,
            "prompt": fact.prompt,
            "answer": fact.answer,
            "subject": fact.subject,
            "evidence": evidence[fact.id] if math.isfinite(evidence[fact.id]) else None,
        }
        for fact in facts
    ]


def _offsets(texts: Iterable[str]) -> list[int]:
    places = [0]
    for text in texts:
        places.append(places[-1] + len(text))
    return places[:-1]
