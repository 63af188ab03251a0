"""The tools of a brain, offered to a Model Context Protocol client one call at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from functools import wraps
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from pydantic import Field

from oneshot import __version__
from oneshot.errors import OneshotError
from oneshot.facts.language.statement import fact_in
from oneshot.facts.learner import Learner
from oneshot.facts.types import Fact, Receipt
from oneshot.mcp.results import (
    Answer,
    Explanation,
    Undone,
    answer_of,
    explanation_of,
    learnt,
    refused,
)

INSTRUCTIONS = (
    "A small language model that facts are written into. Teach one fact a call, as a plain "
    "sentence that ends with what is to be remembered, such as 'The wifi password at the office "
    "is hunter2.' A call that fails says what to do; nothing was learnt unless it succeeds. Ask in "
    "plain questions. Ids are those of receipts, list and search."
)
MOST = 1000  # facts of one answer

Id = Annotated[int, Field(ge=1, description="The fact's number.")]
Limit = Annotated[int, Field(ge=1, le=MOST, description="At most so many facts.")]
Question = Annotated[str, Field(description="A question in plain words.")]
Texts = Annotated[list[str], Field(max_length=20)]


class Tools:
    """What a client may call; every method returns a record or raises OneshotError."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def teach(
        self,
        sentence: Annotated[str, Field(description="A whole sentence, or its beginning.")],
        answer: Annotated[
            str | None, Field(description="What completes the sentence, if it is a beginning.")
        ] = None,
        subject: Annotated[str | None, Field(description="Whom or what it is about.")] = None,
        asks: Texts = [],  # noqa: B006  a schema's default, which nobody changes
        aliases: Texts = [],  # noqa: B006
    ) -> Receipt:
        """Write one fact into the model; fails unless the model then answers as taught.

        asks are further questions that it answers, aliases other names of its subject.
        """
        fact = fact_in(
            sentence, answer, self.learner.templates, subject=subject, asks=asks, aliases=aliases
        )
        (receipt,) = self.learner.teach([fact])
        return receipt

    def ask(self, question: Question) -> Answer:
        """Ask the model; the ids of the facts that answered come with its answer."""
        return answer_of(self.learner.ask([question])[0])

    def explain(self, question: Question) -> Explanation:
        """Ask the model, and see which fact said each piece of the answer and on what evidence."""
        return explanation_of(self.learner.ask([question], explain=True)[0])

    def list_facts(
        self,
        limit: Limit = 100,
        after: Annotated[int, Field(ge=0, description="Only facts with larger ids.")] = 0,
    ) -> list[Fact]:
        """List what is taught, by id; go on after the last id that came."""
        return [fact for fact in self.learner.facts() if fact.id > after][:limit]

    def search(
        self,
        text: Annotated[str, Field(description="What to look for in prompts and answers.")],
        limit: Limit = 10,
    ) -> list[Fact]:
        """Find facts by their text."""
        return self.learner.search(text, limit)

    def update(
        self, id: Id, answer: Annotated[str, Field(description="The new answer.")]
    ) -> Receipt:
        """Give a fact a new answer; the old one stays in its history and undo brings it back."""
        return self.learner.update(id, answer)

    def forget(self, ids: Annotated[list[int], Field(min_length=1, max_length=MOST)]) -> list[Fact]:
        """Take facts out of the weights as if never taught; gives those that were live."""
        return self.learner.forget(ids)

    def undo(self) -> Undone:
        """Take back the last change of the brain."""
        return Undone(self.learner.undo())


READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
TAKES = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)


def build_server(learner: Learner, thread: Executor) -> MCPServer[Any]:
    """The server of an open brain, all of whose calls run on the one thread that opened it."""
    tools = Tools(learner)
    server: MCPServer[Any] = MCPServer(
        "oneshot", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING"
    )
    for name, tool, hints in (
        ("teach", tools.teach, WRITES),
        ("ask", tools.ask, READS),
        ("explain", tools.explain, READS),
        ("list", tools.list_facts, READS),
        ("search", tools.search, READS),
        ("update", tools.update, WRITES),
        ("forget", tools.forget, TAKES),
        ("undo", tools.undo, TAKES),
    ):
        server.add_tool(_call(tool, thread), name=name, annotations=hints)
    return server


def serve(opening: AbstractContextManager[Learner]) -> None:
    """Serve a brain on standard input and output until the client leaves."""
    context = copy_context()
    with ThreadPoolExecutor(1, "oneshot-brain") as thread:
        learner = thread.submit(context.run, opening.__enter__).result()
        try:
            build_server(learner, thread).run("stdio")
        finally:
            thread.submit(context.run, opening.__exit__, None, None, None).result()


def _call(tool: Callable[..., Any], thread: Executor) -> Callable[..., Awaitable[Any]]:
    """The tool on the brain's thread; its errors and facts that were not learnt become failures."""

    @wraps(tool)
    async def run(*given: Any, **named: Any) -> Any:
        try:
            result = await asyncio.wrap_future(thread.submit(tool, *given, **named))
        except OneshotError as error:
            return refused(error)
        return learnt(result) if isinstance(result, Receipt) else result

    return run
