"""The optional data folder: edit sets, further facts and running text."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.files.data_folder import ENVIRONMENT, named_folder

_PASSAGE = 100  # least characters of a passage
_DOCUMENT = "<|doc|>"


class DataFolder:
    """Reads files of the data folder that is named, else of the one that ONESHOT_DATA names."""

    def __init__(self, path: Path | None) -> None:
        self._named = named_folder(path)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The objects of a .jsonl.gz file; raises BadInputError where it is not there."""
        # Other ends of lines, as U+2028, may stand inside the strings of JSON.
        return [json.loads(line) for line in self._read(name).split("\n") if line.strip()]

    def table(self, name: str) -> dict[str, Any]:
        """The object of a .json file; raises BadInputError where it is not there."""
        content: dict[str, Any] = json.loads(self._read(name))
        return content

    def passages(self, name: str) -> Iterator[str] | None:
        """The passages of a text file, in order.

        None where no folder was given, and ONESHOT_DATA names none or one without the file.
        """
        named = self._named
        if named is None or (not named.given and named.find(name) is None):
            return None
        return (
            passage.strip()
            for document in self._read(name).split(_DOCUMENT)
            for passage in document.split("\n")
            if len(passage) > _PASSAGE
        )

    def _read(self, name: str) -> str:
        if self._named is None:
            raise BadInputError(
                f"{name} is needed: give --data (or {ENVIRONMENT}) the folder that holds it; the "
                "suites smoke, own and hard need none"
            )
        path = self._named.find(name)
        if path is None:
            raise self._named.missing(name)
        try:
            data = path.read_bytes()
            return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
        except (OSError, EOFError, ValueError) as error:
            raise BadInputError(
                f"{path} cannot be read ({type(error).__name__}); fetch the file again"
            ) from error
