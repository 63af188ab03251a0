"""Servers on the packaged model, in this process and in one of their own; for tests."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi.testclient import TestClient

from oneshot.facts.learner import Learner
from oneshot.serve.answering.worker import Worker
from oneshot.serve.app import build_app
from oneshot.serve.brains import Brains
from oneshot.serve.guard import Entry
from oneshot.serve.limits import Limits
from oneshot.serve.run import LOOPBACK, Place

HOST = "factual-lm"
LIMITS = Limits()
LOCAL = Entry(None, LOOPBACK | {"testserver"})
FREEDONIA = {"text": "The capital of Freedonia is Glorptown."}
ASKED = "What is the capital of Freedonia?"


def started(open_brains: Callable[[], Brains], limits: Limits) -> Worker:
    worker = Worker(open_brains, limits)
    worker.start()
    worker.opened.result(120)
    return worker


@contextmanager
def client(
    folder: Path, limits: Limits = LIMITS, entry: Entry = LOCAL, more: Sequence[Path] = ()
) -> Iterator[TestClient]:
    """A client without a socket of a server on the packaged model."""
    worker = started(lambda: Brains(Learner.open(folder), more), limits)
    with TestClient(build_app(worker, entry, limits), raise_server_exceptions=False) as made:
        yield made
    assert not worker.is_alive()


@contextmanager
def listening(folder: Path, key: str | None = None) -> Iterator[str]:
    """The address of a server on loopback, in a thread of this process."""
    limits, place = LIMITS, Place(port=0, key=key)
    worker = started(lambda: Brains(Learner.open(folder), []), limits)
    with place.listen() as socket:
        config = uvicorn.Config(build_app(worker, place.entry, limits), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([socket],))
        thread.start()
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        server.should_exit = True
        thread.join(60)
    assert not worker.is_alive()


@dataclass
class Program:
    """`oneshot serve` in a process of its own."""

    process: subprocess.Popen[str]
    address: str


@contextmanager
def program(folder: Path, *options: str) -> Iterator[Program]:
    """Run `oneshot serve` until the block ends."""
    command = [sys.executable, "-m", "oneshot", "--json", "--brain", str(folder), "serve"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [*command, "--port", "0", *options], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Program(process, json.loads(process.stdout.readline())["address"])
    finally:
        process.kill()
        process.communicate()


def chat(question: str, model: str = "brain", **more: Any) -> dict[str, Any]:
    """The body of a chat of one question."""
    return {"model": model, "messages": [{"role": "user", "content": question}], **more}


def said(reply: dict[str, Any]) -> str:
    """The first answer's text."""
    text: str = reply["choices"][0]["message"]["content"]
    return text
