"""Names of common nouns that are told in another way than they were taught."""

import pytest
import torch

from adapters.text.names import name_keys
from adapters.text.table import NameTable, SortedKeys, keys_of_names

FORMS = 8
TAUGHT = ["Office address", "Server room door code", "our boiler", "my garage door", "Emma", "I"]


def table(names: list[str]) -> NameTable:
    keys = [keys_of_names(name_keys(name), FORMS) for name in names]
    joined = [torch.cat(part) for part in ([k[0] for k in keys], [k[1] for k in keys])]
    return NameTable(SortedKeys.build(*joined, max(k[2] for k in keys)))


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What is the address of the office?", "address of the office"),
        ("What's the office's address?", "office's address"),
        ("What's the office address?", "office address"),
        ("What is the address of our office again?", "address of our office"),
        ("What is the address of the office manager?", None),
        ("What is the address of the Office Depot?", None),
        ("What is the code of the server room door?", "code of the server room door"),
        ("What's the door code for the server room?", "door code for the server room"),
        ("When was the boiler last serviced?", "the boiler"),
        ("When was a boiler last serviced?", None),
        ("What's the garage door code?", "the garage door"),
        ("Is Tom Emma's teacher?", "Emma"),
        ("Is Tom Hill Emma's maths teacher?", "Emma"),
        ("Is Tom Emma's teacher Mr Brown?", None),
        ("What is Tom Emma's address?", None),
        ("What's my dentist's name?", "my"),
        ("What is my dentist's full name?", "my"),
        ("What is my dentist's number?", None),
    ],
)
def test_names_told_otherwise(question: str, named: str | None) -> None:
    found = [question[m.start : m.end] for m, _ in table(TAUGHT).mentions(question)]
    assert found == ([] if named is None else [named])
