"""What is asked of a real language model, and how its records become tables."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.text.names import name_key
from experiments.facts import open_tables
from experiments.facts.answers import invented_answer
from experiments.facts.asking import Axis, Probe
from experiments.facts.binding import Text, _misbound, statements, texts
from experiments.facts.open_relations import Config, asked_of, build_cases
from experiments.facts.published import SETS
from experiments.facts.tables import speed_table
from oneshot.facts.manner import CHAT, RAW
from oneshot.facts.types import Reply, Statement, Step
from oneshot.hosts.relations import Relation, names

SHARE = {"mean": 0.975, "low": 0.95, "high": 1.0, "n": 80}
BESIDE = SHARE | {"bare": SHARE, "fact in the prompt": SHARE}


@pytest.mark.parametrize("known", [False, True])
def test_relations_are_left_out_or_known_and_every_subject_has_two_facts(known: bool) -> None:
    cases = build_cases(Config("smollm2", facts=60, known=known))
    assert len(cases) == 60
    assert all(case.relation.held_out is not known for case in cases)
    subjects = [name_key(case.statement.subject or "") for case in cases]
    assert all(subjects.count(subject) == 2 for subject in subjects)
    assert all(case.relation not in case.others for case in cases)


def test_strangers_have_no_facts_and_the_prompt_can_hold_the_fact() -> None:
    cases = build_cases(Config("smollm2", facts=60))
    subjects = {name_key(case.statement.subject or "") for case in cases}
    axes = {axis.name: axis for axis in asked_of(cases, subjects, random.Random(0))}
    assert set(axes) == {axis for axis, *_ in open_tables.AXES}
    for probe in axes["other subject"].probes:
        assert probe.told.subject not in probe.question
    probe = axes["behind two earlier turns"].probes[0]
    assert probe.asked(RAW) == probe.question
    assert [turn["role"] for turn in probe.asked(CHAT)] == ["user", "assistant"] * 2 + ["user"]
    assert probe.told.answer in str(probe.informed(RAW))
    assert axes["known fact"].kept
    assert not axes["free cloze"].chat


def test_binding_texts_are_many_and_their_parts_share_no_wording() -> None:
    parts = {part: list(texts(part)) for part in ("first", "second", "third")}
    wordings = [{text.wording for text in found} for found in parts.values()]
    assert len(set.union(*wordings)) == sum(map(len, wordings))
    for found, used in zip(parts.values(), wordings, strict=True):
        assert len(found) >= 330
        assert len(used) >= 33
        assert {bool(text.wanted) for text in found} == {bool(t.barred) for t in found}
    answers = {told.answer for told in statements()}
    assert all(text.wanted in answers or text.barred in answers for text in parts["first"])


def test_what_the_host_says_of_the_other_name_is_no_wrong_binding() -> None:
    text = Text("Unlike Zog, Ann was born in", "", None, "Graz", "Zog")
    silent = Step("", None, float("nan"))
    assert _misbound(text, Reply(text.text, "Graz", (1,), None, (Step("Graz", 1, 30.0),)))
    assert _misbound(text, Reply(text.text, "the town of Graz", (1,), None, (silent,)))
    assert not _misbound(text, Reply(text.text, "Zog was born in Graz", (1,), None, (silent,)))
    assert not _misbound(text, Reply(text.text, "Rome", (), None, (silent,)))


def test_published_sets_are_asked_in_kind() -> None:
    fact = {
        **dict.fromkeys(("question", "paraphrase", "yes_question", "no_question"), "Q?"),
        **{"locality_question": "L?", "object": "O", "subject": "S"},
    }
    told = SETS["hallueditbench"].statement(fact)
    assert told == Statement("Q?", "O", "S")
    axes = list(SETS["hallueditbench"].axes([fact], [told]))
    assert [axis.wanted for axis in axes] == [None, None, "Yes", "No", None]
    assert axes[-1] == Axis("locality question", [Probe("L?", told)], kept=True)


def test_facts_without_a_question_are_not_asked_one() -> None:
    fact = {"prompt": "S is", "paraphrase_core": ["S was"], "neighborhood_prompts": ["T is"]}
    fact |= {"question": None, "target_new": "O", "subject": "S"}
    told = SETS["counterfact"].statement(fact)
    axes = {axis.name: axis for axis in SETS["counterfact"].axes([fact], [told])}
    assert not axes["question"].probes
    assert axes["neighbour"].kept


def put(folder: Path, name: str, metrics: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"metrics": metrics}))


def test_without_records_the_tables_say_so(tmp_path: Path) -> None:
    made = (open_tables.open_table, open_tables.binding_table, open_tables.published_table)
    assert {table(tmp_path) for table in made} == {open_tables.NONE}


def test_every_axis_is_a_row_with_the_bare_host_beside(tmp_path: Path) -> None:
    told = {f"{axis}, raw": BESIDE for axis, *_ in open_tables.AXES}
    put(tmp_path, "facts-open-smollm2", {"facts": 1000, "relations": 256} | told)
    lines = open_tables.open_table(tmp_path).splitlines()
    assert len(lines) == 2 + len(open_tables.AXES)
    assert len({line.count("|") for line in lines}) == 1
    assert "97.5 % (95-100, n = 80); bare 98; fact in the prompt 98" in lines[2]


def test_binding_and_published_sets_in_tables(tmp_path: Path) -> None:
    both = {"right binding kept": SHARE, "wrong binding": SHARE}
    put(
        tmp_path,
        "facts-binding-smollm2",
        {"texts": 540, "wordings": 36, "raw": both, "chat": both},
    )
    assert "540 texts, 36 wordings" in open_tables.binding_table(tmp_path)
    for name in SETS:
        text = {"fires": 1, "tokens": 20_000}
        metrics = {"facts": 100, "question, chat": BESIDE, "running text": text}
        put(tmp_path, f"facts-{name}-smollm2", metrics)
    table = open_tables.published_table(tmp_path)
    assert "3 of 60,000" in table
    assert len({line.count("|") for line in table.splitlines()}) == 1


def test_costs_of_two_hosts_stand_side_by_side(tmp_path: Path) -> None:
    for host, value in (("", 10.0), ("-smollm2", 30.0)):
        timing = {"what": "a write", "value": value, "unit": "ms", "target": "<= 40"}
        put(tmp_path, f"facts-speed{host}", {"timings": [timing, timing | {"what": host}]})
    rows = speed_table(tmp_path).splitlines()
    assert rows[0] == "| | packaged | aim | smollm2 | aim |"
    assert rows[2] == "| a write | 10 ms | <= 40 | 30 ms | <= 40 |"
    assert rows[4] == "| -smollm2 |  |  | 30 ms | <= 40 |"


def test_answers_are_of_the_sort_that_a_relation_asks_for() -> None:
    asked = {
        "year": Relation("r", "k", False, ("{} was built in the year",), ("When was {} built?",)),
        "date": Relation(
            "r", "k", False, ("{} begins on",), ("When does {} begin?", "{} is when?")
        ),
        "money": Relation("r", "k", False, ("{} costs",), ("How much does {} cost?",)),
        "person": Relation("r", "k", False, ("{} is led by",), ("Who leads {}?",)),
        "any": Relation("r", "k", False, ("{} tastes of",), ("What does {} taste of?",)),
    }
    draw = random.Random(0)
    given = {sort: invented_answer(relation, draw) for sort, relation in asked.items()}
    assert given["year"].isdecimal()
    assert re.fullmatch(r"\d+ [A-Z][a-z]+", given["date"])
    assert given["money"].endswith(" euros")
    people = {name for kind, pool in names().items() if kind.startswith("people:") for name in pool}
    assert given["person"] in people
    assert given["any"][0].isupper()
