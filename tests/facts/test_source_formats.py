"""Each format is told from what a file holds, and each line is understood or named."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from brains import refused
from hypothesis import given
from hypothesis import strategies as st

from oneshot.errors import BadInputError
from oneshot.facts.sources import read
from oneshot.facts.sources.read import read_items
from oneshot.facts.sources.understanding import Item

CAPITAL = ("The capital of Freedonia is", "Glorptown", "Freedonia")
ASKED = ("What is the capital of Freedonia?", "Glorptown", "Freedonia")

MEM0 = """{"results": [
  {"id": "1", "memory": "Name is Sam", "user_id": "sam"},
  {"memory": "Loves to play cricket on weekends"},
  {"memory": "User's dog is called Rex. User is learning Spanish."},
  {"memory": ""}
]}"""
TWO_USERS = """[{"memory": "Lives in Oslo", "user_id": "Ann"},
 {"memory": "User's cat is called Tom", "user_id": "Ben"}]"""
GRAPH = """{"type": "entity", "name": "John_Smith", "observations": ["Speaks Spanish", 3]}
{"type": "relation", "from": "John_Smith", "to": "Acme", "relationType": "works_at"}
{"broken
"""
CHATGPT = """[2025-01-30] - User lives in Oslo.
2. User's name is Sam.
The user is allergic to nuts. User prefers dark mode.
"""
ANKI = """#separator:tab
#html:true
#tags column:3
What is the capital of Freedonia?\tGlorptown<br>\tgeo
The river of Freedonia is {{c1::Quist::a name}}.\t\t
<img src="x.png">\tcat\t
"""
MARKDOWN = """---
title: Notes
- draft
---

# Notes

- The capital of Freedonia is **Glorptown**.
1. My doctor is Dr Lee. My dentist is Dr Ray.

| Key | Value |
|-----|-------|
| The river of Freedonia is | Quist |
```
code
```
"""
JSON = """["My doctor is Dr Lee.", 3,
 {"prompt": "The capital of Freedonia is", "target_new": "Glorptown"}]"""

FILES: dict[str, tuple[str, list[tuple[str, ...] | str]]] = {
    "mem0": (
        MEM0,
        [
            ("My name is", "Sam", "My"),
            ("I love to play cricket on", "weekends", "I"),
            ("My dog is called", "Rex", "My dog"),
            ("I am learning", "Spanish", "I"),
            "no text",
        ],
    ),
    "two users": (
        TWO_USERS,
        [("Ann lives in", "Oslo", "Ann"), ("Ben's cat is called", "Tom", "Ben")],
    ),
    "mcp": (
        GRAPH,
        [
            ("John Smith speaks", "Spanish", "John Smith"),
            "no text",
            ("John Smith works at", "Acme", "John Smith"),
            "no entity",
        ],
    ),
    "chatgpt": (
        CHATGPT,
        [
            ("I live in", "Oslo", "I"),
            ("My name is", "Sam", "My"),
            ("I am allergic to", "nuts", "I"),
            ("I prefer", "dark mode", "I"),
        ],
    ),
    "anki": (ANKI, [ASKED, ("The river of Freedonia is", "Quist", "Freedonia"), "a picture"]),
    "csv": (
        "question,answer\nWhat is the capital of Freedonia?,Glorptown\nWho?,\n",
        [ASKED, "no answer"],
    ),
    "tsv": ("The capital of Freedonia is\tGlorptown\nperro\tdog\n", [CAPITAL, ("perro", "dog")]),
    "markdown": (
        MARKDOWN,
        [
            *["settings of the page"] * 4,
            "a heading",
            CAPITAL,
            ("My doctor is", "Dr Lee"),
            ("My dentist is", "Dr Ray"),
            "a table's head",
            "a rule",
            ("The river of Freedonia is", "Quist"),
            "code",
            "code",
            "code",
        ],
    ),
    "relations.csv": (
        "name,capital,founded,anthem by,open\n"
        "Freedonia,Glorptown,1921,-,yes\n"
        "The river of Freedonia is,Quist\n"
        "12,Oslo,1048,,\n",
        [
            "a table's head",
            CAPITAL,
            ("Freedonia was founded in", "1921", "Freedonia"),
            "an empty cell",
            "yes or no",
            ("The river of Freedonia is", "Quist", "Freedonia"),
            "names nobody",
        ],
    ),
    "no relations.csv": ("Ann,Oslo,Norway\nBen,Rome,Italy\n", ["3 cells", "3 cells"]),
    "relations of markdown": (
        "| Country | CEO | Based in | Speed |\n|---|---|---|---|\n| **Acme** | Bob | Oslo | 9 |\n",
        [
            "a table's head",
            "a rule",
            ("The CEO of Acme is", "Bob", "Acme"),
            ("Acme was based in", "Oslo", "Acme"),
            ("The speed of Acme is", "9", "Acme"),
        ],
    ),
    "json": (JSON, [("My doctor is", "Dr Lee"), "the columns value", CAPITAL]),
    "plain": (
        "The capital of Freedonia is Glorptown.\n\nIs it?\nIn Oslo, people speak Norwegian.\n",
        [CAPITAL, "is a question", ("In Oslo, people speak", "Norwegian")],
    ),
}


def items_of(tmp_path: Path, content: str, name: str = "file") -> list[Item]:
    (tmp_path / name).write_text(content, encoding="utf-8")
    return list(read_items(str(tmp_path / name)))


@pytest.mark.parametrize("kind", FILES)
def test_every_line_is_understood_or_named(tmp_path: Path, kind: str) -> None:
    content, wanted = FILES[kind]
    found = items_of(tmp_path, content, kind)
    assert len(found) == len(wanted)
    for item, want in zip(found, wanted, strict=True):
        if isinstance(want, str):
            assert item.fact is None
            assert want in item.reason
        else:
            assert item.fact, item.reason
            assert (item.fact.prompt, item.fact.answer, item.fact.subject)[: len(want)] == want


def test_places_are_those_of_the_file(tmp_path: Path) -> None:
    assert [item.place for item in items_of(tmp_path, ANKI)] == ["line 4", "line 5", "line 6"]
    assert items_of(tmp_path, "\n\nMy doctor is Dr Lee.\n")[0].place == "line 3"


def test_two_columns_without_names_need_the_suffix(tmp_path: Path) -> None:
    row = "The capital of Freedonia is,Glorptown\n"
    (item,) = items_of(tmp_path, row, "facts.csv")
    assert item.fact
    assert (item.fact.prompt, item.fact.answer) == CAPITAL[:2]


def test_a_file_of_a_spreadsheet_in_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("front\tback\nperro\tdog\n", encoding="utf-16")
    (item,) = read_items(str(tmp_path / "file"))
    assert item.fact
    assert item.fact.answer == "dog"


def test_a_parquet_file_is_read(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({"question": [ASKED[0], "Who?"], "answer": ["Glorptown", None]})
    parquet.write_table(table, tmp_path / "file")
    good, bad = read_items(str(tmp_path / "file"))
    assert good.fact
    assert (good.fact.prompt, good.fact.answer) == ASKED[:2]
    assert bad.reason == "no answer given"
    (tmp_path / "file").write_bytes(b"PAR1 and no more")
    with refused(BadInputError, "no whole parquet file"):
        list(read_items(str(tmp_path / "file")))


def test_a_data_set_of_the_hub_is_read_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"front": ASKED[0], "back": "Glorptown"}]
    with mock.patch("datasets.load_dataset", return_value={"test": [], "train": rows}) as load:
        (item,) = read_items("owner/cards")
    load.assert_called_once_with("owner/cards", streaming=True)
    assert item.place == "row 1"
    assert item.fact
    with (
        mock.patch("datasets.load_dataset", side_effect=FileNotFoundError("no\nsuch set")),
        refused(BadInputError, "no such set"),
    ):
        list(read_items("owner/cards"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 deck", "packed"),
        (b"SQLite format 3\0", "database"),
        (b"\xff\xfa\xf0", "UTF-8"),
        (b"a\0b", "no text"),
        (b"[" * 100_000, "too deep"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with refused(BadInputError, why):
        list(read_items(str(tmp_path / "file")))


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LARGEST", 20)
    with refused(BadInputError, "split it"):
        items_of(tmp_path, "My doctor is Dr Lee.\n" * 2)
    with refused(BadInputError, "check its path"):
        list(read_items(str(tmp_path / "nowhere")))
    monkeypatch.undo()
    monkeypatch.setattr("oneshot.facts.sources.understanding.MOST", 2)
    with refused(BadInputError, "more than 2 items"):
        items_of(tmp_path, "My doctor is Dr Lee.\n" * 3)


TEXT = st.text(st.sampled_from("abI User is \"'{}[],:;.|#-*\n\t0{{c1::}}"), max_size=80)


@given(text=TEXT, name=st.sampled_from(["f", "f.csv", "f.md"]))
def test_no_text_breaks_a_reader(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str
) -> None:
    found: list[Any] = []
    try:
        found = items_of(tmp_path_factory.mktemp("any"), text, name)
    except BadInputError:
        return
    assert all((item.fact is None) == bool(item.reason) for item in found)


KEYS = st.sampled_from(
    [
        "memory",
        "results",
        "user_id",
        "entities",
        "observations",
        "name",
        "from",
        "to",
        "relationType",
        "prompt",
        "answer",
        "sentence",
        "asks",
        "source",
    ]
)
TEXTS = st.sampled_from(["", "a b", "x is y"])
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(value=st.lists(st.dictionaries(KEYS, JSONS, max_size=4), min_size=1, max_size=3) | JSONS)
def test_no_json_breaks_a_reader(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    content = json.dumps(value)
    try:
        found = items_of(tmp_path_factory.mktemp("any"), content)
    except BadInputError:
        return
    assert all((item.fact is None) == bool(item.reason) for item in found)


def test_a_name_that_could_be_a_verb_stays_a_name(tmp_path: Path) -> None:
    memories = '[{"memory": "Drew lives in Oslo"}, {"memory": "Met Anna in Paris"}]'
    drew, met = items_of(tmp_path, memories)
    assert drew.fact
    assert met.fact
    assert (drew.fact.prompt, met.fact.prompt) == ("Drew lives in", "I met Anna in")


def test_a_long_line_is_no_error(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, "a," * 100_000)
    assert "give at most" in item.reason
    with refused(BadInputError, "no table"):
        items_of(tmp_path, "x" * 200_000, "file.csv")


def test_a_broken_json_file_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "facts.jsonl").write_text('{"prompt": "x"\n')
    with refused(BadInputError, "no JSON"):
        list(read_items(str(tmp_path / "facts.jsonl")))


def test_json_lines_end_at_line_feeds_alone(tmp_path: Path) -> None:
    lines = [{"sentence": f"The capital of {n} is Rome\u2028Lutz."} for n in ("Freedonia", "Zog")]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (tmp_path / "facts.jsonl").write_text(text, "utf-8")
    assert [item.place for item in read_items(str(tmp_path / "facts.jsonl"))] == [
        "line 1",
        "line 2",
    ]
