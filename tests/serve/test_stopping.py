"""A killed server loses nothing that it acknowledged; one that is told to stop ends well."""

import json
import signal
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from brains import NAMES
from served import chat, program

from oneshot.facts.learner import Learner

pytestmark = pytest.mark.slow

KILLS, ACKNOWLEDGED, TEACHERS = 2, 12, 4


def post(address: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return urllib.request.urlopen(request, timeout=120)


def teach_until_killed(folder: Path, names: list[str]) -> dict[str, str]:
    """The prompts and answers that a server acknowledged before it was killed while teaching."""
    acknowledged: dict[str, str] = {}
    enough, queue, lock = threading.Event(), list(names), threading.Lock()

    def teacher(address: str) -> None:
        while queue:
            with lock:
                name = queue.pop()
            fact = {"prompt": f"The capital of {name} is", "answer": f"Port {name}"}
            try:
                with post(address, "/v1/facts", fact | {"before": False}) as reply:
                    receipt = json.loads(reply.read())
            except (OSError, urllib.error.URLError, ValueError):
                return  # killed
            acknowledged[receipt["prompt"]] = receipt["answer"]
            if len(acknowledged) >= ACKNOWLEDGED:
                enough.set()

    with program(folder) as server:
        teachers = [
            threading.Thread(target=teacher, args=(server.address,)) for _ in range(TEACHERS)
        ]
        for one in teachers:
            one.start()
        assert enough.wait(300)
        server.process.send_signal(signal.SIGKILL)
        for one in teachers:
            one.join(60)
        assert queue, "the teachers were done before the kill"
    return acknowledged


def test_a_killed_server_loses_no_fact_that_it_acknowledged(tmp_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    for kill in range(KILLS):
        names = NAMES[kill * 150 : (kill + 1) * 150]
        acknowledged |= teach_until_killed(tmp_path / "brain", names)
    assert len(acknowledged) >= KILLS * ACKNOWLEDGED
    with Learner.open(tmp_path / "brain") as learner:
        live = {fact.prompt: fact.answer for fact in learner.facts()}
        asked = list(acknowledged)[::5]
        said = [reply.answer for reply in learner.ask(asked)]
    assert acknowledged.items() <= live.items()
    assert said == [acknowledged[prompt] for prompt in asked]
    assert all(finding.ok for finding in Learner.doctor(tmp_path / "brain"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_a_server_ends_after_the_answer_under_way(
    tmp_path: Path, number: signal.Signals
) -> None:
    body = chat("x", stream=True) | {"prompt": "She was", "max_tokens": 110, "stop": ["<never>"]}
    with program(tmp_path / "brain") as server:
        with post(server.address, "/v1/completions", body) as stream:
            first = stream.readline()
            server.process.send_signal(number)
            rest = stream.read()
        assert first.startswith(b"data: {")
        assert rest.rstrip().endswith(b"[DONE]")
        assert b"finish_reason" in rest
        assert b'"error"' not in rest
        assert server.process.wait(60) == 0
