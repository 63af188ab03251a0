"""Journals and what is written to them; shared by their tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oneshot.memory.journal.facts import Journal
from oneshot.memory.journal.rows import Draft

AT = "2030-01-02T03:04:05+00:00"


def draft(
    number: int, prompt: str = "The capital of", answer: str = "Rome", subject: str = "Italy"
) -> Draft:
    return Draft(f"{number:032x}", prompt, answer, subject, "capital", None, AT)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite") as opened:
        yield opened
