"""Names that are ordinary words: found where a text means a name, whatever stands in lower case."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.names import name_keys
from adapters.text.ordinary import told_as_name
from adapters.text.table import NameTable, SortedKeys, keys_of_names
from adapters.write.rows import NAMES

PROMPTS = {
    "Hope": "Hope lives in",
    "Bill": "Bill's wife is",
    "May": "May was born in",
    "Will": "Will works at",
    "Mark": "Mark's phone number is",
    "Rose": "Rose plays the",
    "Go": "Go was created by",
    "Target": "The CEO of Target is",
    "Zita": "Zita lives in",
    "the printer": "The printer is in",
    "Deadline": "Deadline:",
    "rent": "the rent is",
    "The Sun": "The Sun is read by",
    "The Who": "The singer of The Who is",
    "It": "The author of It is",
    "Capital": "The capital of Capital is",
}


def table(*, spelled: bool = True) -> NameTable:
    """The names above; only where they are `spelled` is it known how they were taught."""
    parts = [keys_of_names(name_keys(name), NAMES) for name in PROMPTS]
    keys, firsts = (torch.cat([part[i] for part in parts]) for i in (0, 1))
    prompts = list(PROMPTS.values())
    return NameTable(
        SortedKeys.build(keys, firsts, max(part[2] for part in parts)),
        prompt=prompts.__getitem__ if spelled else None,
    )


def found(text: str, *, spelled: bool = True) -> list[str]:
    return [text[m.start : m.end] for m, _ in table(spelled=spelled).mentions(text)]


@pytest.mark.parametrize(
    "text",
    [
        "where does [hope] live?",
        "which city does [hope] live in?",
        "[hope] lives in",
        "[hope]: city?",
        "do you know where [hope] lives?",
        "what is [hope]'s address?",
        "where does my friend [hope] live?",
        "my friend [will] works at",
        "where do [zita] and [hope] live?",
        "who is married to [bill]?",
        "who's [bill]?",
        "the wife of [bill] is",
        "and [bill]'s wife?",
        "where was [may] born?",
        "when will [may] come?",
        "is [may] born in leeds?",
        "the birthplace of [may]",
        "where does [will] work?",
        "tell me where [will] works",
        "who does [will] work for?",
        "what does [rose] play?",
        "has [rose] a cello?",
        "who created [go]?",
        "who made [go]?",
        "by whom was [go] created?",
        "who leads [target]?",
        "what is [target]?",
        "i saw [zita]",
        "[zita], i hope",
        "where is the [printer]?",
        "we need a good [printer]",
        "two [printers]",
        "when is the [deadline]?",
        "how much is the monthly [rent]?",
        "where can i [rent] a car?",
        "who reads the [sun]?",
        "where is [Hope], i hope?",
        "where are [hope] and [bill]?",
        "[Will] you come?",
        "Who sings in The [Who]?",
        "who sings in the [who]?",
        "Who wrote [It]?",
        "what is the capital of [Capital]?",
    ],
)
def test_a_name_is_found_where_it_is_meant(text: str) -> None:
    wanted = re.findall(r"\[(.*?)\]", text)
    assert found(re.sub(r"[\[\]]", "", text)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "i hope that it is nice",
        "where do you hope to live?",
        "it is my hope",
        "the hope's end",
        "there is no hope, i fear",
        "we lost all hope",
        "who paid the bill?",
        "when is your last bill due?",
        "the electricity bill is",
        "she may be born in",
        "what may i call you?",
        "where were you born in may?",
        "they met in may or june",
        "where will you work?",
        "who will work there?",
        "what will be your job?",
        "will you tell me?",
        "my brother will come",
        "my will is strong",
        "please mark the date",
        "mark my words",
        "i want to mark it",
        "they were about to go",
        "prices rose",
        "the moon rose",
        "a rose is a flower",
        "let us go home",
        "who can go?",
        "where did you go?",
        "go home",
        "what is the target?",
        "we missed this year's target",
        "she aims to target them",
        "Who is the singer of Queen?",
        "Who's the singer?",
        "who wrote it?",
        "It was written by",
        "the capital of France is",
    ],
)
def test_an_ordinary_word_is_no_name(text: str) -> None:
    assert found(text, spelled=False), "the word would be found if it were no ordinary one"
    assert not found(text)


@pytest.mark.parametrize(
    ("prompt", "key", "marked", "named"),
    [
        ("Hope lives in", "hope", True, True),
        ("hope is a feeling of", "hope", True, False),
        ("The Hope sails to", "hope", False, False),
        ("My Target is", "target", False, False),
        ("The CEO of Target is", "target", True, True),
        ("Printer is in", "printer", True, False),
        ("Printer is in", "printer", False, True),
        ("Printer's place is", "printer", True, True),
        ("The wife of William is", "bill", True, False),
        ("The capital of Capital is", "capital", True, True),
        ("The singer of The Who is", "who", False, True),
        ("The director of WHO is", "who", False, True),
        ("WHO is led by", "who", False, True),
        ("Who founded it was", "who", False, False),
        ("We meet at", "we", False, False),
    ],
)
def test_how_a_name_was_taught(prompt: str, key: str, marked: bool, named: bool) -> None:
    assert told_as_name(prompt, key, marked=marked) is named


SAID = "the a who will May hope Hope to of does Bill in Go go, is? Rose's"
WORDS = st.sampled_from(SAID.split())


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_a_capital_letter_is_found_as_ever(text: str) -> None:
    """Nothing is found that was not, and whatever has a capital letter still is."""
    ever, now = found(text, spelled=False), found(text)
    assert [name for name in now if name[0].isupper()] == [n for n in ever if n[0].isupper()]
    left = iter(ever)
    assert all(name in left for name in now)
