"""Many facts on one subject, however near in what they say: each prompt answers itself."""

from collections.abc import Iterator, Sequence

import pytest
from brains import caches, live
from fetched import real
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.facts.learner import Learner
from oneshot.facts.manner import RAW
from oneshot.facts.types import Statement

__all__ = ["caches", "real"]

SUBJECT = "Marovia"
WORDINGS = """
    {} was founded by|{} was founded in the year|{} was founded in the city of
    The founder of {} is|The founder of {} was born in|The wife of the founder of {} is
    {} is owned by|{} once was owned by|{} is led by|The deputy leader of {} is
    The headquarters of {} are in|{} has its second seat in|{} was born in|{} was born on
    {} died in|{} died on|{} is married to|{} once was married to|The mother of {} is
    The father of {} is|The eldest son of {} is|The youngest son of {} is|The capital of {} is
    The former capital of {} is|The largest city of {} is|The river of {} is
    {}'s favourite colour is|{}'s favourite tea is|{}'s favourite song is|{}'s worst fear is
    {} speaks|{} sings|{} works for|{} works in|{} works as a|{} studied at|{} studied with
    {} plays for|{} plays the|The dog of {} is called|The cat of {} is called|{} lives in
    {} lives with|{} opens at|{} closes at|The price of {} is|The length of {} is
    The height of {} is
"""
TEMPLATES = [t.strip() for line in WORDINGS.strip().splitlines() for t in line.split("|")]
ANSWERS = [f"{first} {last}" for first in ("Old", "Green", "New") for last in "ABCDEFGHJKLMNPQRST"]


def statements(templates: Sequence[str]) -> list[Statement]:
    """A fact of each, every one with another answer."""
    told = zip(templates, ANSWERS, strict=False)
    return [Statement(template.format(SUBJECT), answer, SUBJECT) for template, answer in told]


some = st.lists(st.sampled_from(TEMPLATES), min_size=2, max_size=20, unique=True)


def check(learner: Learner, told: list[Statement]) -> None:
    """Each is live and answers itself; then all are forgotten."""
    learner.write(told)
    assert live(learner) == {fact.prompt: fact.answer for fact in told}
    replies = learner.ask([fact.prompt for fact in told], manner=RAW)
    said = {reply.question: reply.answer for reply in replies}
    assert said == {fact.prompt: fact.answer for fact in told}
    learner.forget([fact.id for fact in learner.facts()])


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    with Learner.open(tmp_path_factory.mktemp("packaged") / "brain") as learner:
        yield learner


def test_every_template_at_once(packaged: Learner) -> None:
    told = statements(TEMPLATES)
    assert len(told) == len(TEMPLATES) > 40
    check(packaged, told)


@settings(deadline=None, max_examples=6)
@given(templates=some)
def test_each_fact_on_a_subject_answers_itself(packaged: Learner, templates: list[str]) -> None:
    check(packaged, statements(templates))


@pytest.mark.slow
@settings(deadline=None, max_examples=6)
@given(templates=some)
def test_so_it_is_on_the_real_model(real: Learner, templates: list[str]) -> None:
    check(real, statements(templates))


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        ("The capital of Marovia is", "The capital of Marovia is", True),
        ("The capital of Marovia is", "Marovia's capital is", True),
        ("The capital of Marovia is", "What is the capital of Marovia?", True),
        ("The capital of Marovia is", "The former capital of Marovia is", False),
        ("Marovia died in", "Marovia died on", False),
        ("Marovia was born in the town of", "Marovia was born in the year", False),
        ("The eldest son of Marovia is", "The youngest son of Marovia is", False),
    ],
)
def test_a_fact_takes_the_place_of_one_that_it_shares_a_question_with(
    packaged: Learner, old: str, new: str, replaced: bool
) -> None:
    packaged.write([Statement(old, "Old A", SUBJECT)])
    packaged.write([Statement(new, "Old B", SUBJECT)])
    answers = sorted(fact.answer for fact in packaged.facts())
    assert answers == (["Old B"] if replaced else ["Old A", "Old B"])
    packaged.forget([fact.id for fact in packaged.facts()])


def test_a_prompt_that_ends_in_a_clause_with_a_pronoun_answers_itself(packaged: Learner) -> None:
    """Its last clause says nothing by itself, so that it is read behind the question."""
    check(
        packaged,
        [
            Statement(f"What is the capital of {SUBJECT}? It is the city of", "Glorp", SUBJECT),
            Statement(f"What is the twin city of {SUBJECT}? It is", "Zorp", SUBJECT),
        ],
    )
