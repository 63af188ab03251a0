"""The folder of data sets that --data or ONESHOT_DATA names: alike for pictures, suites, texts."""

import os
from dataclasses import dataclass
from pathlib import Path

from oneshot.errors import BadInputError

ENVIRONMENT = "ONESHOT_DATA"
"""The environment variable that names the folder where none is given."""

_LISTED = 8


@dataclass(frozen=True)
class NamedFolder:
    """A folder of data sets, which lie in it or in one of its folders by kind.

    What a folder that was `given` does not hold is looked for nowhere else.
    """

    path: Path
    given: bool

    def places(self, kind: str) -> tuple[Path, Path]:
        """Where sets of a kind (`images`, `edits`, `facts`, `text`) may lie."""
        return self.path / kind, self.path

    def find(self, name: str) -> Path | None:
        """The file that is called so, with its kind before it or without; None for none."""
        kind, _, plain = name.rpartition("/")
        return next((p / plain for p in self.places(kind) if (p / plain).is_file()), None)

    def missing(self, wanted: str) -> BadInputError:
        """What to raise where the folder does not hold something that is wanted of it."""
        named = "--data" if self.given else ENVIRONMENT
        return BadInputError(
            f"{wanted} is not in {self.path}, which holds {self._content()}; "
            f"give {named} a folder that holds it"
        )

    def _content(self) -> str:
        found = sorted(
            str(path.relative_to(self.path)) + ("/" if path.is_dir() else "")
            for path in (*self.path.glob("*"), *self.path.glob("*/*"))
            if not path.name.startswith(".")
        )
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        return ", ".join(found[:_LISTED]) + more if found else "nothing"


def named_folder(given: Path | None) -> NamedFolder | None:
    """The folder that is given, else the one that ONESHOT_DATA names, else None.

    Raises BadInputError where it is no folder.
    """
    named = os.environ.get(ENVIRONMENT)
    path = given or (Path(named) if named else None)
    if path is None:
        return None
    if not path.is_dir():
        raise BadInputError(f"the data folder {path} does not exist; give one that does")
    return NamedFolder(path, given is not None)
