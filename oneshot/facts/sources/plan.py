"""What an import would do: which facts are new to a brain, and what becomes of every other item."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from oneshot.errors import OneshotError
from oneshot.facts.brain.planned import Entered
from oneshot.facts.sources.understanding import Item
from oneshot.facts.told import told_of
from oneshot.facts.types import Fact, Statement

NEW, TAUGHT, KNOWN, LEFT = "new", "taught", "known", "left out"
REPEATED, REPLACED = "repeated", "replaced"
ByKeys = Callable[[list[str]], dict[str, Fact]]
"""The brain's facts with these keys, in any state."""


@dataclass(frozen=True)
class Planned:
    """An item and what becomes of it; `id` is the brain's fact that it is or that decides it.

    Only what is `new` is then `taught`: `known` is taught already, `repeated` stands again later in
    the file, `replaced` was taught once and has a newer answer now, `left out` is no fact.
    """

    item: Item
    state: str
    why: str = ""
    id: int | None = None


def plan(items: Iterable[Item], by_keys: ByKeys) -> list[Planned]:
    """What becomes of each item; carried out, the same items are all known or out of date."""
    found = list(items)
    keys = [told_of(item.fact).key.hex() if item.fact else "" for item in found]
    last = {key: item for item, key in zip(found, keys, strict=True)}
    asked = {item.fact.prompt.casefold(): item for item in found if item.fact}
    entries = by_keys([key for key in keys if key])
    planned = [
        _decided(item, last[key], entries.get(key)) for item, key in zip(found, keys, strict=True)
    ]
    return [_warned(p, asked) if p.state == NEW else p for p in planned]


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


def _decided(item: Item, last: Item, entry: Fact | None) -> Planned:
    if item.fact is None:
        return Planned(item, LEFT, item.reason)
    if last is not item:
        return Planned(item, REPEATED, f"stands at {last.place} again")
    if entry is not None and entry.state == "live":
        return Planned(item, KNOWN, f"taught already as #{entry.id}", entry.id)
    if entry is not None and entry.state == "superseded":
        why = f"#{entry.id} was replaced since; teach it by itself to bring it back"
        return Planned(item, REPLACED, why, entry.id)
    return Planned(item, NEW)


def _warned(new: Planned, asked: Mapping[str, Item]) -> Planned:
    """What is new, with a word on the item further down that answers the same prompt otherwise."""
    assert new.item.fact, "only facts are new"
    later = asked[new.item.fact.prompt.casefold()]
    if later is new.item or new.item.fact.also:
        return new
    return replace(new, why=f"{later.place} has another answer and may take its place")
