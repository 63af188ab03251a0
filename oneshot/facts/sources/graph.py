"""The file of the Model Context Protocol's memory server: entities and relations, as JSON lines."""

from collections.abc import Iterator
from typing import Any

from oneshot.facts.sources.understanding import Content, Item, Understanding, left_out

LISTS = "entities", "relations"


def fits(content: Content) -> bool:
    """Whether there is an entity with observations, or a relation."""
    return any(_is_entity(value) or _is_relation(value) for _, value in _values(content))


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The facts of each observation and relation."""
    for place, value in _values(content):
        if _is_entity(value):
            yield from _observed(place, value, understanding)
        elif _is_relation(value):
            told = f"{_plain(value['from'])} {_plain(value['relationType'])} {_plain(value['to'])}"
            yield from understanding.sentences(place, told)
        else:
            yield left_out(place, str(value), "no entity with observations and no relation")


def _observed(place: str, entity: dict[str, Any], understanding: Understanding) -> Iterator[Item]:
    """What was observed of an entity, said of it where its name does not stand there."""
    name = _plain(entity["name"])
    for observation in entity["observations"]:
        if not isinstance(observation, str):
            yield left_out(place, str(observation), "an observation that is no text")
            continue
        text = observation.strip()
        yield from understanding.sentences(place, text if name in text else _of(name, text))


def _of(name: str, text: str) -> str:
    """ "Speaks Spanish" said of somebody."""
    return f"{name} {text[:1].lower()}{text[1:]}"


def _plain(name: object) -> str:
    """Names and relations as words: underscores are spaces."""
    return " ".join(str(name).replace("_", " ").split())


def _values(content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, value in content.values or ():
        lists = [value[key] for key in LISTS if isinstance(value.get(key), list)]
        parts = [part for inner in lists for part in inner]
        if not parts:
            yield place, value
        for number, part in enumerate(parts, start=1):
            if isinstance(part, dict):
                yield f"entry {number}", part


def _is_entity(value: dict[str, Any]) -> bool:
    return isinstance(value.get("observations"), list) and "name" in value


def _is_relation(value: dict[str, Any]) -> bool:
    return {"from", "to", "relationType"} <= set(value)
