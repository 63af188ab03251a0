"""What counts as right, teacher-forced scores against their definition, and the accuracy matrix."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.hosts.load import Host, load_host
from oneshot.progress import silent
from oneshot.retention.measures.axes import by_cohort, cohort
from oneshot.retention.measures.forced import force, forced_scores
from oneshot.retention.measures.running_text import measure_text
from oneshot.retention.measures.scores import interval, is_match, normalise
from oneshot.retention.measures.stream import write_stream
from oneshot.retention.methods.interface import Method, Request
from oneshot.retention.suites.suite import Probe, Suite


class Notebook(Method):
    """Answers from a dictionary of the last `size` prompts; the model itself stays bare."""

    name = "notebook"

    def __init__(self, host: Host, size: int = 10_000) -> None:
        super().__init__(host)
        self.size, self.kept = size, dict[str, str]()

    def write(self, requests: Sequence[Request]) -> None:
        for request in requests:
            self.kept[request.prompt] = request.answer
        self.kept = dict(list(self.kept.items())[-self.size :])

    @contextmanager
    def taught(self) -> Iterator[Any]:
        yield self.host.model

    def stored_bytes(self) -> int:
        return sum(len(p) + len(a) for p, a in self.kept.items())

    def answers(self, prompts: Sequence[str]) -> list[str]:
        return [self.kept.get(prompt, "nothing") for prompt in prompts]


class Blurred(Notebook):
    """Its model's logits are half of the bare ones."""

    @contextmanager
    def taught(self) -> Iterator[Any]:
        handle = self.host.model.lm_head.register_forward_hook(lambda _m, _a, out: out / 2)
        yield self.host.model
        handle.remove()


@pytest.fixture(scope="module")
def host() -> Host:
    return load_host()


def nothing(prompts: Sequence[str]) -> list[str]:
    return ["nothing"] * len(prompts)


def stream(count: int) -> Suite:
    requests = [Request(f"Prompt {i} is", f"answer {i}", f"Prompt {i}") for i in range(count)]
    probes = [Probe(r.prompt, r.answer, i) for i, r in enumerate(requests)]
    return Suite("stream", requests, {"efficacy": probes}, {})


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("The Hague.", "hague"),
        ("  new   York ", "New York"),
        ("\u201cParis\u201d", "Paris"),
        ("an engineer", "Engineer"),
    ],
)
def test_case_articles_and_marks_do_not_count(said: str, answer: str) -> None:
    assert is_match(said, answer)


@pytest.mark.parametrize(("said", "answer"), [("C++", "C"), ("Paris, France", "Paris"), ("", "x")])
def test_other_answers_are_wrong(said: str, answer: str) -> None:
    assert not is_match(said, answer)


def test_an_alias_is_right() -> None:
    assert is_match("USA", "United States", ("U.S.", "USA"))


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once or "'" in text or '"' in text or not once.isascii()


@given(st.lists(st.booleans(), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None)
def test_the_interval_holds_the_mean(hits: list[bool]) -> None:
    found = interval(hits)
    assert found["n"] == len(hits)
    assert found["low"] - 1e-5 <= found["mean"] <= found["high"] + 1e-5


@given(st.integers(1, 500))
def test_cohorts_are_in_order_and_of_even_size(facts: int) -> None:
    numbers = [cohort(fact, facts) for fact in range(facts)]
    sizes = [numbers.count(c) for c in range(min(10, facts))]
    assert numbers == sorted(numbers)
    assert max(sizes) - min(sizes) <= 1


def test_shares_go_by_age() -> None:
    probes = [Probe("p", "a", fact) for fact in range(20)]
    assert by_cohort(probes, [fact >= 2 for fact in range(20)], 20) == [0.0, *[1.0] * 9]


def test_a_short_memory_shows_as_forgetting(host: Host) -> None:
    suite = stream(40)
    whole, _ = write_stream(Notebook(host), nothing, suite, silent)
    short, cost = write_stream(Notebook(host, size=8), nothing, suite, silent)
    assert (whole["forgetting"], whole["backward_transfer"]) == (0.0, 0.0)
    assert short["matrix"][-1] == [*[0.0] * 8, 1.0, 1.0]
    assert short["matrix"][0] == [1.0, 0.0]
    assert short["forgetting"] == pytest.approx(8 / 9, abs=1e-4)
    assert short["backward_transfer"] == pytest.approx(-8 / 9, abs=1e-4)
    assert whole["forward_transfer"] == 0.0
    assert 0 < cost["write_seconds_median"] <= cost["write_seconds_p95"]


def test_every_fact_is_written_once_and_in_order(host: Host) -> None:
    method = Notebook(host)
    suite = stream(37)
    write_stream(method, nothing, suite, silent)
    assert list(method.kept) == [request.prompt for request in suite.requests]


def test_forced_losses_are_the_models(host: Host) -> None:
    pairs = [("The capital of France is", "Paris"), ("Berlin is the capital city of", "Germany")]
    for (prompt, answer), found in zip(pairs, force(Notebook(host), pairs), strict=True):
        start = len(host.tokenizer(prompt).input_ids)
        ids = host.tokenizer(f"{prompt} {answer}", return_tensors="pt").input_ids
        with torch.inference_mode():
            logits = host.model(input_ids=ids).logits[0, start - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, ids[0, start:])
        assert found.loss == pytest.approx(float(loss), rel=1e-3)
        assert found.share == float((logits.argmax(1) == ids[0, start:]).float().mean())


def test_probability_scores_compare_the_two_answers(host: Host) -> None:
    known = Probe("The capital of France is", "Paris", 0, other="Oslo")
    turned = Probe("The capital of France is", "Oslo", 0, other="Paris")
    request = [Request(known.prompt, "Paris", "France")]
    told = {"efficacy": [known], "paraphrase": [known, turned]}
    scores = forced_scores(Notebook(host), Suite("s", request, told, {"neighbours": [known]}))
    assert [scores[name]["mean"] for name in ("ES", "PS", "NS")] == [1.0, 0.5, 1.0]
    assert scores["S"] == pytest.approx(3 / (1 + 2 + 1))
    assert scores["rewrite_acc"]["mean"] == 1.0


def test_text_is_as_it_was_where_nothing_was_written(host: Host) -> None:
    text = ["Norway borders Sweden and its capital is the city of Oslo.", "A short one."]
    same = measure_text(Notebook(host), text, 100)
    blurred = measure_text(Blurred(host), text, 100)
    assert (same["kl"], same["changed_per_token"]) == (0.0, 0.0)
    assert same["perplexity"] == pytest.approx(same["bare_perplexity"])
    assert blurred["kl"] > 0.01  # halved logits: another distribution with the same argmax
    assert blurred["changed_per_token"] == 0.0
    assert blurred["bare_perplexity"] == pytest.approx(same["bare_perplexity"])
