"""What cannot be read, in one line with file and line; any bytes at all."""

import csv
import io
import json
import unicodedata

import pytest
from facts_read import read
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshot.errors import BadInputError
from oneshot.facts.language.readers import read_questions, read_statements
from oneshot.facts.types import Statement

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
