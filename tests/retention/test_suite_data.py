"""The data folder of suites: found under its kind or without, whole lines, nothing in silence."""

import gzip
import json
from pathlib import Path

import pytest

from oneshot.errors import BadInputError
from oneshot.files.data_folder import ENVIRONMENT
from oneshot.retention.suites.data_folder import DataFolder

ROWS = [{"text": "one\u2028two"}, {"text": "three\u0085four"}, {"text": "five\u2029\x0b six"}]
PASSAGE = (
    "A passage that is long enough to count as one, because it says a little more than nothing. "
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "edits").mkdir()
    (tmp_path / "text").mkdir()
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)
    (tmp_path / "edits" / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode("utf-8")))
    passages = (2 * PASSAGE).encode("utf-8")
    (tmp_path / "text" / "b.txt.gz").write_bytes(gzip.compress(passages))
    return tmp_path


def test_lines_end_with_line_feeds_alone(folder: Path) -> None:
    assert DataFolder(folder).rows("edits/a.jsonl.gz") == ROWS


def test_the_folder_of_the_kind_may_be_given_itself(folder: Path) -> None:
    assert DataFolder(folder / "edits").rows("edits/a.jsonl.gz") == ROWS


def test_a_given_folder_has_to_hold_it_and_the_usual_one_may(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInputError, match=r"holds edits/, edits/a\.jsonl\.gz, text/"):
        DataFolder(folder).rows("edits/other.jsonl.gz")
    with pytest.raises(BadInputError, match=r"text/none\.txt\.gz is not in"):
        DataFolder(folder).passages("text/none.txt.gz")
    with pytest.raises(BadInputError, match="does not exist"):
        DataFolder(folder / "typo")
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    assert DataFolder(None).passages("text/none.txt.gz") is None
    assert list(DataFolder(None).passages("text/b.txt.gz") or ()) == [(2 * PASSAGE).strip()]
    monkeypatch.delenv(ENVIRONMENT)
    assert DataFolder(None).passages("text/b.txt.gz") is None
    with pytest.raises(BadInputError, match="is needed: give --data"):
        DataFolder(None).rows("edits/a.jsonl.gz")
