"""What facts imply: relations by their two sides, each told of one of a fact's two names."""

import tomllib
from dataclasses import dataclass
from functools import cache

from oneshot.hosts.relations import FOLDER, relations


@dataclass(frozen=True)
class Side:
    """A relation as it is told of one of its two names; `{}` stands for that name.

    `clozes` and `nouns` ("The N of {} is") tell it; `says`, or `plural` with several values, is how
    an implied fact is told and `asks` what it is asked by. `several` is what its values are called
    together, empty where there is one. `inverse` is the side of the other name, if any, `among`
    the side that several values told at once have among themselves, `apart` says that none of its
    values has an "and" in it, `state`
    what the name is known to be then ("dead"), `passed_on` what it has from its value ("currency"),
    and `bank` the bank's relations that are the same.
    """

    name: str
    nouns: tuple[str, ...]
    clozes: tuple[str, ...]
    says: str
    plural: str
    asks: tuple[str, ...]
    several: str
    inverse: str
    bank: tuple[str, ...]
    state: str = ""
    passed_on: tuple[str, ...] = ()
    among: str = ""
    apart: bool = False

    @property
    def prompts(self) -> tuple[str, ...]:
        """All prompts that tell it."""
        named = (
            form.format(n) for n in self.nouns for form in ("The {} of {{}} is", "{{}}'s {} is")
        )
        return (*self.clozes, *named)


@cache
def _clozes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The bank's prompts of relations."""
    return tuple(cloze for r in relations() if r.name in names for cloze in r.clozes)


@cache
def sides() -> dict[str, Side]:
    """All sides by name."""
    declared = tomllib.loads((FOLDER / "implied.toml").read_text("utf-8"))
    return {
        name: Side(
            name,
            tuple(entry.get("nouns", ())),
            tuple(entry.get("clozes", ())),
            entry.get("says", ""),
            entry.get("plural", entry.get("says", "")),
            tuple(entry.get("asks", ())),
            entry.get("several", ""),
            entry.get("inverse", ""),
            tuple(entry.get("bank", ())),
            entry.get("state", ""),
            tuple(entry.get("passed_on", ())),
            entry.get("among", ""),
            bool(entry.get("apart", False)),
        )
        for name, entry in declared.items()
    }
