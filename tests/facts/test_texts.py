"""What a brain's facts were taught as: only some names have to be looked at for what follows."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from oneshot.facts.brain.held.kept import record_of, terms_of_record
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.brain.implying import wanted_of
from oneshot.facts.implied.rules import rule_of
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.told import told_of
from oneshot.facts.types import Statement
from oneshot.memory.disk.mapped import Mapped, mapped
from oneshot.memory.disk.segment_file import Segments
from oneshot.memory.disk.shelf import Shelf

PEOPLE = ["Tom", "Max", "Ida", "Eve"]
SENTENCES = (
    "The mother of {} is {}.",
    "{} is also the child of {}.",
    "The author of Misery is {1}.",
    "{} died in {}.",
    "{} was also seen in {}.",
    "The capital of {} is {}.",
)
RULE = rule_of("X's capital is Y => Y is in X")

sentences = st.builds(
    str.format, st.sampled_from(SENTENCES), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)
)


def shelved(told: dict[str, Statement]) -> Mapped:
    """Facts as a segment."""
    records = [record_of(fact) | {"key": key} for key, fact in sorted(told.items())]
    raw = [list(bytes.fromhex(record["key"])) for record in records]
    rows = {"key": torch.tensor(raw, dtype=torch.uint8).reshape(len(raw), 16)}
    return mapped(Segments(rows, records), terms_of_record)


@given(st.lists(sentences, max_size=6), st.integers(0, 6), st.booleans())
def test_nothing_follows_about_names_that_are_left_out(
    found: list[str], held: int, ruled: bool
) -> None:
    told = {told_of(fact).key.hex(): fact for fact in map(parse_sentence, found)}
    texts = Texts(Shelf([shelved(dict([*told.items()][:held]))]))
    for key, fact in [*told.items()][held:]:
        texts.add(key, fact)
    if told:
        texts.drop([min(told)])
    rules = [RULE] if ruled else []
    chosen, every = texts.names(every=ruled), texts.names(every=True)
    assert chosen <= every
    assert wanted_of(texts, chosen, rules) == wanted_of(texts, every, rules)


def test_most_names_are_left_out() -> None:
    texts = Texts(Shelf([]))
    for name in PEOPLE:
        fact = parse_sentence(f"The colour of {name} is blue.")
        texts.add(told_of(fact).key.hex(), fact)
    assert texts.names(every=False) == set()
    assert len(texts.names(every=True)) == 5
