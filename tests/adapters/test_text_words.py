"""Words and names: what is the same name, and what only looks like it."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from named import found, table

from adapters.text.names import (
    SPEAKER,
    key_number,
    name_key,
    name_keys,
    person_parts,
    plain_keys,
)
from adapters.text.strangers import untaught_names
from adapters.text.table import NameTable, SortedKeys, keys_of_names
from adapters.text.words import words_of
from adapters.write.rows import NAMES


def test_a_name_in_just_these_words_comes_before_one_without_its_hyphen() -> None:
    rows = [r for _, r in table("co-op", "coop").mentions("the co-op, the coop and the co op")]
    assert rows == [(0,), (1,), (0,)]


def test_longer_names_win_and_all_are_found_in_order() -> None:
    text = "Ann Lee met Ann in New Freedonia, near Freedonia."
    names = ("Ann", "Ann Lee", "Freedonia", "New Freedonia")
    assert found(text, *names) == ["Ann Lee", "Ann", "New Freedonia", "Freedonia"]


def test_an_alias_is_one_more_name() -> None:
    texts = ["The USA is", "the United States are", "America is"]
    known = ("United States", "USA", "America")
    assert [found(text, known) for text in texts] == [["USA"], ["United States"], ["America"]]


def of_people(*names: str) -> NameTable:
    """A table that knows first and last names, each name with a subject of its own."""
    parts = [keys_of_names([*name_keys(n), *person_parts(n)], NAMES) for n in names]
    keys, firsts = (torch.cat([part[i] for part in parts]) for i in (0, 1))
    longest = max(part[2] for part in parts)
    subjects = torch.tensor([key_number(name_key(n)) for n in names])
    return NameTable(SortedKeys.build(keys, firsts, longest), lambda row: int(subjects[row]))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Where does Bell live?", ["Bell"]),
        ("Where does Ann live?", ["Ann"]),
        ("Where do Ann Bell and Mr Bell live?", ["Ann Bell", "Bell"]),
        ("Bell's dog is", ["Bell"]),
        ("Kit Bell lives in", []),
        ("Where does Kit Bell live?", []),
        ("Ann Lee lives in", []),
        ("What does a bell do?", []),
        ("Where is Bell Street?", []),
        ("Where does Moor live?", []),
        ("Where is Tarn?", []),
    ],
)
def test_a_first_or_last_name_alone_is_whose_alone_bears_it(text: str, wanted: list[str]) -> None:
    people = of_people("Ann Bell", "Kit Moor", "Eva Moor", "Tarn College")
    assert [text[m.start : m.end] for m, _ in people.mentions(text)] == wanted
    assert table("Ann Bell").mentions("Where does Bell live?") == []


def test_facts_of_one_name_are_found_together() -> None:
    rows = [rows for _, rows in table("Ann", "Bob", ("Zed", "ann")).mentions("Bob and ANN")]
    assert rows == [(1,), (0, 2)]


@pytest.mark.parametrize("speaker", ["I", "me", "my", "Mine", "myself"])
def test_whoever_speaks_has_one_name(speaker: str) -> None:
    assert name_key(speaker) == SPEAKER
    assert name_keys(speaker) == [SPEAKER]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("dog", ["dog", "dogs"]),
        ("the dogs", ["dogs", "dogss", "dog"]),
        ("Ann", ["ann"]),
        ("the Hague", ["hague"]),
        ("Windows 11", ["windows 11"]),
        ("...", [""]),
    ],
)
def test_keys_of_names(name: str, keys: list[str]) -> None:
    assert name_keys(name) == keys


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Martín Solares", ["martin solares"]),
        ("São Paulo", ["sao paulo"]),
        ("Ann Bell", []),
        ("й", []),
        ("กรุงเทพ", []),
    ],
)
def test_a_name_is_typed_without_its_accents_too(name: str, plain: list[str]) -> None:
    assert plain_keys(name_keys(name)) == plain


def test_names_that_nobody_taught_are_seen() -> None:
    text = "The founder of Zog, unlike Ann Lee or The Times, met Bob."
    words = words_of(text)
    taught = [m for m, _ in table("Zog").mentions(text)]
    others = [text[m.start : m.end] for m in untaught_names(text, words, taught)]
    assert others == ["Ann Lee", "Times", "Bob"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Ann's dog-house", ["ann", "dog", "house"]),
        ("don\u2019t", ["don't"]),
        ("J.R.R. Tolkien", ["jrr", "tolkien"]),
        ("3.5 m", ["35", "m"]),
        ("\u5317\u4eac", ["\u5317", "\u4eac"]),
        ("...", []),
    ],
)
def test_words(text: str, keys: list[str]) -> None:
    assert [word.key for word in words_of(text)] == keys


WORD = st.text("bcdgkpruxzäåçéñößžśłдδBDGÄÖ", min_size=2, max_size=8)


@given(name=st.lists(WORD, min_size=1, max_size=3).map(" ".join))
def test_a_name_is_found_in_any_case_and_form(name: str) -> None:
    for text in (name, name.upper(), f"({name})", f"{name}, then", f"{name}'s"):
        assert len(found(text, name)) == 1, text


@given(text=st.text(max_size=60))
def test_words_stand_in_order_inside_the_text(text: str) -> None:
    words = words_of(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(words))
    assert all(text[w.start : w.end] and w.key for w in words)
