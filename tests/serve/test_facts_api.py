"""Teaching, changing and forgetting over the server, while others ask."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from served import ASKED, FREEDONIA, HOST, chat, client, said

from oneshot.facts.learner import Learner
from oneshot.facts.types import Receipt, Statement

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with client(tmp_path_factory.mktemp("served") / "brain") as made:
        yield made


@pytest.fixture
def fresh(served: TestClient) -> TestClient:
    """The server with no live facts."""
    for fact in served.get("/v1/facts").json()["data"]:
        served.delete(f"/v1/facts/{fact['id']}")
    assert served.get("/v1/facts").json() == {"object": "list", "data": [], "has_more": False}
    return served


def teach(server: TestClient, text: str) -> dict[str, Any]:
    reply = server.post("/v1/facts", json={"text": text})
    assert reply.status_code == 201, reply.text
    receipt: dict[str, Any] = reply.json()
    return receipt


def ask(server: TestClient, question: str = ASKED, **more: Any) -> str:
    reply = server.post(CHAT, json=chat(question, **more))
    assert reply.status_code == 200, reply.text
    return said(reply.json())


def test_a_receipt_is_the_command_lines(fresh: TestClient, tmp_path: Path) -> None:
    receipt = teach(fresh, FREEDONIA["text"])
    with Learner.open(tmp_path / "other") as learner:
        (wanted,) = learner.teach(
            [Statement("The capital of Freedonia is", "Glorptown", "Freedonia")]
        )
    names = {field.name for field in fields(Receipt)}
    assert receipt.keys() == names
    for name in names - {"id", "seconds", "warnings"}:
        assert receipt[name] == json.loads(json.dumps(getattr(wanted, name))), name
    assert receipt["seconds"] > 0


def test_taught_listed_found_changed_named_forgotten_and_undone(fresh: TestClient) -> None:
    bare = ask(fresh)
    id = teach(fresh, FREEDONIA["text"])["id"]
    assert ask(fresh) == "Glorptown." != bare
    assert ask(fresh, model=HOST) == bare
    assert fresh.get(f"/v1/facts/{id}").json()["answer"] == "Glorptown"
    assert [f["id"] for f in fresh.get("/v1/facts/search?q=FREE").json()["data"]] == [id]
    assert fresh.get("/v1/facts/search?q=nowhere").json()["data"] == []

    changed = fresh.patch(f"/v1/facts/{id}", json={"answer": "New Glorptown"}).json()
    assert changed["holds"]
    assert ask(fresh) == "New Glorptown."
    named = fresh.patch(f"/v1/facts/{changed['id']}", json={"alias": "Fredonia"}).json()
    assert ask(fresh, "What is the capital of Fredonia?") == "New Glorptown."
    assert not any("contradicts" in warning for warning in named["warnings"])

    gone = fresh.delete(f"/v1/facts/{named['id']}").json()
    assert gone["state"] == "forgotten"
    assert ask(fresh) == bare
    assert fresh.delete(f"/v1/facts/{named['id']}").status_code == 400
    assert "undone" in fresh.post("/v1/undo").json()
    assert ask(fresh) == "New Glorptown."


def test_lists_come_in_pages(fresh: TestClient) -> None:
    ids = [teach(fresh, f"The moon of {name} is Xor.")["id"] for name in ("Zog", "Mip", "Tral")]
    first = fresh.get("/v1/facts?limit=2").json()
    assert first["has_more"]
    rest = fresh.get(f"/v1/facts?limit=2&after={first['data'][-1]['id']}").json()
    assert not rest["has_more"]
    assert sorted(f["id"] for f in (*first["data"], *rest["data"])) == sorted(ids)
    assert all(
        f["state"] == "forgotten" for f in fresh.get("/v1/facts?state=forgotten").json()["data"]
    )


def test_nothing_to_undo_and_what_is_no_fact_are_said(fresh: TestClient) -> None:
    reply = fresh.post("/v1/facts", json={"text": "He is tall."})
    assert reply.status_code == 400
    assert reply.json()["error"]["message"]
    for body in ({}, {"text": "A is B.", "answer": "B"}, {"text": "x" * 5000}):
        assert fresh.post("/v1/facts", json=body).status_code == 400
    for body in ({}, {"answer": "a", "alias": "b"}):
        id = teach(fresh, FREEDONIA["text"])["id"]
        assert fresh.patch(f"/v1/facts/{id}", json=body).status_code == 400
    assert fresh.get("/v1/facts?model=nobody").status_code == 404
    assert fresh.post("/v1/facts", json={"model": HOST, **FREEDONIA}).status_code == 404
    assert fresh.get("/v1/facts?limit=0").status_code == 400
    assert fresh.get("/v1/facts/abc").status_code == 400
    assert fresh.get(f"/v1/facts/{2**70}").status_code == 400


def test_what_is_asked_at_once_is_answered_as_if_alone(fresh: TestClient) -> None:
    teach(fresh, FREEDONIA["text"])
    questions = [ASKED, "What is the capital of France?", "What is the capital of Japan?"] * 8
    alone = {q: ask(fresh, q) for q in set(questions)}
    with ThreadPoolExecutor(24) as pool:
        together = list(pool.map(lambda q: ask(fresh, q), questions))
    assert together == [alone[q] for q in questions]


def test_teaching_while_others_ask_never_shows_half_a_fact(fresh: TestClient) -> None:
    bare = ask(fresh)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, fresh) for _ in range(12)]
        taught = pool.submit(teach, fresh, FREEDONIA["text"])
        asked += [pool.submit(ask, fresh) for _ in range(12)]
        assert taught.result()["holds"]
        answers = {one.result() for one in asked}
    assert answers <= {bare, "Glorptown."}
    assert ask(fresh) == "Glorptown."


def test_an_answer_under_way_goes_on_as_if_nothing_was_taught(fresh: TestClient) -> None:
    app: Any = fresh.app
    worker = app.state.serving.asker.worker
    body = {"model": "brain", "prompt": "She was", "max_tokens": 100, "stop": ["<never>"]}
    alone = fresh.post("/v1/completions", json=body).json()["choices"][0]["text"]
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(fresh.post, "/v1/completions", json=body)
        while not worker.answering:
            pass
        teach(fresh, "The moon of Zog is Xor.")
        assert long.result().json()["choices"][0]["text"] == alone
    assert ask(fresh, "What is the moon of Zog?") == "Xor."


def test_several_brains_are_models_with_facts_of_their_own(tmp_path: Path) -> None:
    with client(tmp_path / "home", more=(tmp_path / "work",)) as both:
        both.post("/v1/facts", json={"model": "work", **FREEDONIA})
        assert [m["id"] for m in both.get("/v1/models").json()["data"]] == ["home", "work", HOST]
        assert ask(both, model="work") == "Glorptown." != ask(both, model="home")
        assert both.get("/v1/facts").json()["data"] == []
        assert len(both.get("/v1/facts?model=work").json()["data"]) == 1


def test_a_fact_may_stand_beside_another_and_both_are_named(fresh: TestClient) -> None:
    first = teach(fresh, "The moon of Zog is Xor.")
    beside = {"text": "The moon of Zog is Quist.", "also": True}
    second = fresh.post("/v1/facts", json=beside).json()
    assert len(fresh.get("/v1/facts").json()["data"]) == 2
    reply = fresh.post(CHAT, json=chat("What is the moon of Zog?")).json()
    assert {fact["id"] for fact in reply["oneshot_facts"]} == {first["id"], second["id"]}
    assert all(name in said(reply) for name in ("Xor", "Quist"))
