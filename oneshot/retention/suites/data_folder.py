"""The optional data folder: edit sets, further facts and running text."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError

ENVIRONMENT = "ONESHOT_DATA"
"""The environment variable that names the data folder."""

_PASSAGE = 100  # least characters of a passage
_DOCUMENT = "<|doc|>"


class DataFolder:
    """Reads files of the data folder; `path` is None where no folder was named."""

    def __init__(self, path: Path | None) -> None:
        named = os.environ.get(ENVIRONMENT)
        self.path = path or (Path(named) if named else None)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The objects of a .jsonl.gz file; raises BadInputError where it is not there."""
        lines = self._read(name).splitlines()
        return [json.loads(line) for line in lines]

    def table(self, name: str) -> dict[str, Any]:
        """The object of a .json file; raises BadInputError where it is not there."""
        content: dict[str, Any] = json.loads(self._read(name))
        return content

    def passages(self, name: str) -> Iterator[str]:
        """The passages of a text file, in order."""
        for document in self._read(name).split(_DOCUMENT):
            for passage in document.split("\n"):
                if len(passage) > _PASSAGE:
                    yield passage.strip()

    def _read(self, name: str) -> str:
        if self.path is None:
            raise BadInputError(
                f"{name} is needed: give --data (or {ENVIRONMENT}) the folder that holds it; the "
                "suite smoke needs none"
            )
        path = self.path / name
        try:
            data = path.read_bytes()
            return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
        except (OSError, EOFError, ValueError) as error:
            raise BadInputError(
                f"{path} cannot be read ({type(error).__name__}); give --data (or {ENVIRONMENT}) "
                "the folder that holds it"
            ) from error
