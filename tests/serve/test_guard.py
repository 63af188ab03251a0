"""Who may come in, with how much and how fast; and that nothing else of the disk goes out."""

import asyncio
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from served import ASKED, FREEDONIA, LIMITS, chat, client

from oneshot.errors import BadInputError
from oneshot.serve.answering.worker import Worker
from oneshot.serve.guard import Entry, Guard
from oneshot.serve.limits import Limits
from oneshot.serve.metrics import Metrics
from oneshot.serve.run import Place

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    limits = Limits(body=5000, tokens=64)
    with client(tmp_path_factory.mktemp("served") / "brain", limits) as made:
        yield made


def error(reply: Any) -> dict[str, Any]:
    told: dict[str, Any] = reply.json()["error"]
    assert told.keys() == {"message", "type", "param", "code"}
    return told


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil", "[::1"]
)
def test_another_host_name_is_refused(served: TestClient, host: str) -> None:
    reply = served.get("/v1/facts", headers={"Host": host})
    assert reply.status_code == 403
    assert "not served here" in error(reply)["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "[::1]:8000"])
def test_loopback_has_several_names(served: TestClient, host: str) -> None:
    assert served.get("/v1/facts", headers={"Host": host}).status_code == 200


def test_pages_of_other_origins_can_neither_read_nor_change(served: TestClient) -> None:
    for origin in ("http://evil.example", "null", "http://testserver:81", "http://[::1"):
        reply = served.post("/v1/undo", headers={"Origin": origin})
        assert reply.status_code == 403, origin
        assert "access-control-allow-origin" not in reply.headers
    own = served.get("/v1/facts", headers={"Origin": "http://testserver"})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers
    plain = served.post(
        "/v1/facts", content='{"text": "A is B."}', headers={"Content-Type": "text/plain"}
    )
    assert plain.status_code == 400  # what a form of another page could send without asking


def test_a_large_body_is_refused_whether_it_says_so_or_not(served: TestClient) -> None:
    assert served.post(CHAT, json=chat("x" * 6000)).status_code == 413
    parts = (b"x" * 1000 for _ in range(6))
    assert served.post(CHAT, content=parts).status_code == 413
    assert served.post(CHAT, json=chat(ASKED)).status_code == 200


def test_what_is_no_json_or_no_route_is_an_error_in_shape(served: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    assert (
        error(served.post(CHAT, content=b"{", headers=headers))["type"] == "invalid_request_error"
    )
    assert error(served.post(CHAT, content=b"\xff\xfe", headers=headers))["message"]
    unbounded = b'{"model": "brain", "prompt": "a", "temperature": NaN}'
    assert served.post("/v1/completions", content=unbounded, headers=headers).status_code == 400
    deep = b'{"model": ' + b"[" * 2000 + b"]" * 2000 + b"}"
    assert served.post(CHAT, content=deep, headers=headers).status_code == 400
    assert served.get("/v1/nothing").status_code == 404
    assert error(served.get("/v1/nothing"))["message"]
    assert served.get(CHAT).status_code == 405
    assert served.post(CHAT, json=chat(ASKED, max_tokens=65)).status_code == 400


@pytest.mark.parametrize("path", ["/page/..%2f..%2fapp.py", "/page/__init__.py", "/page/", "/docs"])
def test_no_path_leads_to_the_disk(served: TestClient, path: str) -> None:
    assert served.get(path).status_code in (400, 404)


def test_the_key_is_asked_for_but_where_nothing_is_told(tmp_path: Path) -> None:
    with client(tmp_path / "brain", entry=Entry("secret")) as locked:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer sécret"}):
            coded = {k: v.encode() for k, v in headers.items()}
            reply = locked.get("/v1/facts", headers=coded)
            assert (reply.status_code, error(reply)["code"]) == (401, "invalid_api_key")
            assert locked.get("/metrics", headers=coded).status_code == 401
        assert locked.post("/v1/facts", json=FREEDONIA).status_code == 401
        key = {"Authorization": "Bearer secret"}
        assert locked.get("/v1/facts", headers=key).json()["data"] == []
        assert [locked.get(path).status_code for path in ("/healthz", "/", "/page/page.js")] == [
            200
        ] * 3
        assert locked.get("/healthz", headers={"Host": "any.example"}).status_code == 200


def test_an_address_that_asks_too_fast_waits(tmp_path: Path) -> None:
    with client(tmp_path / "brain", Limits(rate=3)) as slow:
        statuses = [slow.get("/healthz").status_code for _ in range(8)]
        assert 429 in statuses  # a new minute may begin between
        reply = next(r for r in iter(lambda: slow.get("/healthz"), None) if r.status_code == 429)
        assert error(reply)["type"] == "rate_limit_error"
        assert reply.headers["retry-after"]


def test_a_full_queue_and_a_late_answer_are_said(tmp_path: Path) -> None:
    with client(tmp_path / "full" / "brain", Limits(waiting=1)) as full:
        reply = full.post(CHAT, json=chat(ASKED, n=2))
        assert (reply.status_code, error(reply)["code"]) == (429, "queue_full")
    with client(tmp_path / "late" / "brain", Limits(seconds=1e-6)) as late:
        reply = late.post(CHAT, json=chat(ASKED))
        assert (reply.status_code, error(reply)["code"]) == (503, "timeout")
        streamed = late.post(CHAT, json=chat(ASKED, stream=True))
        assert streamed.status_code == 503


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    worker = Worker(lambda: pytest.fail("it is not started"), LIMITS)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(*_: Any) -> None:
        raise AssertionError("nothing is to come through")

    guard = Guard(app, Entry(), Limits(body_seconds=0.01), Metrics(worker))
    headers = [(b"host", b"localhost"), (b"content-length", b"5")]
    scope = {"type": "http", "path": CHAT, "headers": headers, "method": "POST"}
    asyncio.run(guard(scope, receive, send))
    assert sent[0]["status"] == 408


def test_counts_and_health(served: TestClient) -> None:
    served.post(CHAT, json=chat(ASKED))
    text = served.get("/metrics").text
    counted = re.search(
        r'oneshot_requests_total\{route="/v1/chat/completions",status="200"\} (\S+)', text
    )
    assert counted
    assert float(counted[1]) >= 1
    for name in (
        "request_seconds_bucket",
        "tokens_total",
        "write_seconds_count",
        "waiting",
        "answering",
    ):
        assert f"oneshot_{name}" in text
    assert served.get("/healthz").text == "ok\n"


def test_every_reply_carries_a_strict_policy(served: TestClient) -> None:
    for path in ("/", "/v1/facts", "/v1/nothing"):
        headers = served.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_the_page_asks_nothing_of_elsewhere() -> None:
    for name in ("index.html", "page.css", "page.js"):
        text = (files("oneshot.serve.page") / name).read_text("utf-8")
        assert not re.search(r"https?:|url\(|innerHTML|eval\(|style=|onclick=\"|@import", text), (
            name
        )


def test_beyond_loopback_a_key_is_needed() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.2", "example.org"):
        with pytest.raises(BadInputError, match="--api-key"):
            Place(host)
        assert Place(host, key="secret").entry == Entry("secret")
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        names = Place(host).entry.names
        assert names is not None
        assert {host, "localhost"} <= names
    for key in ("", " ", "é"):
        with pytest.raises(BadInputError, match="key"):
            Place(key=key)


def test_a_port_in_use_is_said_in_one_line() -> None:
    with Place(port=0).listen() as first:
        port = first.getsockname()[1]
        with pytest.raises(BadInputError, match=f"port {port}"):
            Place(port=port).listen()
    assert LIMITS.rate is None
