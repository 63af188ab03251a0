"""The command line on what facts imply: rules, lists, times."""

import pytest
from command_line import FakeLearner, Run, learner, plain_environment, run

from oneshot.facts.types import Statement

__all__ = ["learner", "plain_environment", "run"]

RULE = "X's capital is Y => Y is in X"


@pytest.fixture
def taught(run: Run, learner: type[FakeLearner]) -> type[FakeLearner]:
    assert run("teach", "The mayor of Zog is Bob since 2021.").code == 0
    return learner


def test_rules_are_added_listed_and_removed(run: Run, learner: type[FakeLearner]) -> None:
    assert run("rule", "list").err == "no rules\n"
    added = run("rule", "add", f"{RULE}.")
    assert added.out.strip() == f"{RULE}: 1 fact follows"
    assert run("--json", "rule", "list").records == [{"number": 1, "rule": RULE}]
    assert run("--json", "rule", "remove", "1").records == [{"removed": RULE}]
    assert run("rule", "list").out == ""


def test_what_is_no_rule_is_one_line(run: Run, learner: type[FakeLearner]) -> None:
    refused = run("rule", "add", "X is Y")
    assert refused.code != 0
    assert "write it as" in refused.err
    assert refused.err.count("\n") == 1


def test_lists_show_what_follows_and_when_facts_hold(run: Run, taught: type[FakeLearner]) -> None:
    assert run("rule", "add", RULE).code == 0
    shown = " ".join(run("list").out.split())
    assert "implied (from #1)" in shown
    assert "since 2021" in shown
    fact, implied = run("--json", "list").records
    assert (fact["answer"], fact["since"], fact["until"]) == ("Bob", "2021", None)
    assert implied["origins"] == [1]
    assert implied["rule"] == RULE


def test_also_is_taught_by_word_and_by_option(run: Run, learner: type[FakeLearner]) -> None:
    assert run("teach", "The motto of Zog is also Upward.").code == 0
    assert run("teach", "The motto of Zog is", "Onward", "--also").code == 0
    assert run("teach", "The motto of Zog is", "Inward").code == 0
    assert [fact.also for fact in learner.kept] == [True, True, False]
    assert run("teach", "--also", "--file", "facts.jsonl").code != 0


def test_files_say_also_and_when_a_fact_holds(run: Run, learner: type[FakeLearner]) -> None:
    line = '{"prompt": "The mayor of Zog is", "answer": "Bob", "also": true, "until": "May 2019"}'
    assert run("teach", "--file", "-", stdin=line).code == 0
    assert [(f.also, f.since, f.until) for f in learner.kept] == [(True, None, "2019-05")]


def test_ask_says_as_of_when(run: Run, taught: type[FakeLearner]) -> None:
    assert run("ask", "Who is the mayor of Zog?", "--as-of", "2019").code == 0
    assert taught.asked[-1][1]["as_of"] == "2019"
    assert Statement("The mayor of Zog is", "Bob").since is None
