"""Questions that take several facts, on the packaged host: what is followed, and what is not."""

import pytest
import torch
from conftest import packaged_host
from tiny import denoiser_of

from adapters.attach import Attachment, attach
from adapters.query.chained.phrases import nested
from adapters.write.encode import Told
from adapters.write.rows import FactRows

AUTHOR = Told("The author of Misery is", "Ann Bell", "Misery")
BORN = Told("Ann Bell was born in", "Oslo", "Ann Bell")
DOCTOR = Told("My doctor is", "Dr Lee", "My")
NUMBER = Told("The phone number of Dr Lee is", "555-0199", "Dr Lee")
CAPITAL = Told("The capital of Freedonia is", "Glorptown", "Freedonia")
CIRCLE = (
    Told("Zora's manager is", "Tom Hale", "Zora"),
    Told("Tom Hale's manager is", "Zora", "Tom Hale"),
)
FACTS = (AUTHOR, BORN, DOCTOR, NUMBER, CAPITAL, *CIRCLE)


@pytest.fixture(scope="module")
def rows() -> dict[Told, FactRows]:
    made = packaged_host().encoder.encode_all(FACTS)
    return dict(zip(FACTS, made, strict=True))


def chain(rows: dict[Told, FactRows], text: str) -> list[Told]:
    """The facts that lead to what is said behind a text, and at the end the one that says it."""
    facts = list(rows.values())
    host = packaged_host()
    denoiser = denoiser_of(host, facts)
    order = {key: fact for fact, row in rows.items() for key in row.hex_keys()}
    told = [order[key] for key in denoiser.rows.hex_keys()]
    ids = host.tokenizer(text, return_tensors="pt").input_ids
    with torch.inference_mode(), attach(host.model, denoiser) as attachment:
        host.model(input_ids=ids)
        return [told[row] for row in _spoken(attachment, ids.shape[1] - 1)]


def _spoken(attachment: Attachment, at: int) -> list[int]:
    return [row for c in attachment.changes if c.position == at for row in (*c.via, c.fact)]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Where was the author of Misery born?", [AUTHOR, BORN]),
        ("What is the birthplace of the author of Misery?", [AUTHOR, BORN]),
        ("The author of Misery was born in", [AUTHOR, BORN]),
        ("Was the author of Misery born in Rome?", [AUTHOR, BORN]),
        ("What is the phone number of my doctor?", [DOCTOR, NUMBER]),
        ("What is my doctor's phone number?", [DOCTOR, NUMBER]),
        ("Misery is a book. Where was the author of it born?", [AUTHOR, BORN]),
    ],
)
def test_a_phrase_stands_for_the_name_that_answers_it(
    rows: dict[Told, FactRows], question: str, wanted: list[Told]
) -> None:
    assert chain(rows, question) == wanted


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Who is the author of Misery?", [AUTHOR]),
        ("The author of Misery is", [AUTHOR]),
        ("Where was Ann Bell born?", [BORN]),
        ("Who is my doctor?", [DOCTOR]),
        ("Is Dr Lee my doctor?", [DOCTOR]),
        ("The phone number of Dr Lee is", [NUMBER]),
        ("What is the capital of Freedonia?", [CAPITAL]),
        ("Who is Zora's manager?", [CIRCLE[0]]),
        ("Where was the author of Dune born?", []),
    ],
)
def test_what_one_fact_answers_or_none_is_no_chain(
    rows: dict[Told, FactRows], question: str, wanted: list[Told]
) -> None:
    assert chain(rows, question) == wanted


def test_a_circle_of_facts_is_gone_round_as_often_as_it_is_asked(
    rows: dict[Told, FactRows],
) -> None:
    first, second = CIRCLE
    question = "Who is the manager of Zora's manager's manager?"
    assert chain(rows, question) == [first, second, first]


def test_plain_questions_are_not_read_twice() -> None:
    assert not nested("Who wrote Misery?")
    assert not nested("What is the capital of France?")
    assert nested("What is the capital of the country where Zora lives?")
    assert nested("Where did Ruwandi's mayor go on pilgrimage?")
