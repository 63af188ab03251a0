"""False fires at a fixed recall: the threshold is the method's own, what is wrong is counted."""

import math
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshot.hosts.load import load_host
from oneshot.retention.measures.false_fires import measure_false_fires, threshold
from oneshot.retention.methods.bare import BareHost
from oneshot.retention.suites.suite import Probe, Suite

SURE = {"a1": (9.0, "A"), "a2": (5.0, "A"), "a3": (1.0, "B"), "n1": (6.0, "A"), "n2": (2.0, "B")}
SUITE = Suite(
    "cases",
    [],
    {"question": [Probe("a1", "A", 0), Probe("a2", "A", 0), Probe("a3", "A", 0)]},
    {"near": [Probe("n1", ""), Probe("n2", "")], "far": [Probe("n3", "")]},
)


class Scoring(BareHost):
    """Has a score for every question."""

    def taught(self) -> Any:
        return nullcontext(self.host.model)

    def sureness(self, questions: Any) -> list[tuple[float, str]]:
        return [SURE.get(question, (-math.inf, "")) for question in questions]


def test_what_would_speak_is_counted_by_kind() -> None:
    found = measure_false_fires(Scoring(load_host()), SUITE)
    half = found["50%"]  # two of the three questions are needed
    assert half["threshold"] == 5.0
    assert {kind: row["share"] for kind, row in half["kinds"].items()} == {"near": 0.5, "far": 0.0}
    assert half["kinds"]["near"]["per_1000_tokens"] > 0
    assert found["70%"] is None, "the third one names another answer"


def test_methods_without_a_score_have_none() -> None:
    assert measure_false_fires(BareHost(load_host()), SUITE) == {}


@given(st.lists(st.floats(-50, 50), min_size=1), st.floats(0.01, 1))
def test_the_threshold_gives_the_recall(hits: list[float], recall: float) -> None:
    least = threshold(hits, recall)
    assert least is not None
    assert sum(hit >= least for hit in hits) >= recall * len(hits) - 1e-9
    assert sum(hit > least for hit in hits) < recall * len(hits)


def test_no_threshold_reaches_what_is_never_right() -> None:
    assert threshold([-math.inf, 1.0], 0.9) is None
    assert threshold([-math.inf, 1.0], 0.5) == pytest.approx(1.0)
