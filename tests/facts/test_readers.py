import csv
import io
import json
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.errors import BadInputError
from oneshot.facts.language.readers import read_questions, read_statements
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


def read(content: str | bytes, name: str) -> list[Statement]:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return list(read_statements(io.BytesIO(raw), name))


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


GOOD = json.dumps({"prompt": "Zed is", "answer": "red"}) + "\n"


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (GOOD + "\n{]\n", "f.jsonl", "f.jsonl, line 3: not JSON"),
        (GOOD + "[1]\n", "f.jsonl", "f.jsonl, line 2: a JSON list: give an object"),
        (GOOD + "7\n", "-", "-, line 2: a JSON number"),
        (GOOD + "null\n", "-", "-, line 2: a JSON null"),
        (GOOD + '{"prompt": "Zed is"}', "-", "-, line 2: no answer or target_new given"),
        (GOOD + '{"answer": "red"}', "-", "-, line 2: no prompt or prompts given"),
        (GOOD + '{"prompt": "Zed is", "answer": 7}', "-", "line 2: answer is a JSON number"),
        (GOOD + '{"prompt": "Zed is", "answer": true}', "-", "line 2: answer is a JSON boolean"),
        (GOOD + '{"prompt": {}, "answer": "x"}', "-", "line 2: prompt is a JSON object"),
        (GOOD + '{"prompt": "a", "answer": "x", "subject": ["a"]}', "-", "subject is a JSON list"),
        (
            GOOD + '{"prompt": "Zed is", "answer": "x", "subject": "Zod"}',
            "-",
            "line 2: the subject",
        ),
        (
            GOOD + '{"prompt": "\\ud800", "answer": "x"}',
            "-",
            "line 2: the prompt .* not valid UTF-8",
        ),
        (GOOD + '{"prompt": "a", "answer": "x", "asks": 3}', "-", "asks holds a JSON number"),
        (
            GOOD + '{"prompt": "a", "answer": "x", "alias": [{}]}',
            "-",
            "aliases holds a JSON object",
        ),
        (
            GOOD + '{"prompt": "Zed is", "answer": "x", "subject": "Zed", "ask": "Who?"}',
            "-",
            "line 2: the wording 'Who\\?' does not name the subject 'Zed'",
        ),
        (GOOD + '{"sentence": "Hello"}', "-", "line 2: no prompt and answer found"),
        (GOOD + "[" * 100_000, "-", "line 2: not JSON"),
        (GOOD + '{"prompt": ' + "9" * 5000 + "}", "-", "line 2: not JSON"),
        (GOOD.encode() + b'{"prompt": "\xff"}', "-", "line 2: not valid UTF-8"),
        (GOOD + '{"prompt": "' + "x" * (1 << 20), "f.jsonl", "f.jsonl, line 2: over 1 MB"),
        ("x" * (1 << 20) + "y", "f.txt", "f.txt, line 1: over 1 MB"),
        ("\ufeffZed is red\n\n# ok\nHello\n", "f.txt", "f.txt, line 4: no prompt and answer"),
        (b"Zed is red\nZed is \xe9\n", "f.txt", "f.txt, line 2: not valid UTF-8"),
        ("Zed is red\x07\n", "f.txt", "f.txt, line 1: the sentence .* control character"),
        ("Zed is red\n", "-", "-, line 1: neither JSON nor a CSV header with sentence"),
        ("\ncity,country\n", "f.csv", "f.csv, line 2: neither"),
        ("prompt,answer\nZed is,red\n\nBob is,\n", "f.csv", "f.csv, line 4: no answer"),
        ('prompt,answer\n"Zed is,red\n', "f.csv", "f.csv, line 2: not CSV"),
        ('prompt,answer\n"Zed\nis",red\n', "f.csv", "f.csv, line 3: the prompt .* line break"),
        (f"prompt,answer\n{'x' * 200_000},red\n", "f.csv", "f.csv, line 2: not CSV"),
        (
            '[\n{"prompt": "Zed is", "answer": "red"},\n3]',
            "f.json",
            "f.json, item 2: a JSON number",
        ),
        (
            '[{"prompt": "Zed is", "answer": 1}]',
            "f.json",
            "f.json, item 1: answer is a JSON number",
        ),
        ('\n{\n"prompt": "Zed is",\n"answer": red}', "f.json", "f.json, line 4: not JSON"),
        ('{"prompts": ["a", "b"], "target_new": ["c"]}', "f.json", "differ in length"),
        (
            '{"prompts": ["a", "b"], "target_new": ["c", 3]}',
            "f.json",
            "line 1, item 2: target_new is",
        ),
        (b'\n[{"prompt":\n"\xff"}]', "f.json", "f.json, line 3: not valid UTF-8"),
        ("Zed is red".encode("utf-16"), "f.txt", "f.txt, line 1: not valid UTF-8"),
    ],
)
def test_errors_name_file_and_line(content: str | bytes, name: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        read(content, name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250


def test_what_stands_before_an_error_is_yielded() -> None:
    found = read_statements(io.StringIO(GOOD + "{"), "-")
    assert next(found) == Statement("Zed is", "red")
    with pytest.raises(BadInputError, match="line 2"):
        next(found)


def test_text_streams_that_cannot_be_decoded() -> None:
    strict = io.TextIOWrapper(io.BytesIO(b"Zed is \xff"), "utf-8")
    with pytest.raises(BadInputError, match=r"f\.txt: not valid UTF-8"):
        list(read_statements(strict, "f.txt"))
    escaped = io.TextIOWrapper(io.BytesIO(b"Zed is \xff"), "utf-8", "surrogateescape")
    with pytest.raises(BadInputError, match=r"f\.txt, line 1: not valid UTF-8"):
        list(read_statements(escaped, "f.txt"))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('{"question": " Who is Zed? "}\n{"question": "Where is Bob?", "id": 1}', "q.jsonl"),
        ('[{"question": "Who is Zed?"}, {"question": "Where is Bob?"}]', "q.json"),
        ("question,id\nWho is Zed?,1\nWhere is Bob?,2\n", "q.csv"),
        ("# two\nWho is Zed?\n\nWhere is Bob?", "q.txt"),
    ],
)
def test_questions(content: str, name: str) -> None:
    assert list(read_questions(io.StringIO(content), name)) == ["Who is Zed?", "Where is Bob?"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('{"question": "One:\\r\\n\\n\\ttwo?"}', "q.jsonl"),
        ('question\n"One:\r\n\n\ttwo?"\n', "q.csv"),
    ],
)
def test_a_question_may_have_lines(content: str, name: str) -> None:
    assert list(read_questions(io.StringIO(content, newline=""), name)) == ["One:\n\n\ttwo?"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"prompt": "Who?"}', "q.jsonl, line 1: no question given"),
        ('{"question": 3}', "q.jsonl, line 1: question is a JSON number"),
        ('{"question": " "}', "q.jsonl, line 1: the question is empty"),
        ('{"question": "a\\u0000"}', "q.jsonl, line 1: .* control character"),
        (json.dumps({"question": "x" * 30_001}), "give at most 30,000"),
    ],
)
def test_question_errors(content: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        list(read_questions(io.StringIO(content), "q.jsonl"))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("Zed is red"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["prompt", "prompts", "answer", "target_new", "subject", "sentence"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(["f.txt", "f.csv", "f.json", "f.jsonl", "-"])
CONTENTS = (
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
    | st.lists(JSON_VALUES.map(json.dumps), max_size=3).map(lambda rows: "\n".join(rows).encode())
    | JSON_VALUES.map(lambda value: json.dumps(value, indent=1).encode())
    | st.text('prompt,answe"\n\r\0', max_size=40).map(
        lambda text: b"prompt,answer\n" + text.encode()
    )
)


@settings(deadline=None, max_examples=600)
@given(CONTENTS, NAMES)
def test_any_bytes_give_statements_or_an_error_with_the_name(content: bytes, name: str) -> None:
    for found in (
        read_statements(io.BytesIO(content), name),
        read_questions(io.BytesIO(content), name),
    ):
        try:
            assert all(item for item in found)
        except BadInputError as error:
            message = str(error)
        else:
            continue
        assert message.startswith(name)
        assert message.isprintable()


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=4),
    st.sampled_from(["csv", "jsonl"]),
)
def test_round_trip(rows: list[tuple[str, str, str]], suffix: str) -> None:
    keys = ("prompt", "answer", "source")
    written = io.StringIO()
    if suffix == "csv":
        csv.writer(written).writerows([keys, *rows])
    else:
        written.writelines(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows)
    found = read(written.getvalue(), f"f.{suffix}")
    plain = [tuple(map(nfc, row)) for row in rows]
    assert [(item.prompt, item.answer, item.source) for item in found] == plain


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
