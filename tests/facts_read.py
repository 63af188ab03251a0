"""Statements read from texts; shared by the tests of readers."""

import io

from oneshot.facts.language.readers import read_statements
from oneshot.facts.types import Statement


def read(content: str | bytes, name: str) -> list[Statement]:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return list(read_statements(io.BytesIO(raw), name))
