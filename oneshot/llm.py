"""Brains as models of the command `llm`, and this package's own commands as `llm oneshot ...`."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import click
import llm
import platformdirs
from pydantic import Field

if TYPE_CHECKING:
    from oneshot.facts.learner import Learner
    from oneshot.facts.types import Reply
else:
    Learner = Reply = Any  # `llm` loads its plugins at every call: torch has to wait

NAME, CONFIG = "oneshot", "adapter_config.json"
Pieces = SimpleQueue[str | None]


class Brain(llm.Model):
    """A brain's model, answering with its facts; the ids of those that spoke are in the log."""

    can_stream = True

    class Options(llm.Options):
        """How it answers."""

        temperature: float = Field(default=0.0, ge=0, description="0 says what is likeliest.")
        max_tokens: int | None = Field(default=None, ge=1, description="An answer's length.")
        seed: int | None = Field(default=None, description="Of what is drawn by temperature.")

    def __init__(self, model_id: str, folder: Path) -> None:
        self.model_id, self.folder = model_id, folder
        self._thread = ThreadPoolExecutor(1, "oneshot-brain")  # a brain stays on one thread
        self._learner: Learner | None = None

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response,
        conversation: llm.Conversation | None,
    ) -> Iterator[str]:
        """The answer piece by piece; raises OneshotError where it cannot be had."""
        pieces: Pieces = SimpleQueue()
        asked = self._thread.submit(self._ask, prompt, pieces)
        yield from iter(pieces.get, None)
        response.response_json = {"facts": list(asked.result().facts)}

    def close(self) -> None:
        """Close the brain, if it was opened."""
        if self._learner is not None:
            self._thread.submit(self._learner.close).result()
        self._thread.shutdown()

    def _ask(self, prompt: llm.Prompt, pieces: Pieces) -> Reply:
        from oneshot.facts.manner import Manner

        try:
            turns = [{"role": m.role, "content": _text(m)} for m in prompt.messages]
            system = next((t["content"] for t in turns if t["role"] == "system"), None)
            options = prompt.options
            assert isinstance(options, Brain.Options), "the model's own"
            manner = Manner(False, system, options.max_tokens, options.temperature, options.seed)
            said = [turn for turn in turns if turn["role"] != "system"]
            (reply,) = self._opened().ask(
                [said], manner=manner, streamer=lambda text, fact: pieces.put(text)
            )
            return reply
        finally:
            pieces.put(None)

    def _opened(self) -> Learner:
        if self._learner is None:
            from oneshot.errors import BrainError
            from oneshot.facts.learner import Learner

            if not (self.folder / CONFIG).exists():
                raise BrainError(f"{self.folder} is no brain yet; teach it: llm oneshot teach ...")
            self._learner = Learner.open(self.folder)
        return self._learner


@llm.hookimpl
def register_models(register: Callable[[llm.Model], None]) -> None:
    """The brain that is used where none is named, and every other beside it."""
    shelf = platformdirs.user_data_path(NAME, appauthor=False)
    default = Path(os.environ.get("ONESHOT_BRAIN") or shelf / "brain")
    register(Brain(NAME, default))
    for config in sorted(shelf.glob(f"*/{CONFIG}")):
        if config.parent != default:
            register(Brain(f"{NAME}/{config.parent.name}", config.parent))


@llm.hookimpl
def register_commands(cli: click.Group) -> None:
    """Every command of `oneshot`, behind `llm oneshot`."""

    @cli.command(NAME, add_help_option=False, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        """Teach and examine facts: see llm oneshot --help"""
        from oneshot.cli.main import main

        main(arguments)


def _text(message: Any) -> str:
    return "".join(part.text for part in message.parts if hasattr(part, "text"))
