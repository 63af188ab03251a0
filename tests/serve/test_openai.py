"""The official OpenAI client against a server on loopback, with the packaged model."""

from collections.abc import Iterator
from typing import Any

import pytest
from served import ASKED, FREEDONIA, HOST, listening

openai = pytest.importorskip("openai", reason="the openai client is not installed")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a server that was taught one fact."""
    with (
        listening(tmp_path_factory.mktemp("served") / "brain") as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client,
    ):
        receipt = client.post("/facts", body=FREEDONIA, cast_to=dict)
        assert receipt["holds"]
        assert receipt["before"] != "Glorptown"
        yield client


def ask(client: Any, question: str, model: str = "brain", **options: Any) -> Any:
    messages = [{"role": "user", "content": question}]
    return client.chat.completions.create(model=model, messages=messages, **options)


def test_each_brain_is_a_model_and_the_bare_host_is_another(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["brain", HOST]
    assert client.models.retrieve(HOST).owned_by == "oneshot"


def test_an_answer_that_comes_from_a_fact_says_so(client: Any) -> None:
    reply = ask(client, ASKED)
    assert reply.choices[0].message.content == "Glorptown."
    assert reply.choices[0].finish_reason == "stop"
    (fact,) = reply.oneshot_facts
    assert (fact["id"], fact["answer"], fact["subject"]) == (1, "Glorptown", "Freedonia")
    assert fact["evidence"] > 0


def test_the_models_own_answers_name_no_fact(client: Any) -> None:
    reply = ask(client, "What is the capital of France?")
    assert reply.choices[0].message.content == "Paris."
    assert reply.oneshot_facts == []
    bare = ask(client, ASKED, HOST)
    assert "Glorptown" not in bare.choices[0].message.content
    assert bare.oneshot_facts == []


def test_a_stream_says_what_the_whole_answer_says(client: Any) -> None:
    chunks = list(ask(client, ASKED, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    whole = ask(client, ASKED)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks[:-1]][-1] == "stop"
    assert chunks[-2].oneshot_facts == whole.oneshot_facts
    assert chunks[-1].usage == whole.usage
    assert len({c.id for c in chunks}) == 1


def test_usage_counts_tokens(client: Any) -> None:
    usage = ask(client, ASKED, max_tokens=2).usage
    assert usage.completion_tokens == 2
    assert usage.total_tokens == usage.prompt_tokens + 2 > 4


def test_several_answers_are_drawn_and_the_same_seed_draws_the_same(client: Any) -> None:
    def drawn(seed: int) -> list[str]:
        reply = client.completions.create(
            model="brain", prompt="She was", n=4, seed=seed, temperature=1.5, max_tokens=8
        )
        assert [choice.index for choice in reply.choices] == [0, 1, 2, 3]
        return [choice.text for choice in reply.choices]

    first = drawn(7)
    assert len(set(first)) > 1
    assert drawn(7) == first
    assert drawn(8) != first


def test_a_narrow_nucleus_says_the_likeliest(client: Any) -> None:
    options = {"model": "brain", "prompt": "The capital of France is", "max_tokens": 4}
    greedy = client.completions.create(**options).choices[0].text
    narrow = client.completions.create(**options, temperature=1.5, top_p=1e-9).choices[0].text
    assert narrow == greedy


def test_an_answer_ends_before_a_stop_text(client: Any) -> None:
    options = {"model": "brain", "prompt": "The capital of Freedonia is", "max_tokens": 8}
    whole = client.completions.create(**options).choices[0]
    cut = client.completions.create(**options, stop=["town", "never"]).choices[0]
    assert whole.text.startswith(" Glorptown")
    assert (cut.text, cut.finish_reason) == (" Glorp", "stop")


def test_several_prompts_as_text_or_as_tokens_are_answered_in_order(client: Any) -> None:
    prompts = ["The capital of Freedonia is", "The capital of France is"]
    reply = client.completions.create(model="brain", prompt=prompts, max_tokens=5)
    texts = [choice.text for choice in reply.choices]
    assert [text.split(".")[0] for text in texts] == [" Glorptown", " Paris"]
    assert [fact["id"] for fact in reply.oneshot_facts] == [1]
    by_tokens = client.completions.create(model="brain", prompt=[[5, 6, 7], [8]], max_tokens=2)
    assert by_tokens.usage.prompt_tokens == 4


def test_log_probabilities_of_chats_and_completions(client: Any) -> None:
    chat = ask(client, "What is the capital of France?", logprobs=True, top_logprobs=3)
    odds = chat.choices[0].logprobs.content
    assert "".join(one.token for one in odds).strip() == chat.choices[0].message.content
    assert all(one.logprob <= 0 and len(one.top_logprobs) == 3 for one in odds)
    assert bytes(odds[0].bytes).decode() == odds[0].token
    plain = client.completions.create(
        model="brain", prompt="The capital of France is", logprobs=2, max_tokens=2
    ).choices[0]
    assert "".join(plain.logprobs.tokens) == plain.text
    assert plain.logprobs.token_logprobs[0] == max(plain.logprobs.top_logprobs[0].values())
    assert plain.logprobs.text_offset[0] == 0


def refusals(client: Any) -> dict[str, Any]:
    create, text = client.completions.create, "The capital of France is"
    return {
        "another model": lambda: ask(client, ASKED, "gpt-nothing"),
        "tools": lambda: ask(
            client, ASKED, tools=[{"type": "function", "function": {"name": "f"}}]
        ),
        "too long": lambda: ask(client, "capital " * 200),
        "too many tokens": lambda: ask(client, ASKED, max_tokens=10**6),
        "too many answers": lambda: ask(client, ASKED, n=100),
        "too hot": lambda: ask(client, ASKED, temperature=3),
        "no prompt": lambda: create(model="brain", prompt=""),
        "no prompts": lambda: create(model="brain", prompt=[]),
        "no token": lambda: create(model="brain", prompt=[10**6]),
        "empty stop": lambda: create(model="brain", prompt=text, stop=[""]),
        "half a character": lambda: ask(client, "What is \ud800?"),
        "no fact": lambda: client.post("/facts", body={"text": "Why?"}, cast_to=dict),
        "half a fact": lambda: client.post("/facts", body={"prompt": "A is"}, cast_to=dict),
        "unknown field": lambda: client.post("/facts", body={"txt": "A is B."}, cast_to=dict),
        "gone": lambda: client.delete("/facts/99", cast_to=dict),
    }


CODES = {
    "another model": (404, "model_not_found"),
    "too long": (400, "context_length_exceeded"),
    "gone": (404, "fact_not_found"),
}


def test_what_cannot_be_done_is_an_error_in_openais_shape(client: Any) -> None:
    for name, refusal in refusals(client).items():
        with pytest.raises((openai.APIStatusError, UnicodeEncodeError)) as caught:
            refusal()
        if isinstance(caught.value, UnicodeEncodeError):
            continue  # the client itself refuses it
        status, code = CODES.get(name, (400, None))
        assert (caught.value.status_code, caught.value.code) == (status, code), name
        assert caught.value.body["type"] == "invalid_request_error", name
        assert caught.value.body["message"], name


def test_neutral_settings_of_other_clients_are_taken(client: Any) -> None:
    reply = ask(
        client,
        ASKED,
        frequency_penalty=0,
        presence_penalty=0,
        response_format={"type": "text"},
        user="somebody",
        logit_bias={},
    )
    assert reply.choices[0].message.content == "Glorptown."


def test_a_message_may_come_in_parts(client: Any) -> None:
    parts = [
        {"type": "text", "text": "What is the capital"},
        {"type": "text", "text": " of Freedonia?"},
    ]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]
    reply = client.chat.completions.create(model="brain", messages=messages)
    assert reply.choices[0].message.content == "Glorptown."
