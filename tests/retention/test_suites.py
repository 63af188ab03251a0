"""The suites of the bank: facts that nobody calibrated on, and the cases that break methods."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from oneshot.facts.answering import Question
from oneshot.hosts.load import load_host
from oneshot.hosts.relations import relations
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.made.bank import invented
from oneshot.retention.suites.made.hard import AHEAD, by_closeness, hard
from oneshot.retention.suites.made.own import own
from oneshot.retention.suites.published.counterfact import FILE, MORE, counterfact
from oneshot.retention.suites.published.ripple import aliases
from oneshot.retention.suites.registry import build_suite
from oneshot.retention.suites.sampling import Bare, Material
from oneshot.retention.suites.suite import DELETED, Suite

SHARED = Path(__file__).parents[3] / "shared" / "data"
FACTS, PROBES = 30, 10


def material() -> Material:
    host = load_host()
    return Material(host, Bare(host), DataFolder(None), FACTS, PROBES)


@pytest.fixture(scope="module")
def hard_cases() -> Suite:
    return hard(material())


def test_facts_are_of_relations_that_no_calibration_saw() -> None:
    facts = invented(material(), FACTS, 2)
    assert len(facts) == FACTS
    assert all(fact.relation.held_out for fact in facts)
    assert all(fact.request.subject in fact.request.prompt for fact in facts)
    assert max(Counter(fact.subject for fact in facts).values()) == 2


def test_the_same_draw_gives_the_same_suite() -> None:
    assert own(material()) == own(material())


def test_every_hard_case_has_its_questions(hard_cases: Suite) -> None:
    assert len(hard_cases.requests) == FACTS
    axes = hard_cases.told | hard_cases.kept | hard_cases.unsaid
    wanted = {"yes", "no", "multiple_choice", "near_relation", "far_relation", "near_names"}
    wanted |= {"other_yes_no", "other_choice", "other_after_50_tokens"}
    wanted |= {f"after_{tokens}_tokens" for tokens in AHEAD[:1]} | {"negation", DELETED}
    assert wanted <= axes.keys()
    assert all(0 < len(axes[axis]) <= PROBES for axis in wanted)


def test_deleted_facts_are_none_of_the_others(hard_cases: Suite) -> None:
    assert hard_cases.deleted
    assert not {r.prompt for r in hard_cases.deleted} & {r.prompt for r in hard_cases.requests}


def test_kept_questions_are_about_nothing_that_was_told(hard_cases: Suite) -> None:
    subjects = {request.subject.lower() for request in hard_cases.requests}
    names = hard_cases.kept["neighbours"]
    assert all(not any(f" {s} " in f" {p.prompt.lower()} " for s in subjects) for p in names)


def test_closeness_is_by_the_words_in_common() -> None:
    found = {r.name: r for r in relations()}
    order = [r.name for r in by_closeness(found["people:maternal_grandmother"])]
    assert order[0] == "people:paternal_grandmother"
    assert order.index("people:height") > len(order) // 2


class Fixed(Bare):
    """A host that says the same to everything."""

    def __call__(self, questions: Sequence[Question]) -> list[str]:
        return ["Paris" for _ in questions]


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["counterfact", "zsre", "mquake", "ripple", "hallueditbench", "lre"]
)
def test_a_whole_published_set_gives_questions_that_can_be_asked(name: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("the optional data folder is not here")
    drawn = Material(load_host(), Fixed(load_host()), DataFolder(SHARED), 2000, 2000)
    suite = build_suite(name, drawn)
    assert len(suite.requests) > 300
    assert {"efficacy", "paraphrase"} <= suite.told.keys()
    assert {"neighbours", "relation_specificity"} & suite.kept.keys()
    for axis, probes in (suite.told | suite.kept).items():
        assert all(probe.prompt.strip() for probe in probes), axis
    assert all(p.answer and p.fact >= 0 for probes in suite.told.values() for p in probes)


def _rows(numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [
        {
            "prompt": f"The mother tongue of Qx{i} Vo{i} is",
            "subject": f"Qx{i} Vo{i}",
            "relation": "P103",
            "target_new": "Danish",
            "target_true": "French",
        }
        for i in numbers
    ]


def test_counterfact_is_filled_up_with_facts_that_have_one_prompt_and_are_not_asked(
    tmp_path: Path,
) -> None:
    asked = {"question": "?", "paraphrase_core": ["a", "b"], "paraphrase_prompts": ["c"]}
    asked |= {"generation_prompts": ["d"], "neighborhood_prompts": ["e"]}
    full = [row | asked | {"attribute_prompts": ["f"]} for row in _rows(range(12))]
    for name, rows in ((FILE, full), (MORE, _rows(range(40)))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        lines = "\n".join(map(json.dumps, rows))
        (tmp_path / name).write_bytes(gzip.compress(lines.encode()))
    text = tmp_path / "text.txt"
    text.write_text("Nothing of note.")
    drawn = Material(load_host(), Fixed(load_host()), DataFolder(tmp_path), 20, 50, 0, text)
    suite = counterfact(drawn)
    subjects = [request.subject for request in suite.requests]
    assert len(subjects) == len(set(subjects)) == 20
    known = {row["subject"] for row in full}
    about = {subjects[p.fact] for p in suite.told["efficacy"]}
    assert about == known & set(subjects)
    assert 0 < len(about) < 20
    assert max(p.fact for p in suite.told["efficacy"]) > len(about)  # written among the others


def test_other_names_that_tests_ask_by_are_told_with_the_fact() -> None:
    tests = [
        {"category": "Subject_Aliasing", "prompt": "The gender of Jo Castillo is"},
        {"category": "Subject_Aliasing", "prompt": "The gender of J. Castillo is"},
        {"category": "Subject_Aliasing", "prompt": "Another wording of Kit is"},
        {"category": "Reasoning", "prompt": "The gender of the author of Misery is"},
    ]
    row = {"subject": "Jose L Castillo", "prompt": "The gender of Jose L Castillo is"}
    assert aliases(row | {"tests": tests}) == ("Jo Castillo", "J. Castillo")
