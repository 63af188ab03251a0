"""None"""

import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from facts_read import read

from oneshot.errors import BadInputError
from oneshot.facts.language.readers import read_statements
from oneshot.facts.types import Statement

ZED = Statement("The capital of Zed is", "Acme", "Zed", "atlas")


BOB = Statement("Bob plays", "flute")


ZED_ROW = {"prompt": ZED.prompt, "answer": "Acme.", "subject": "Zed", "source": "atlas", "x": [1]}


EDIT_ROWS = [
    {"prompt": ZED.prompt, "target_new": "Acme", "subject": "Zed", "source": "atlas", "loc": 1},
    {"prompts": BOB.prompt, "target_new": "flute", "rephrase_prompt": "Bob's instrument is"},
]


EDIT_LISTS = {
    "prompts": [ZED.prompt, BOB.prompt],
    "target_new": ["Acme", "flute"],
    "subject": ["Zed", None],
    "source": ["atlas", None],
    "rephrase": ["unused"],
}


LINES = json.dumps(ZED_ROW) + "\n\n" + json.dumps({"prompt": "Bob plays", "answer": "flute"})


TABLE = (
    'prompt,answer,subject,source,x\n"The capital of Zed is",Acme,Zed,atlas,9\nBob plays,flute\n'
)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (LINES, "facts.jsonl"),
        (LINES, "facts.NDJSON"),
        (LINES, "facts.json"),
        (LINES, "-"),
        ("\n \n" + LINES.replace("\n", "\r\n"), "-"),
        (TABLE, "facts.csv"),
        (TABLE, "-"),
        (TABLE.replace("\n", "\r\n"), "facts.csv"),
        (
            "answer , subject,prompt,source\n"
            "Acme,Zed,The capital of Zed is,atlas\nflute,,Bob plays,\n",
            "-",
        ),
        (json.dumps(EDIT_ROWS), "edits.json"),
        (json.dumps(EDIT_ROWS, indent=1), "edits.json"),
        (json.dumps(EDIT_ROWS, indent=1), "-"),
        ("\n".join(map(json.dumps, EDIT_ROWS)), "edits.jsonl"),
        (json.dumps(EDIT_LISTS), "edits.json"),
        (json.dumps(EDIT_LISTS), "edits.jsonl"),
        (json.dumps(EDIT_LISTS, indent=1), "edits.json"),
        (json.dumps(EDIT_LISTS, indent=1), "-"),
    ],
)
def test_every_format_gives_the_same_statements(content: str, name: str) -> None:
    assert read(content, name) == [ZED, BOB]
    assert read("\ufeff" + content, name) == [ZED, BOB]
    assert list(read_statements(io.StringIO(content), name)) == [ZED, BOB]


def test_plain_text_with_comments() -> None:
    content = "\ufeff# facts\n\n  The capital of Zed is Acme.\r\nBob plays #flute\n"
    zed = Statement("The capital of Zed is", "Acme", "Zed")
    assert read(content, "facts.txt") == [zed, Statement("Bob plays", "#flute", "Bob")]


def test_sentences_in_records_use_templates_and_given_subjects() -> None:
    rows = [
        {"sentence": "bob the old blows flute", "source": "s"},
        {"sentence": "Big Zed is red", "subject": "Zed"},
    ]
    content = io.StringIO("\n".join(map(json.dumps, rows)))
    assert list(read_statements(content, "-", ["{} blows"])) == [
        Statement("bob the old blows", "flute", "bob the old", "s"),
        Statement("Big Zed is", "red", "Zed"),
    ]


def test_further_wordings_and_aliases() -> None:
    row = {"prompt": "Zed is in", "answer": "Graz", "subject": "zed"}
    asked = Statement("Zed is in", "Graz", "Zed", None, ("Where is Zed?",), ("Zod", "Zad"))
    rows = [
        row | {"asks": ["Where is Zed?"], "aliases": ["Zod", "Zad"]},
        row | {"ask": "Where is Zed?", "alias": "Zod", "aliases": ["Zad"]},
        {"sentence": "Zed is in Graz.", "asks": "Where is Zod?", "alias": ["Zod"]},
    ]
    found = read("\n".join(map(json.dumps, rows)), "f.jsonl")
    assert found[0] == asked
    assert found[1].asks == asked.asks
    assert set(found[1].aliases) == set(asked.aliases)
    assert found[2] == Statement("Zed is in", "Graz", "Zed", None, ("Where is Zod?",), ("Zod",))
    table = "prompt,answer,subject,ask,alias\nZed is in,Graz,Zed,Where is Zed?,\n"
    assert read(table, "f.csv") == [Statement("Zed is in", "Graz", "Zed", None, ("Where is Zed?",))]


def test_json_lines_end_at_line_feeds_only() -> None:
    row = '{"prompt": "Zed is", "answer": "red", "note": "a\u2028b\u0085c"}'
    assert read(f"{row}\n{row}\n", "f.jsonl") == [Statement("Zed is", "red")] * 2
    with pytest.raises(BadInputError, match=r"f\.jsonl, line 2: not JSON"):
        read(f"{row}\n{{", "f.jsonl")
    with pytest.raises(BadInputError, match=r"line 1: the answer .* line break"):
        read('{"prompt": "Zed is", "answer": "red\u2028blue"}', "f.jsonl")


def test_long_documents_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    rows = [{"prompt": f"Item {i} is", "answer": "x" * 200} for i in range(6000)]
    path.write_text(json.dumps(rows), "utf-8")
    assert path.stat().st_size > 1 << 20
    for source in (path, str(path)):
        found = list(read_statements(source, "many.json"))
        assert [statement.prompt for statement in found] == [row["prompt"] for row in rows]


@pytest.mark.parametrize("name", ["none.jsonl", ""])
def test_missing_files_and_folders(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match=r"^facts cannot be read \(.+\): check its path$"):
        list(read_statements(tmp_path / name, "facts"))


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl", "a.json", "-"])
def test_empty_files_hold_nothing(name: str) -> None:
    for content in ("", "\n \n", "\ufeff"):
        assert read(content, name) == []


class Endless(io.RawIOBase):
    """A pipe whose writer has written some lines and keeps it open."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        line = next(self.lines, None)
        assert line is not None, "read past the last complete line"
        buffer[: len(line)] = line.encode()
        return len(line)


@pytest.mark.parametrize("kind", ["json", "csv", "txt"])
def test_streams_are_read_line_by_line(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = {
        "json": [json.dumps({"sentence": f"Zed is {i}"}) + "\n" for i in range(3)],
        "csv": ["prompt,answer\n", *(f"Zed is,{i}\n" for i in range(3))],
        "txt": [f"Zed is {i}\n" for i in range(3)],
    }[kind]
    stream = io.BufferedReader(Endless(lines))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
    found = read_statements("-", "x.txt" if kind == "txt" else "-")
    assert [next(found).answer for _ in range(3)] == ["0", "1", "2"]
    with pytest.raises(AssertionError, match="past the last"):
        next(found)
    assert not stream.closed
