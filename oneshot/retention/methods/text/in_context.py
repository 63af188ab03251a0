"""In-context teaching: the facts stand as text before the prompt."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from adapters.host.read import positions
from oneshot.facts.manner import PLAIN_TOKENS
from oneshot.hosts.load import Host
from oneshot.retention.methods.interface import Method, Request


def sentence(request: Request) -> str:
    """A fact as it would be said, with its stop."""
    text = f"{request.prompt} {request.answer}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def before_prompt(host: Host, facts: Sequence[Request], prompt: str) -> str:
    """The prompt after as many of the last facts as the model reads beside it and an answer."""
    limit = positions(host.model)
    text = prompt
    for fact in reversed(facts):
        longer = f"{sentence(fact)} {text}"
        if limit and len(host.tokenizer(longer)["input_ids"]) + PLAIN_TOKENS > limit:
            break
        text = longer
    return text


class InContext(Method):
    """All the facts that fit, the latest ones; the host stays as it is."""

    name = "in context"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._facts: list[Request] = []

    def write(self, requests: Sequence[Request]) -> None:
        """Remember the sentences."""
        self._facts += requests

    def forget(self, requests: Sequence[Request]) -> None:
        """Leave these sentences out from now on."""
        self._facts = [fact for fact in self._facts if fact not in requests]

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The bare host; the facts come with the prompt."""
        yield self.host.model

    def context(self, prompt: str) -> str:
        """The facts that fit, and the prompt."""
        return before_prompt(self.host, self._facts, prompt)

    def stored_bytes(self) -> int:
        """Bytes of the text."""
        return sum(len(sentence(fact).encode()) for fact in self._facts)


class NamedInContext(InContext):
    """The latest facts whose subject stands in the prompt: what a perfect search by name finds."""

    name = "in context, by name"
    most = 3

    def context(self, prompt: str) -> str:
        """These facts, and the prompt."""
        text = prompt.casefold()
        named = [
            f for f in self._facts if any(n.casefold() in text for n in (f.subject, *f.aliases))
        ]
        return before_prompt(self.host, named[-self.most :], prompt)
