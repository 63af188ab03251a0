"""Keeping what is implied in step with what is taught: the rows to write and those to take out."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from adapters.write.rows import FactRows
from oneshot.errors import OneshotError
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.implied.deriving import implied, names_of
from oneshot.facts.implied.rules import Rule
from oneshot.facts.told import told_of
from oneshot.facts.types import Statement

Encode = Callable[[Sequence[Statement]], list[FactRows]]
"""Rows of statements, in their order; raises OneshotError where one of them cannot be written."""


@dataclass(frozen=True)
class Change:
    """Implied facts that come, each with its row, and the keys of those that go."""

    new: list[tuple[Statement, FactRows]]
    gone: list[str]


def settle(texts: Texts, names: Collection[str], rules: Sequence[Rule], encode: Encode) -> Change:
    """What has to change so that what is implied about these names follows from the taught facts.

    What the host cannot be made to say is left out.
    """
    wanted = wanted_of(texts, names, rules)
    there = {key for name in names for key in texts.implied(name)}
    new = [wanted[key] for key in sorted(wanted.keys() - there)]
    return Change(_encoded(new, encode), sorted(there - wanted.keys()))


def _encoded(new: Sequence[Statement], encode: Encode) -> list[tuple[Statement, FactRows]]:
    """The statements that can be written, with their rows."""
    try:
        return list(zip(new, encode(new), strict=True)) if new else []
    except OneshotError:
        return [pair for told in new for pair in _encoded([told], encode)] if len(new) > 1 else []


def wanted_of(texts: Texts, names: Iterable[str], rules: Sequence[Rule]) -> dict[str, Statement]:
    """What the taught facts imply about these names, by key."""
    found = (s for n in sorted(names) for s in implied(n, texts.about(n), texts.saying(n), rules))
    return {told_of(told).key.hex(): told for told in found}


def orphans(texts: Texts) -> set[str]:
    """The keys of implied facts whose origins are not all here."""
    return {key for key, told in texts.items() if not all(o in texts for o in told.origins)}


def touched(facts: Iterable[Statement]) -> set[str]:
    """The names that something may be implied about by facts that come or go."""
    return {name for told in facts for name in names_of(told)}
