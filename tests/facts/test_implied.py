"""Implied facts in a brain, on a tiny random host: they come and go with what implies them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from brains import caches, exported, open_tiny, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.errors import BadInputError
from oneshot.facts.brain.speaking import speaking, today
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.pretrained.adapter import Adapter
from oneshot.facts.types import Receipt, Statement

__all__ = ["caches"]

RULE = "X's capital is Y => Y is in X"
SENTENCES = (
    "The author of Misery is Ann Bell.",
    "Carrie was written by Ann Bell.",
    "The mother of Tom is Ida.",
    "Max is also the child of Ida.",
    "The capital of Freedonia is Glorptown.",
    "Bob is married to Ann Bell.",
)
Weights = tuple[list[str], list[torch.Tensor]]


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    with open_tiny(tmp_path / "brain") as learner:
        yield learner


def told(*sentences: str) -> list[Statement]:
    return [parse_sentence(sentence) for sentence in sentences]


def teach(learner: Learner, *sentences: str) -> list[Receipt]:
    return list(learner.teach(told(*sentences)))


def weights(learner: Learner) -> Weights:
    segments = learner.brain.store.load()
    return [r["key"] for r in segments.records], [t for _, t in sorted(segments.rows.items())]


def same(one: Weights, other: Weights) -> bool:
    return one[0] == other[0] and all(map(torch.equal, one[1], other[1]))


def implied(learner: Learner) -> dict[str, str]:
    return {i.prompt: i.answer for i in learner.implied()}


def said(learner: Learner, prompts: Sequence[str], as_of: str | None = None) -> list[str]:
    return [reply.answer for reply in learner.ask(prompts, as_of=as_of)]


def test_an_inverse_is_answered_listed_and_named_in_the_receipt(learner: Learner) -> None:
    prompt = "Ann Bell wrote"
    bare = said(learner, [prompt])
    (receipt,) = teach(learner, SENTENCES[0])
    assert receipt.implied == ("Ann Bell wrote Misery",)
    (reply,) = learner.ask([prompt])
    assert (reply.answer, reply.facts) == ("Misery", (1,))
    assert reply.answer != bare[0]
    teach(learner, SENTENCES[1])
    (reply,) = learner.ask([prompt])
    assert (reply.answer, reply.facts) == ("Carrie and Misery", (1, 2))
    (found,) = (i for i in learner.implied() if i.rule == "books")
    assert (found.answer, found.subject, found.origins) == ("Carrie and Misery", "Ann Bell", (1, 2))
    assert [fact.id for fact in learner.facts()] == [1, 2], "what is implied is no fact of its own"
    learner.forget([1])
    assert said(learner, [prompt]) == ["Carrie"]
    learner.forget([2])
    assert said(learner, [prompt]) == bare
    assert implied(learner) == {}


def test_a_receipt_says_which_facts_lead_on(learner: Learner) -> None:
    (first,) = teach(learner, "The author of Misery is Ann Bell.")
    (second,) = teach(learner, "Ann Bell was born in Oslo.")
    chain = "the author of Misery = Ann Bell; Ann Bell was born in = Oslo"
    assert (first.leads, second.leads) == ((), (chain,))
    (again,) = teach(learner, "The author of Carrie is Ann Bell.")
    assert again.leads == ("the author of Carrie = Ann Bell; Ann Bell was born in = Oslo",)
    learner.forget([1, 3])
    (alone,) = teach(learner, "Ann Bell lives in Tarn.")
    assert alone.leads == ()


def test_whoever_died_is_dead_as_long_as_a_fact_says_so(learner: Learner) -> None:
    asked = ["Is Ann Bell still alive?"]
    bare = said(learner, asked)
    teach(learner, "Ann Bell died in Oslo.", "The cause of death of Ann Bell is cancer.")
    assert implied(learner)["Ann Bell is by now"] == "dead"
    assert said(learner, asked) == ["No, Ann Bell is by now dead"]
    learner.forget([1])
    assert said(learner, asked) == ["No, Ann Bell is by now dead"]
    learner.forget([2])
    assert (said(learner, asked), implied(learner)) == (bare, {})


def test_a_taught_fact_is_not_shadowed(learner: Learner) -> None:
    teach(learner, SENTENCES[0])
    assert "Ann Bell wrote" in implied(learner)
    teach(learner, "Ann Bell wrote Joyland.")
    assert "Ann Bell wrote" not in implied(learner)
    assert said(learner, ["Ann Bell wrote", "The author of Misery is"]) == ["Joyland", "Ann Bell"]
    learner.forget([2])
    assert said(learner, ["Ann Bell wrote"]) == ["Misery"]


@settings(deadline=None, max_examples=6)
@given(st.permutations(range(len(SENTENCES))), st.integers(1, len(SENTENCES) - 1))
def test_any_order_gives_the_same_weights_and_forgetting_gives_them_back(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], kept: int
) -> None:
    with open_tiny(tmp_path_factory.mktemp("one")) as one:
        for i in order[:kept]:
            one.write(told(SENTENCES[i]))
        before = weights(one)
        one.write([s for i in order[kept:] for s in told(SENTENCES[i])])
        everything = weights(one)
        assert not same(before, everything)
        one.forget(range(kept + 1, len(order) + 1))
        assert same(weights(one), before)
        one.undo()
        assert same(weights(one), everything)
        one.undo()
        assert same(weights(one), before)
    with open_tiny(tmp_path_factory.mktemp("other")) as other:
        other.write(told(*SENTENCES))
        assert same(weights(other), everything)


def test_changes_of_a_fact_change_what_it_implies(learner: Learner) -> None:
    teach(learner, SENTENCES[4])
    before = weights(learner)
    learner.update(1, "Ixtown")
    assert implied(learner) == {"Ixtown is the capital of": "Freedonia"}
    learner.undo()
    assert same(weights(learner), before)
    learner.alias(1, "the Free State")
    assert implied(learner) == {"Glorptown is the capital of": "Freedonia"}
    teach(learner, "The capital of Freedonia is Zogtown.")
    assert implied(learner) == {"Zogtown is the capital of": "Freedonia"}


def test_what_follows_answers_to_the_aliases_of_its_name(learner: Learner) -> None:
    def aliases() -> list[tuple[str, ...]]:
        return [told.aliases for told in learner.ledger.texts.values() if told.rule == "books"]

    teach(learner, SENTENCES[0], "Ann Bell lives in Zogtown.")
    assert aliases() == [()]
    learner.alias(2, "Old Quill")
    assert aliases() == [("Old Quill",)]
    learner.undo()
    assert aliases() == [()]


def test_a_list_is_told_whole_and_counted(learner: Learner) -> None:
    prompt = "The child of Ida is"
    teach(learner, "The child of Ida is Tom.")
    assert said(learner, [prompt]) == ["Tom"]
    (receipt,) = teach(learner, "The child of Ida is Max.")
    assert receipt.holds
    assert not receipt.warnings, "one among several replaces nothing"
    assert said(learner, [prompt]) == ["Max and Tom"]
    assert said(learner, ["The number of Ida's children is"]) == ["2"]
    assert learner.ask([prompt])[0].facts == (1, 2)
    learner.forget([1])
    assert said(learner, [prompt]) == ["Max"]
    assert "The number of Ida's children is" not in implied(learner)


def test_also_lets_any_relation_have_several_answers(learner: Learner) -> None:
    teach(learner, "The motto of Zog is Onward.", "The motto of Zog is also Upward.")
    assert said(learner, ["The motto of Zog is"]) == ["Onward and Upward"]
    (receipt,) = teach(learner, "The motto of Zog is Backward.")
    assert receipt.warnings[0] == "contradicts #1, which it replaces"
    assert said(learner, ["The motto of Zog is"]) == ["Backward and Upward"]


def test_facts_with_a_time_answer_for_their_day(learner: Learner) -> None:
    prompt = "The mayor of Zog is"
    first = "The mayor of Zog is Ann from 2010 to 2015."
    receipts = teach(learner, first, "The mayor of Zog is Bob since 2015.")
    assert all(r.holds for r in receipts)
    assert [f.state for f in learner.facts()] == ["live", "live"]
    assert [(f.since, f.until) for f in learner.facts()] == [("2010", "2015"), ("2015", None)]
    assert said(learner, [prompt]) == ["Bob"]
    assert said(learner, [prompt], "2012-05") == ["Ann"]
    assert said(learner, ["Who was the mayor of Zog in 2012?", prompt]) == ["Ann", "Bob"]
    bare = [reply.answer for reply in learner.ask([prompt], adapter=False)]
    assert said(learner, [prompt], "2001") == bare
    with refused(BadInputError):
        learner.ask([prompt], as_of="long ago")


def test_children_told_by_name_are_counted(learner: Learner) -> None:
    teach(learner, "Ida has three children: Tom, Max and Eve.")
    assert said(learner, ["The children of Ida are"]) == ["Tom, Max and Eve"]
    assert said(learner, ["The number of Ida's children is"]) == ["3"]


def test_rules_hold_for_facts_before_and_after_and_are_undone(learner: Learner) -> None:
    teach(learner, SENTENCES[4])
    before = weights(learner)
    learner.add_rule(RULE)
    assert said(learner, ["Glorptown is in"]) == ["Freedonia"]
    (receipt,) = teach(learner, "Sylvania's capital is Ixtown.")
    assert "Ixtown is in Sylvania" in receipt.implied
    with refused(BadInputError):
        learner.add_rule(RULE)
    learner.undo()
    assert learner.undo().startswith("the rule")
    assert same(weights(learner), before)
    assert learner.rules() == []
    learner.add_rule(RULE)
    learner.remove_rule(1)
    assert same(weights(learner), before)
    learner.undo()
    assert said(learner, ["Glorptown is in"]) == ["Freedonia"]
    with refused(BadInputError):
        learner.remove_rule(2)


def test_exports_are_the_same_bytes_and_imports_imply_anew(
    learner: Learner, tmp_path: Path
) -> None:
    teach(learner, *SENTENCES)
    files = exported(learner, tmp_path / "export")
    with open_tiny(tmp_path / "other") as other:
        assert other.import_(tmp_path / "export") == len(SENTENCES)
        assert same(weights(other), weights(learner))
        assert exported(other, tmp_path / "again") == files
        other.forget([f.id for f in other.facts()])
        assert len(other.ledger.live) == 0
    assert all(finding.ok for finding in Learner.doctor(tmp_path / "brain"))


def test_an_exported_list_speaks_for_its_members(learner: Learner, tmp_path: Path) -> None:
    teach(learner, "The child of Ida is Tom.", "The child of Ida is Max.")
    learner.export(tmp_path / "export")
    adapter = Adapter.from_pretrained(tmp_path / "export")
    assert adapter.rows is not None
    facts = adapter.facts
    spoken = [facts[key].answer for key in speaking(adapter.rows, facts, today()).hex_keys()]
    assert "Max and Tom" in spoken
    assert not {"Max", "Tom"} & set(spoken)
    assert {"Max", "Tom"} <= {fact.answer for fact in facts.values()}


def test_doctor_takes_out_what_follows_from_nothing(learner: Learner, tmp_path: Path) -> None:
    teach(learner, *SENTENCES[:2])
    key = learner.show(2).key
    learner.brain.store.remove([key])
    learner.brain.journal.set_state([2], "forgotten")
    found = {f.check: f for f in Learner.doctor(tmp_path / "brain")}
    assert not found["implied facts"].ok
    Learner.doctor(tmp_path / "brain", repair=True)
    assert all(f.ok for f in Learner.doctor(tmp_path / "brain"))
    with open_tiny(tmp_path / "brain") as again:
        assert "Ann Bell wrote" not in implied(again)


def test_what_a_killed_process_left_is_dropped_when_the_brain_is_read(
    learner: Learner, tmp_path: Path
) -> None:
    teach(learner, SENTENCES[0])
    alone = weights(learner)
    teach(learner, SENTENCES[1])
    learner.brain.store.remove([learner.show(2).key])
    learner.brain.journal.set_state([2], "forgotten")
    with open_tiny(tmp_path / "brain") as again:
        assert same(weights(again), alone)
        assert implied(again) == {"Ann Bell wrote": "Misery"}
