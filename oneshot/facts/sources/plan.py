"""What an import would do: which facts are new to a brain, and what becomes of every other item."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from oneshot.errors import OneshotError
from oneshot.facts.brain.planned import Entered
from oneshot.facts.sources.understanding import Item
from oneshot.facts.told import told_of
from oneshot.facts.types import Fact, Statement

NEW, TAUGHT, KNOWN, LEFT = "new", "taught", "known", "left out"
REPEATED, OVERRULED, REPLACED = "repeated", "overruled", "replaced"
ByKeys = Callable[[list[str]], dict[str, Fact]]
"""The brain's facts with these keys, in any state."""


@dataclass(frozen=True)
class Planned:
    """An item and what becomes of it; `id` is the brain's fact that it is or that decides it.

    Only what is `new` is then `taught`: `known` is taught already, `repeated` stands earlier in the
    file, `overruled` has another answer later in it, `replaced` was taught once and has a newer
    answer now, `left out` is no fact.
    """

    item: Item
    state: str
    why: str = ""
    id: int | None = None


def plan(items: Iterable[Item], by_keys: ByKeys) -> list[Planned]:
    """What becomes of each item; carried out, the same items are all known or out of date."""
    found = list(items)
    keys = [_key(item.fact) if item.fact else "" for item in found]
    last = {_question(item.fact): i for i, item in enumerate(found) if item.fact}
    entries = by_keys([key for key in keys if key])
    planned: list[Planned] = []
    first: dict[str, Item] = {}
    for item, key in zip(found, keys, strict=True):
        if item.fact is None:
            planned.append(Planned(item, LEFT, item.reason))
            continue
        later = found[last[_question(item.fact)]]
        planned.append(_decided(item, key, first, later, entries.get(key)))
        first.setdefault(key, item)
    return planned


def to_teach(planned: Sequence[Planned], source: str) -> list[Statement]:
    """The new facts, with the name of the file that they come from where they name no source."""
    name = PurePath(source).name
    facts = [p.item.fact for p in planned if p.state == NEW and p.item.fact]
    return [replace(fact, source=fact.source or name) for fact in facts]


def outcome(planned: Sequence[Planned], results: Sequence[Entered | OneshotError]) -> list[Planned]:
    """The plan after its new facts were taken in, with what came of each of them in their order."""
    came = iter(results)
    return [_after(p, next(came)) if p.state == NEW else p for p in planned]


def _after(new: Planned, result: Entered | OneshotError) -> Planned:
    if isinstance(result, OneshotError):
        return replace(new, state=LEFT, why=str(result))
    over = ", ".join(f"#{id}" for id in result.replaced)
    return replace(new, state=TAUGHT, why=f"replaces {over}" if over else "", id=result.id)


def _decided(
    item: Item, key: str, first: dict[str, Item], later: Item, entry: Fact | None
) -> Planned:
    if key in first:
        return Planned(item, REPEATED, f"stands at {first[key].place} already")
    if _answer(later) != _answer(item):
        return Planned(item, OVERRULED, f"{later.place} has another answer to it")
    if entry is not None and entry.state == "live":
        return Planned(item, KNOWN, f"taught already as #{entry.id}", entry.id)
    if entry is not None and entry.state == "superseded":
        why = f"#{entry.id} was replaced since; teach it by itself to bring it back"
        return Planned(item, REPLACED, why, entry.id)
    return Planned(item, NEW)


def _key(fact: Statement) -> str:
    return told_of(fact).key.hex()


def _answer(item: Item) -> str:
    return item.fact.answer if item.fact else ""


def _question(fact: Statement) -> str:
    """What two facts have in common that contradict each other wherever they differ."""
    return fact.prompt.casefold()
