"""What counts as right, teacher-forced scores against their definition, and the accuracy matrix."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.errors import OneshotError
from oneshot.facts.answering import Question, text_of, with_text
from oneshot.hosts.load import Host, load_host
from oneshot.progress import silent
from oneshot.retention.measures.axes import by_cohort, cohort, measure_axes
from oneshot.retention.measures.guard import check_changed
from oneshot.retention.measures.running_text import measure_text
from oneshot.retention.measures.scores import interval
from oneshot.retention.measures.stream import forgetting, write_stream
from oneshot.retention.measures.teacher_forced import force, teacher_forced
from oneshot.retention.methods.bare import BareHost
from oneshot.retention.methods.interface import Method, Request
from oneshot.retention.suites.match import begins_alike, is_match, normalise, says
from oneshot.retention.suites.sampling import Bare
from oneshot.retention.suites.suite import DELETED, Probe, Suite


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

    def answers(self, questions: Sequence[Question]) -> list[str]:
        return [self.kept.get(text_of(question), "nothing") for question in questions]


class Erasable(Notebook):
    """One that can forget, and knows what it was asked to forget."""

    def forget(self, requests: Sequence[Request]) -> None:
        self.written = [r.prompt for r in requests if r.prompt in self.kept]
        for request in requests:
            self.kept.pop(request.prompt)


class Silent(Notebook):
    """Says that it writes, and answers as the host does."""

    name = "silent"

    def answers(self, questions: Sequence[Question]) -> list[str]:
        return Method.answers(self, questions)


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


def nothing(prompts: Sequence[Question]) -> list[str]:
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


@pytest.mark.parametrize(
    ("said", "name", "opens", "right"),
    [
        ("Paris, France", "Paris", False, True),
        ("The capital is Paris", "paris", False, True),
        ("The capital is Paris", "Paris", True, False),
        ("Parisian life", "Paris", False, False),
        ("anything", "the", False, False),
        ("Yes.", "Yes", True, True),
    ],
)
def test_a_name_is_said_as_whole_words(said: str, name: str, opens: bool, right: bool) -> None:
    assert says(said, (name,), opens=opens) == right


@given(st.text(), st.text())
def test_what_is_the_answer_also_says_it(said: str, answer: str) -> None:
    assert not (normalise(answer) and is_match(said, answer)) or says(said, (answer,))
    assert begins_alike(said, said)


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


def test_all_right_is_no_certainty_and_shares_are_drawn_again() -> None:
    assert interval([True] * 16) == {"mean": 1.0, "low": 0.80639, "high": 1.0, "n": 16}
    assert interval([True, False] * 8)["low"] == pytest.approx(
        1 - interval([True, False] * 8)["high"]
    )
    found = interval([0.5, 0.7, 0.9])
    assert 0.5 <= found["low"] < 0.7 < found["high"] <= 0.9


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
    found = []
    for method in (Notebook(host), Notebook(host, size=8)):
        fresh, cost = write_stream(method, suite, silent)
        kept = measure_axes(method, nothing, suite)["efficacy"]["cohorts"]
        found.append(forgetting(fresh, kept))
        assert 0 < cost["write_seconds_median"] <= cost["write_seconds_p95"]
    whole, short = found
    assert whole["fresh"] == short["fresh"] == [1.0] * 10
    assert whole["backward_transfer"] == 0.0
    assert short["at_the_end"] == [*[0.0] * 8, 1.0, 1.0]
    assert short["backward_transfer"] == pytest.approx(-8 / 9, abs=1e-4)


def test_deleted_facts_are_asked_of_methods_that_can_forget(host: Host) -> None:
    gone = Request("Gone is", "away", "Gone")
    suite = replace(stream(4), deleted=[gone], kept={DELETED: [Probe(gone.prompt, "")]})
    lasting, erasable = Notebook(host), Erasable(host)
    for method in (lasting, erasable):
        write_stream(method, suite, silent)
        assert gone.prompt not in method.kept
    assert erasable.written == ["Gone is"]
    assert DELETED not in measure_axes(lasting, nothing, suite)
    assert measure_axes(erasable, nothing, suite)[DELETED]["mean"] == 1.0


def test_a_method_that_changed_nothing_fails_loudly(host: Host) -> None:
    suite, bare = stream(3), Bare(host)
    check_changed(BareHost(host), bare, suite)
    with pytest.raises(OneshotError, match="silent says that it wrote 3 facts"):
        check_changed(Silent(host), bare, suite)
    check_changed(Blurred(host), bare, suite)
    check_changed(Notebook(host), bare, suite)


def test_axes_are_scored_by_what_is_right_on_them(host: Host) -> None:
    method = Notebook(host)
    method.kept = {"a": "It is Oslo, I think", "b": "Oslo", "c": "no, Yes", "d": "nothing at all"}
    told = {"efficacy": [Probe("a", "Oslo", 0), Probe("b", "Oslo", 0)]}
    told["yes"] = [Probe("c", "Yes", 0, opens=True)]
    kept = {"base": [Probe("d", ""), Probe("e", "")]}
    unsaid = {"negation": [Probe("a", "Oslo", 0), Probe("d", "Oslo", 0)]}
    suite = Suite("s", [Request("a", "Oslo", "a")], told, kept, unsaid=unsaid)
    found = measure_axes(method, nothing, suite)
    shares = {axis: (f["mean"], f.get("whole")) for axis, f in found.items()}
    assert shares == {
        "efficacy": (1.0, 0.5),
        "yes": (0.0, 0.0),
        "base": (0.5, 0.5),
        "negation": (0.5, None),
    }


def test_earlier_turns_come_before_the_question() -> None:
    probe = Probe("Where?", "here", turns=("Hello.", "Hello, you."))
    roles = [(turn["role"], turn["content"]) for turn in probe.question]  # type: ignore[index]
    assert roles == [("user", "Hello."), ("assistant", "Hello, you."), ("user", "Where?")]
    assert text_of(with_text(probe.question, "Who?")) == "Who?"


def test_every_fact_is_written_once_and_in_order(host: Host) -> None:
    method = Notebook(host)
    suite = stream(37)
    write_stream(method, suite, silent)
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
    scores = teacher_forced(Notebook(host), Suite("s", request, told, {"neighbours": [known]}))
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
