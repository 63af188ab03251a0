"""The Model Context Protocol server, asked by the package's own client."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from brains import caches, host_folder, open_tiny, statement
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult

from oneshot.cli.main import main
from oneshot.facts.learner import Learner
from oneshot.mcp.results import NOT_LEARNT
from oneshot.mcp.server import build_server

__all__ = ["caches"]

TOOLS = {"teach", "ask", "explain", "list", "search", "update", "forget", "undo"}
FACT = statement(0)
TAUGHT = {"sentence": f"{FACT.prompt} {FACT.answer}."}
Talk = Callable[[Client], Awaitable[None]]


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[[Talk], Learner]]:
    """Lets a client talk with the server of a new brain; the brain's one thread opens it."""
    with ThreadPoolExecutor(1) as thread:
        learner = thread.submit(open_tiny, tmp_path / "brain").result()

        async def meet(say: Talk) -> None:
            async with Client(build_server(learner, thread)) as client:
                await say(client)

        def call(say: Talk) -> Learner:
            asyncio.run(meet(say))
            return learner

        yield call
        thread.submit(learner.close).result()


async def done(client: Client, tool: str, **arguments: Any) -> Any:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    return result.structured_content


async def failed(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert result.is_error, result
    return result.structured_content or {}


def test_a_client_sees_the_tools_with_their_schemas(talk: Callable[[Talk], Learner]) -> None:
    async def say(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == TOOLS
        assert all(tool.description and tool.output_schema for tool in tools.values())
        assert tools["ask"].annotations.read_only_hint
        assert tools["forget"].annotations.destructive_hint
        assert tools["teach"].input_schema["required"] == ["sentence"]

    talk(say)


def test_facts_are_taught_asked_changed_and_forgotten(talk: Callable[[Talk], Learner]) -> None:
    async def say(client: Client) -> None:
        before = await done(client, "ask", question=FACT.prompt)
        assert before["facts"] == []
        receipt = await done(client, "teach", **TAUGHT)
        assert (receipt["id"], receipt["answer"], receipt["holds"]) == (1, FACT.answer, True)
        said = await done(client, "ask", question=FACT.prompt)
        assert said != before
        assert said["answer"].startswith(FACT.answer)
        assert said["sure"] is True
        assert said["facts"] == [1]

        (listed,) = (await done(client, "list"))["result"]
        assert (listed["prompt"], listed["subject"]) == (FACT.prompt, FACT.subject)
        assert (await done(client, "list", after=1))["result"] == []
        assert (await done(client, "search", text=FACT.answer))["result"] == [listed]

        updated = await done(client, "update", id=1, answer="Quist")
        assert updated["id"] == 2
        assert (await done(client, "ask", question=FACT.prompt))["facts"] == [2]
        assert "undone" in (await done(client, "undo"))["undone"]
        assert (await done(client, "ask", question=FACT.prompt)) == said

        (gone,) = (await done(client, "forget", ids=[1]))["result"]
        assert gone["state"] == "forgotten"
        assert await done(client, "ask", question=FACT.prompt) == before

    talk(say)


def test_an_explanation_says_which_fact_spoke(talk: Callable[[Talk], Learner]) -> None:
    async def say(client: Client) -> None:
        await done(client, "teach", **TAUGHT)
        told = await done(client, "explain", question=FACT.prompt)
        pieces = [piece for piece in told["pieces"] if piece["fact"] == 1]
        assert "".join(piece["text"] for piece in pieces).strip().startswith(FACT.answer)
        assert pieces[0]["evidence"] > 5

    talk(say)


def test_failures_are_structured_and_change_nothing(talk: Callable[[Talk], Learner]) -> None:
    async def say(client: Client) -> None:
        for tool, arguments, what in (
            ("teach", {"sentence": "What is the capital of Marovia?"}, "Marovia"),
            ("ask", {"question": " "}, "question"),
            ("update", {"id": 7, "answer": "x"}, "#7"),
            ("forget", {"ids": [7]}, "#7"),
            ("undo", {}, "nothing to undo"),
        ):
            error = (await failed(client, tool, **arguments))["error"]
            assert error["kind"] == "BadInputError"
            assert what in error["message"]
        assert (await done(client, "list"))["result"] == []

    talk(say)


def test_what_was_not_learnt_is_no_success(
    talk: Callable[[Talk], Learner], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say(client: Client) -> None:
        content = await failed(client, "teach", **TAUGHT)
        assert content["error"]["kind"] == NOT_LEARNT
        assert "forget 1" in content["error"]["message"]
        assert content["receipt"]["holds"] is False

    monkeypatch.setattr("oneshot.facts.replies._says", lambda answer, said: False)
    talk(say)


def test_calls_at_the_same_time_all_succeed(talk: Callable[[Talk], Learner]) -> None:
    facts = [statement(number) for number in range(6)]

    async def say(client: Client) -> None:
        calls = (done(client, "teach", sentence=f"{f.prompt} {f.answer}.") for f in facts)
        receipts = await asyncio.gather(*calls)
        assert sorted(receipt["id"] for receipt in receipts) == list(range(1, 7))

    talk(say)


def test_the_command_serves_on_standard_input_and_output(tmp_path: Path) -> None:
    open_tiny(tmp_path / "brain").close()  # founded here, where calibrations are quick

    async def say() -> None:
        options = [
            "--brain",
            str(tmp_path / "brain"),
            "--model",
            str(host_folder()),
            "--threads",
            "1",
        ]
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "oneshot", *options, "mcp"]
        )
        async with Client(command) as client:
            assert (await done(client, "teach", **TAUGHT))["id"] == 1
            assert (await done(client, "ask", question=FACT.prompt))["facts"] == [1]

    asyncio.run(say())
    with open_tiny(tmp_path / "brain") as learner:
        assert [fact.answer for fact in learner.facts()] == [FACT.answer]


def test_without_the_package_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "oneshot.mcp.server")
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(SystemExit) as left:
        main(["mcp"])
    assert left.value.code == 2
    assert "pip install 'oneshot[mcp]'" in capsys.readouterr().err
